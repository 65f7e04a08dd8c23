"""Tests of perf/bench/histogram.py, by themselves and against the C++ histogram.

Usage: histogram_test.py HISTOGRAM_LOGS, the program of tests/perf/histogram_logs.cc; with the
repository's root on PYTHONPATH.
"""
import base64
import json
import random
import struct
import subprocess
import sys
import unittest
import zlib

from perf.bench import histogram
from perf.bench.histogram import Histogram, LogError, decode

# Made by the reference implementation, HdrHistogram 2.1.11 for Java: once each of 1 to 1,000 ns,
# 200 times 1,000,003 ns, and once 100 s.
FOREIGN_LOG = ('HISTFAAAADJ42pNpmSzMwMD8iQECmKE0IxCLe5S9YLD/ABVhGgWjYBQMe/B+HuME5vsdTEwAeHEQ'
               'iA==')

program = None  # The path of histogram_logs.


def histogram_of(values):
    made = Histogram()
    for value in values:
        made.record(value)
    return made


def random_values(n, seed):
    dice = random.Random(seed)
    return [int(2 ** dice.uniform(0, 36.5)) for _ in range(n)]


def foreign():
    made = histogram_of(range(1, 1001))
    made.record(1_000_003, 200)
    made.record(histogram.HIGHEST_NS)
    return made


def log_of(counts, header=(0x1c849313, None, 0, 3, 1, histogram.HIGHEST_NS, 1.0),
           cookie=0x1c849314, length_error=0, tail=b''):
    """A log from outside in, so that each part can be spoilt by itself."""
    fields = list(header)
    if fields[1] is None:
        fields[1] = len(counts)
    packed = zlib.compress(struct.pack('>IIiiqqd', *fields) + counts) + tail
    frame = struct.pack('>II', cookie, len(packed) + length_error)
    return base64.b64encode(frame + packed).decode()


def payload_of(log):
    return zlib.decompress(base64.b64decode(log)[8:])


class Layout(unittest.TestCase):
    def test_steps_lie_side_by_side_without_a_gap(self):
        for index in range(histogram.SIZE):
            self.assertEqual(histogram.index_of(histogram.lowest_at(index)), index)
            self.assertEqual(histogram.index_of(histogram.highest_at(index)), index)

    def test_no_step_errs_by_more_than_three_digits_allow(self):
        for value in random_values(10_000, seed=1):
            index = histogram.index_of(value)
            width = histogram.highest_at(index) - histogram.lowest_at(index)
            self.assertLessEqual(width * 1000, value)


class Percentiles(unittest.TestCase):
    def test_every_rank_is_that_of_a_sorted_list(self):
        for n in (1, 2, 3, 10, 997):
            values = sorted(random_values(n, seed=n))
            made = histogram_of(values)
            for rank in range(1, n + 1):
                top = histogram.highest_at(histogram.index_of(values[rank - 1]))
                self.assertEqual(made.percentile(100 * rank / n), top)
                self.assertEqual(made.percentile(100 * (rank - 0.5) / n), top)

    def test_what_is_too_long_counts_as_the_longest(self):
        made = histogram_of([7, histogram.HIGHEST_NS + 1, 1 << 70])
        self.assertEqual(made.count, 3)
        self.assertEqual(made.percentile(50), made.max)
        self.assertEqual(made.max, histogram_of([histogram.HIGHEST_NS]).max)

    def test_merging_counts_as_if_one_had_counted_all(self):
        some, more = random_values(500, seed=1), random_values(700, seed=2)
        merged = histogram_of(some)
        merged.add(histogram_of(more))
        merged.add(Histogram())
        self.assertEqual(merged, histogram_of(some + more))
        self.assertNotEqual(merged, histogram_of(some))
        self.assertEqual(merged.count, 1200)

    def test_a_percentile_that_is_none_is_refused(self):
        for bad in (-1, 100.1, float('nan')):
            with self.assertRaises(ValueError):
                histogram_of([1]).percentile(bad)

    def test_the_summary_has_the_keys_of_a_result(self):
        summary = histogram_of(range(1, 1001)).summary()
        self.assertEqual(decode(summary.pop('log')), histogram_of(range(1, 1001)))
        self.assertEqual(summary, {'unit': 'ns', 'count': 1000, 'min': 1, 'mean': 500.5,
                                   'p50': 500, 'p90': 900, 'p99': 990, 'p99_9': 999,
                                   'p99_99': 1000, 'max': 1000})
        self.assertEqual(Histogram().summary()['p99'], 0)
        json.dumps(Histogram().summary())


class Curve(unittest.TestCase):
    def test_it_is_even_in_nines_and_ends_with_the_maximum(self):
        curve = histogram_of(range(1, 1001)).curve(5)
        self.assertEqual([round(p, 6) for p, _ in curve[:4]], [0, 90, 99, 99.9])
        self.assertEqual([value for _, value in curve], [1, 900, 990, 999, 1000])
        self.assertEqual(curve[-1], (100, 1000))

    def test_it_agrees_with_the_percentiles(self):
        made = histogram_of(random_values(5000, seed=3))
        curve = made.curve(200)
        self.assertEqual(len(curve), 200)
        self.assertEqual(curve, sorted(curve))
        for percentile, value in curve:
            self.assertEqual(value, made.percentile(percentile))

    def test_it_is_empty_where_nothing_was_counted(self):
        self.assertEqual(Histogram().curve(10), [])
        self.assertEqual(histogram_of([5]).curve(3), [(0, 5), (0, 5), (100, 5)])
        with self.assertRaises(ValueError):
            Histogram().curve(2)


class Log(unittest.TestCase):
    def refused(self, log, why):
        with self.assertRaisesRegex(LogError, why):
            decode(log)

    def test_a_log_of_the_reference_is_read_and_written_alike(self):
        self.assertEqual(decode(FOREIGN_LOG), foreign())
        self.assertEqual(payload_of(foreign().encode()), payload_of(FOREIGN_LOG))

    def test_it_survives_a_round_trip(self):
        for values in ([], [0], [1], [0, 2], [0, 3], [histogram.HIGHEST_NS],
                       random_values(10_000, seed=4)):
            made = histogram_of(values)
            self.assertTrue(made.encode().startswith('HISTFAAA'))
            self.assertEqual(decode(made.encode()), made)
        for doubled in range(63):
            made = Histogram()
            made.record(123, 1 << doubled)
            self.assertEqual(decode(made.encode()).count, 1 << doubled)

    def test_another_layout_is_refused_by_name(self):
        good = [0x1c849313, None, 0, 3, 1, histogram.HIGHEST_NS, 1.0]
        self.assertEqual(decode(log_of(b'\x02', good)), histogram_of([0]))
        for field, bad, why in ((0, 0x1c849301, 'cookie of the counts'), (1, 2, 'bytes of counts'),
                                (1, 0, 'bytes of counts'), (2, 1, 'layout'), (3, 2, 'layout'),
                                (4, 1000, 'layout'), (5, 3_600_000_000_000, 'layout'),
                                (6, 0.0, 'layout')):
            self.refused(log_of(b'\x02', good[:field] + [bad] + good[field + 1:]), why)

    def test_a_broken_frame_is_refused_by_name(self):
        self.refused('', 'cut')
        self.refused('no base64: ????', 'base64')
        self.refused(log_of(b'\x02', cookie=0x1c849302), 'HISTFAAA')
        self.refused(log_of(b'\x02', length_error=1), 'compressed bytes')
        self.refused(log_of(b'\x02', length_error=-1), 'compressed bytes')
        self.refused(log_of(b'\x02', tail=b'x'), 'tail')
        self.refused(log_of(bytes(600_000)), 'too large')
        short = zlib.compress(b'short')
        self.refused(base64.b64encode(struct.pack('>II', 0x1c849314, len(short)) + short).decode(),
                     'less than its header')

    def test_counts_that_cannot_be_are_refused(self):
        self.refused(log_of(b'\x80'), 'inside a number')
        self.assertEqual(decode(log_of(b'\xff\xbf\x03')), Histogram())
        self.refused(log_of(b'\xff\xbf\x03\x02'), 'beyond the last')
        self.refused(log_of(b'\x81\xc0\x03'), 'beyond the last')
        self.refused(log_of(b'\xff' * 9), 'beyond the last')
        huge = b'\xfe' + b'\xff' * 8  # 2^63 - 1
        self.assertEqual(decode(log_of(huge)).count, (1 << 63) - 1)
        self.refused(log_of(huge + b'\x02'), 'add up to')

    def test_every_cut_is_refused(self):
        log = histogram_of(random_values(300, seed=5)).encode()
        for size in range(len(log)):
            with self.assertRaises(LogError):
                decode(log[:size])


class AgainstTheOtherOne(unittest.TestCase):
    """Two implementations that share no line, and must agree on every number."""

    @staticmethod
    def samples(*arguments, logs=''):
        done = subprocess.run([program, *arguments], input=logs, stdout=subprocess.PIPE, text=True,
                              check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_each_number_of_its_logs_is_the_same_here(self):
        samples = self.samples()
        self.assertGreaterEqual(len(samples), 7)
        for sample in samples:
            with self.subTest(sample['name']):
                read = decode(sample['log'])
                for key in ('count', 'min', 'max', 'mean'):
                    self.assertEqual(getattr(read, key), sample[key], key)
                self.assertGreater(len(sample['percentiles']), 1000)
                for percentile, value in sample['percentiles']:
                    self.assertEqual(read.percentile(percentile), value, percentile)

    def test_it_reads_the_logs_written_here(self):
        made = [Histogram(), foreign(), histogram_of([0, 1, 3, 6, 2047, 2048, 2050, 5000]),
                histogram_of(random_values(10_000, seed=6))]
        read = self.samples('read', logs='\n'.join(h.encode() for h in made))
        self.assertEqual([decode(line['log']) for line in read], made)
        self.assertEqual([line['mean'] for line in read], [h.mean for h in made])
        self.assertEqual(self.samples('read', logs=FOREIGN_LOG)[0]['count'], 1201)


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit('usage: histogram_test.py HISTOGRAM_LOGS [unittest argument...]')
    program = sys.argv.pop(1)
    unittest.main()
