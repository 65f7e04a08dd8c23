"""Histograms of a tracer as text: one line a bucket, counts and shares; and their percentiles.

Buckets are (low, high, count), low inclusive, high exclusive, None where open. A percentile of
buckets is known only to lie within one, so it is told as that bucket.
"""
from tools.profile import words


def label(low, high, amount):
    if low is None:
        return f"below {amount(high)}"
    if high is None:
        return f"{amount(low)} or more"
    if high - low == 1:
        return amount(low)
    return f"{amount(low)} … {amount(high)}"


def lines(title, buckets, amount=str):
    """Empty buckets at both ends are left out; those in between are not."""
    counts = [bucket[2] for bucket in buckets]
    whole = sum(counts)
    if not whole:
        return [f"{title}: nothing happened"]
    first = next(at for at, count in enumerate(counts) if count)
    last = len(counts) - next(at for at, count in enumerate(reversed(counts)) if count)
    shown = buckets[first:last]
    labels = [label(low, high, amount) for low, high, _ in shown]
    wide = max(map(len, labels))
    result = [f"{title}: {whole:,} in all, median {quantile(buckets, 0.5, amount)}, "
              f"99 % {quantile(buckets, 0.99, amount)}"]
    for name, (_, _, count) in zip(labels, shown):
        result.append(f"  {name:>{wide}}  {count:>9,}  {count / whole:6.1%}  "
                      f"{words.bar(count / whole)}".rstrip())
    return result


def quantile(buckets, share, amount):
    """The bucket in which that share of all is reached."""
    need = share * sum(bucket[2] for bucket in buckets)
    passed = 0
    for low, high, count in buckets:
        passed += count
        if passed >= need and count:
            return label(low, high, amount)
    return "unknown"


def as_json(buckets):
    return [{"low": low, "high": high, "count": count} for low, high, count in buckets]
