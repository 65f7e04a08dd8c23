"""Histograms of durations, read from HdrHistogram V2 logs, merged, and written again.

The twin of perf/load/histogram.h: the same layout (1 ns to 100 s, three significant digits), the
same ranks and the same log, so a percentile is the same number whoever computes it. Results keep
the log and not only a few percentiles, because percentiles cannot be merged and histograms can.
"""
import base64
import binascii
import math
import struct
import zlib

LOWEST_NS = 1
HIGHEST_NS = 100_000_000_000
SIGNIFICANT_DIGITS = 3

# The steps of one power of two: the least power of two that keeps three digits.
HALF_BITS = 10
HALF = 1 << HALF_BITS
# HIGHEST_NS is below 2^37: 26 powers of two from 2^11 on, behind two halves of 1 ns steps.
SIZE = 28 * HALF

COMPRESSED_COOKIE = 0x1c849314
COOKIE = 0x1c849313
# Cookie, length of the counts, index offset, digits, lowest, highest, ratio of integer to double.
HEADER = struct.Struct('>IIiiqqd')
NUMBER_BYTES_MAX = 9
PAYLOAD_BYTES_MAX = HEADER.size + SIZE * NUMBER_BYTES_MAX
# HdrHistogram's readers hold a sum of counts in 63 bits.
COUNT_MAX = (1 << 63) - 1

# The percentiles that a result spells out, by their keys in it.
SPELLED_OUT = {'p50': 50, 'p90': 90, 'p99': 99, 'p99_9': 99.9, 'p99_99': 99.99}


class LogError(ValueError):
    """A log that cannot be read, and why."""


def index_of(value_ns):
    """Where a value is counted: the power of two that it lies in, and its leading eleven bits."""
    power = max(value_ns.bit_length() - (HALF_BITS + 1), 0)
    return (power << HALF_BITS) + (value_ns >> power)


def lowest_at(index):
    """The smallest value counted at an index; the largest is lowest_at(index + 1) - 1."""
    if index < 2 * HALF:
        return index
    return (HALF + index % HALF) << (index // HALF - 1)


def highest_at(index):
    return lowest_at(index + 1) - 1


class Histogram:
    """Counts by index; only those that are not 0 are kept."""

    def __init__(self):
        self._counts = {}
        self.count = 0

    def __eq__(self, other):
        return isinstance(other, Histogram) and self._counts == other._counts

    __hash__ = None  # It changes.

    def record(self, value_ns, times=1):
        """Counts a value `times` times; what is above 100 s counts as 100 s."""
        self._count_at(index_of(min(value_ns, HIGHEST_NS)), times)

    def add(self, other):
        """Counts all that `other` has counted, too."""
        for index, count in other._counts.items():
            self._count_at(index, count)

    def _count_at(self, index, count):
        self._counts[index] = self._counts.get(index, 0) + count
        self.count += count

    @property
    def min(self):
        """The low end of the least step that was met, in ns; 0 while nothing is counted."""
        return lowest_at(min(self._counts)) if self._counts else 0

    @property
    def max(self):
        """The high end of the greatest step that was met, in ns; 0 while nothing is counted."""
        return highest_at(max(self._counts)) if self._counts else 0

    @property
    def mean(self):
        """The mean of the middles of all steps that were met, in ns."""
        if not self.count:
            return 0.0
        total = 0.0
        for index in sorted(self._counts):
            low = lowest_at(index)
            total += float(low + (lowest_at(index + 1) - low) // 2) * float(self._counts[index])
        return total / self.count

    def percentile(self, percentile):
        """The least value, in ns, that `percentile` per cent of all do not exceed.

        The nearest rank at the high end of its step (the low end for 0), as HdrHistogram has it.
        """
        return self._percentiles([percentile])[0]

    def _percentiles(self, percentiles):
        """Those values for percentiles in ascending order, in one walk over the counts."""
        if any(not 0 <= p <= 100 for p in percentiles):
            raise ValueError(f'a percentile is from 0 to 100: {percentiles}')
        values = []
        indices = iter(sorted(self._counts))
        index, passed = 0, 0
        for percentile in percentiles:
            # Rounded up, so that the value covers the share asked for; but a rank that is whole
            # must not be pushed to the next by the last bit of the division.
            rank = max(1, math.ceil(math.nextafter(percentile / 100 * self.count, 0)))
            while passed < rank and self.count:
                index = next(indices)
                passed += self._counts[index]
            end = highest_at(index) if percentile > 0 else lowest_at(index)
            values.append(end if self.count else 0)
        return values

    def curve(self, points):
        """`points` pairs (percentile, value in ns), the last of them (100, max).

        They lie evenly in nines, that is in log10 of 1 / (1 - share), as such curves are drawn: the
        tail gets as much room as the middle. They end where each count is a rank of its own (99.9
        for 1,000), because beyond it there is no evidence but the maximum.
        """
        if points < 3:
            raise ValueError(f'a curve has at least three points, not {points}')
        if not self.count:
            return []
        nines = math.log10(self.count)
        percentiles = [100 * (1 - 10 ** (-nines * i / (points - 2))) for i in range(points - 1)]
        percentiles.append(100)
        return list(zip(percentiles, self._percentiles(percentiles)))

    def summary(self):
        """The form in which a result holds a histogram."""
        spelled_out = zip(SPELLED_OUT, self._percentiles(list(SPELLED_OUT.values())))
        return {'unit': 'ns', 'count': self.count, 'min': self.min, 'mean': self.mean,
                **dict(spelled_out), 'max': self.max, 'log': self.encode()}

    def encode(self):
        """The log: base64 of a cookie, a length and the deflated payload."""
        counts = bytearray()
        expected = 0
        for index in sorted(self._counts) or [0]:
            zeros = index - expected
            if zeros:
                counts += _number(0 if zeros == 1 else -zeros)
            counts += _number(self._counts.get(index, 0))
            expected = index + 1
        payload = HEADER.pack(COOKIE, len(counts), 0, SIGNIFICANT_DIGITS, LOWEST_NS, HIGHEST_NS,
                              1.0) + counts
        packed = zlib.compress(payload, 9)
        frame = struct.pack('>II', COMPRESSED_COOKIE, len(packed))
        return base64.b64encode(frame + packed).decode()


def decode(log):
    """The histogram of a log; LogError where it is damaged, cut, or of another layout."""
    payload = _payload_of_log(log)
    if len(payload) < HEADER.size:
        raise LogError(f'the log holds {len(payload)} bytes, less than its header of {HEADER.size}')
    cookie, length, offset, digits, lowest, highest, ratio = HEADER.unpack_from(payload)
    counts = payload[HEADER.size:]
    if cookie != COOKIE:
        raise LogError(f'the cookie of the counts is {cookie:#x}, not {COOKIE:#x} (V2)')
    if length != len(counts):
        raise LogError(f'the header tells of {length} bytes of counts; there are {len(counts)}')
    layout = (offset, digits, lowest, highest, ratio)
    ours = (0, SIGNIFICANT_DIGITS, LOWEST_NS, HIGHEST_NS, 1.0)
    if layout != ours:
        raise LogError(f'the layout (offset, digits, lowest, highest, ratio) is {layout}; only '
                       f'logs with {ours} can be read and merged')
    return _histogram_of_counts(counts)


def _payload_of_log(log):
    try:
        outer = base64.b64decode(log.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise LogError(f'the log is no base64: {error}') from error
    if len(outer) < 8:
        raise LogError(f'the log is cut: {len(outer)} bytes, and its frame alone has 8')
    cookie, length = struct.unpack_from('>II', outer)
    if cookie != COMPRESSED_COOKIE:
        raise LogError('the log does not begin with HISTFAAA: only compressed V2 logs can be read')
    if length != len(outer) - 8:
        raise LogError(f'the frame tells of {length} compressed bytes; there are {len(outer) - 8}')
    # No honest payload is larger, so a log that would unpack to more is refused, not followed.
    unpacker = zlib.decompressobj()
    try:
        payload = unpacker.decompress(outer[8:], PAYLOAD_BYTES_MAX)
    except zlib.error as error:
        raise LogError(f'the log does not unpack: {error}') from error
    if not unpacker.eof or unpacker.unused_data:
        raise LogError('the compressed part is cut, too large, or has a tail')
    return payload


def _histogram_of_counts(counts):
    histogram = Histogram()
    index, at = 0, 0
    while at < len(counts):
        number, at = _take_number(counts, at)
        steps = -number if number < 0 else 1
        if steps > SIZE - index:
            raise LogError(f'the counts go on beyond the last of {SIZE} steps')
        if number > 0:
            histogram._count_at(index, number)
        index += steps
    if histogram.count > COUNT_MAX:
        raise LogError(f'the counts add up to {histogram.count}, more than 63 bits hold')
    return histogram


def _number(value):
    """Zigzag LEB128 as HdrHistogram has it: the ninth byte holds all of the last eight bits."""
    rest = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while rest >= 0x80 and len(out) < NUMBER_BYTES_MAX - 1:
        out.append(rest & 0x7f | 0x80)
        rest >>= 7
    out.append(rest)
    return out


def _take_number(counts, at):
    """The number at an offset and the offset behind it."""
    value = 0
    for i, byte in enumerate(counts[at:at + NUMBER_BYTES_MAX]):
        last = i + 1 == NUMBER_BYTES_MAX
        value |= (byte if last else byte & 0x7f) << (7 * i)
        if last or byte < 0x80:
            return (-(value >> 1) - 1 if value & 1 else value >> 1), at + i + 1
    raise LogError('the counts end inside a number')
