"""Results as text for a terminal and as tables for a page; and files to keep them in."""
import html
import os

from tools.profile import stacks

BAR = 24


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def duration(nanoseconds):
    """`1.23 µs`, `45 ns`."""
    size = abs(nanoseconds)
    if size >= 1e9:
        return f"{nanoseconds / 1e9:.2f} s"
    if size >= 1e6:
        return f"{nanoseconds / 1e6:.2f} ms"
    if size >= 1e3:
        return f"{nanoseconds / 1e3:.2f} µs"
    return f"{nanoseconds:.0f} ns"


def bar(share, width=BAR):
    """A bar of eighths of a character."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    return "█" * (eighths // 8) + ("" if eighths % 8 == 0 else " ▏▎▍▌▋▊▉"[eighths % 8])


def table(title, sums, amount=duration):
    """Lines: name, amount, share, bar; in the order of `sums`."""
    whole = sum(sums.values()) or 1
    wide = max(map(len, sums), default=0)
    lines = [f"{title}: {amount(whole)}"]
    for name, value in sums.items():
        lines.append(f"  {name:<{wide}}  {amount(value):>9}  {value / whole:6.1%}  "
                     f"{bar(value / whole)}".rstrip())
    return lines


def functions(by_function, top, amount=duration):
    """Lines: the functions that cost most themselves, and with what they call."""
    lines = []
    for title, index in (("itself", 0), ("with what it calls", 1)):
        lines.append(f"functions by what each costs {title} (itself / with what it calls):")
        order = sorted(by_function.items(), key=lambda item: -item[1][index])[:top]
        for frame, (own, whole) in order:
            name, kind = stacks.split_frame(frame)
            mark = {"kernel": "k", "inlined": "i", "user": " "}[kind]
            lines.append(f"  {amount(own):>9}  {amount(whole):>9}  {mark} {name}")
        lines.append("")
    return lines[:-1]


# ── HTML ──

def html_table(title, sums, amount=duration):
    whole = sum(sums.values()) or 1
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td class=number>{amount(value)}</td>"
        f"<td class=number>{value / whole:.1%}</td><td class=share>"
        f'<span style="width:{100 * value / whole:.1f}%"></span></td></tr>'
        for name, value in sums.items())
    return f"<table><caption>{html.escape(title)}</caption>{rows}</table>"


def html_functions(by_function, top, amount=duration):
    order = sorted(by_function.items(), key=lambda item: -item[1][0])[:top]
    rows = "".join(
        f"<tr><td class=number>{amount(own)}</td><td class=number>{amount(whole)}</td>"
        f"<td>{stacks.split_frame(frame)[1]}</td>"
        f"<td class=name>{html.escape(stacks.split_frame(frame)[0])}</td></tr>"
        for frame, (own, whole) in order)
    return ("<table><caption>Functions by what they cost themselves</caption>"
            "<tr><th class=number>itself<th class=number>with what it calls<th>where<th>function"
            f"</tr>{rows}</table>")
