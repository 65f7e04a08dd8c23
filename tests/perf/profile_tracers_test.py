"""What bpftrace, callgrind, heaptrack and the kernel's fdinfo print, recorded, and read."""
import types
import unittest

from tests.perf import profile_sample
from tools.profile import (alloc, bpftrace, callgrind, histogram_text, offcpu, ring, stacks,
                           wakeups, words)


class Maps(unittest.TestCase):
    def test_numbers_by_key(self):
        counted = bpftrace.maps(profile_sample.text("uring.bpftrace"))
        self.assertEqual(counted["calls"], {(): 5128})
        self.assertEqual(counted["completed"][("1", "0", "-125")], 44)
        self.assertEqual(counted["submitted"], {("27",): 44, ("14",): 44, ("26",): 9579})

    def test_a_histogram_is_no_number(self):
        self.assertNotIn("cqes_per_enter", bpftrace.maps(profile_sample.text("uring.bpftrace")))


class Histograms(unittest.TestCase):
    def test_linear_and_logarithmic_buckets(self):
        linear = bpftrace.histograms(profile_sample.text("epoll.bpftrace"))
        self.assertEqual(linear["events_per_wait", ()][:2], [(1, 2, 5774), (2, 3, 192)])
        shapes = bpftrace.histograms(profile_sample.text("wakeups.bpftrace"))
        self.assertEqual(shapes["gap", ("24064",)], [(1 << 20, 1 << 21, 1)])
        self.assertIn((32 << 10, 64 << 10, 892), shapes["gap", ("24059",)])

    def test_open_and_single_buckets(self):
        text = "@a[x, 1]: \n(..., 0)  2 |@@|\n[0]   3 |@@@|\n[1]   1 |@|\n[256, ...)  4 |@@@@|\n"
        self.assertEqual(bpftrace.histograms(text), {
            ("a", ("x", "1")): [(None, 0, 2), (0, 1, 3), (1, 2, 1), (256, None, 4)]})

    def test_a_bucket_without_a_heading_is_refused(self):
        with self.assertRaisesRegex(stacks.FormatError, "without a heading"):
            bpftrace.histograms("[1, 2)   3 |@@@|\n")

    def test_quantiles_are_told_as_their_bucket(self):
        buckets = [(1, 2, 90), (2, 4, 9), (4, None, 1)]
        self.assertEqual(histogram_text.quantile(buckets, 0.5, str), "1")
        self.assertEqual(histogram_text.quantile(buckets, 0.99, str), "2 … 4")
        self.assertEqual(histogram_text.quantile(buckets, 1.0, str), "4 or more")

    def test_empty_ends_are_left_out_and_gaps_are_not(self):
        lines = histogram_text.lines("t", [(0, 1, 0), (1, 2, 3), (2, 3, 0), (3, 4, 1), (4, 5, 0)])
        self.assertEqual([line.split()[0] for line in lines[1:]], ["1", "2", "3"])
        self.assertIn("4 in all", lines[0])

    def test_wide_buckets_keep_the_count(self):
        fine = [(at, at + 1, 1) for at in range(256)] + [(256, None, 5)]
        merged = ring.merged(fine)
        self.assertEqual(sum(bucket[2] for bucket in merged), 261)
        self.assertLess(len(merged), 25)
        for (_, high, _), (low, _, _) in zip(merged, merged[1:]):
            self.assertEqual(high, low)
        self.assertEqual(merged[-1], (256, None, 5))


class OffCpu(unittest.TestCase):
    def setUp(self):
        self.found = offcpu.away(profile_sample.text("offcpu.bpftrace"))

    def test_each_stack_has_its_thread_its_reason_and_its_time(self):
        self.assertEqual({stack[:2] for stack in self.found},
                         {("admin", "blocked"), ("reactor-0", "blocked"),
                          ("reactor-0", "preempted")})
        self.assertEqual(sum(value for stack, value in self.found.items()
                             if stack[0] == "admin"), 996326)

    def test_user_frames_stand_before_kernel_frames_from_the_root(self):
        stack = next(stack for stack in self.found if stack[:2] == ("reactor-0", "blocked"))
        self.assertEqual(stack[2:5], ("[unknown]", "sluice::Gateway::lane_main",
                                      "sluice::Reactor::run"))
        at = stack.index("io_uring_enter2")
        self.assertEqual(stack[at + 1], "entry_SYSCALL_64_after_hwframe_[k]")
        self.assertEqual(stack[-1], "__schedule_[k]")

    def test_an_output_that_breaks_off_is_refused(self):
        text = profile_sample.text("offcpu.bpftrace")
        with self.assertRaisesRegex(stacks.FormatError, "in the middle of a stack"):
            offcpu.away(text[:text.index("schedule_hrtimeout")])

    def test_sums_by_thread_are_per_second(self):
        sums = offcpu.by_thread({("r", "blocked", "a"): 3_000_000, ("r", "blocked"): 1_000_000}, 2)
        self.assertEqual(sums, {"r blocked": 2.0})


class WakeUps(unittest.TestCase):
    def test_reactors_come_first_and_sleepers_not_at_all(self):
        threads = {24059: "reactor-0", 24063: "admin", 24064: "admin", 24060: "log"}
        found = wakeups.figures(profile_sample.text("wakeups.bpftrace"), threads)
        self.assertEqual(list(found), ["reactor-0", "admin", "admin (24064)"])
        self.assertEqual(found["reactor-0"]["by"], {"sluice-load": 3132})
        self.assertEqual(found["reactor-0"]["wakes"], 3132)
        gaps = found["reactor-0"]["gap"]
        self.assertEqual(sum(bucket[2] for bucket in gaps), 3131)


class Ring(unittest.TestCase):
    def setUp(self):
        self.counted = bpftrace.maps(profile_sample.text("uring.bpftrace"))

    def test_completions_have_the_names_of_their_submissions(self):
        self.assertEqual(ring.ended(self.counted), {
            "recv: goes on": 9906, "send: ends": 9579, "recv: ends, ECANCELED": 44})

    def test_a_mark_that_was_not_submitted_in_the_window_is_called_by_its_number(self):
        ended = ring.ended({"completed": {("3", "2", "0"): 7}})
        self.assertEqual(list(ended.values()), [7])
        self.assertIn("armed before", next(iter(ended)))

    def test_fdinfo_tells_polls_and_overflows(self):
        state = ring.ring_from(profile_sample.text("uring.fdinfo"))
        self.assertEqual((state["polls"], state["overflowed"], state["UserFiles"], state["CQEs"]),
                         (3, 1, 3, 2))


class Callgrind(unittest.TestCase):
    def setUp(self):
        self.few, self.many = (callgrind.read(profile_sample.lines(f"callgrind_{n}.out"))
                               for n in (10, 20))

    def test_the_sum_is_callgrinds_own(self):
        self.assertEqual((self.few.total, self.many.total), (747, 1477))
        self.assertEqual(list(self.few.objects.values()), [747])

    def test_own_and_whole_with_recursion_counted_once(self):
        found = callgrind.by_name(self.few.functions)
        self.assertEqual((found["leaf"].own, found["leaf"].whole), (80, 80))
        self.assertEqual((found["deep"].own, found["deep"].whole), (550, 610))
        self.assertEqual((found["work"].own, found["work"].whole), (117, 747))

    def test_the_slope_has_no_start_in_it(self):
        few, many = (callgrind.by_name(found.functions) for found in (self.few, self.many))
        slopes = callgrind.slopes(few, many, 10)
        self.assertEqual(slopes["work"][1], 73.0)
        self.assertEqual(slopes["deep"], (55.0, 61.0))
        self.assertAlmostEqual(sum(own for own, _ in slopes.values()), 73.0)

    def test_no_more_messages_make_no_slope(self):
        with self.assertRaises(ValueError):
            callgrind.slopes({}, {}, 0)

    def test_other_files_are_refused(self):
        for text, reason in ((["hello world"], "none of callgrind's"), ([], "no function"),
                             (["positions: instr line", "events: Ir"], "positions are instr")):
            with self.subTest(text), self.assertRaisesRegex(stacks.FormatError, reason):
                callgrind.read(text)


class Allocations(unittest.TestCase):
    def setUp(self):
        self.runs = [types.SimpleNamespace(
            messages=count, found=alloc.plain(stacks.unfold(
                profile_sample.text(f"heaptrack_{count}.folded")))) for count in (20000, 40000)]

    def test_names_are_plain_and_addresses_are_one(self):
        connecting = next(stack for stack in self.runs[0].found if "Identity::make" in stack[-1])
        self.assertEqual(connecting, ("clone3", "start_thread", "[unknown]",
                                      "sluice::Gateway::lane_main", "sluice::Reactor::run",
                                      "sluice::Connection::on_connect", "sluice::Identity::make"))
        self.assertEqual(self.runs[0].found.keys(), self.runs[1].found.keys())

    def test_the_slope_is_of_messages_and_the_rest_is_told(self):
        found, rest = alloc.slope(self.runs)
        (stack, value), = found.items()
        self.assertEqual((stack[-1], value), ("sluice::BufferPool::lend", 1.0))
        self.assertAlmostEqual(rest, 2 / 20000)


class Words(unittest.TestCase):
    def test_durations_have_their_unit(self):
        for value, text in ((0.4, "0 ns"), (999, "999 ns"), (1500, "1.50 µs"), (2.5e6, "2.50 ms"),
                            (3e9, "3.00 s"), (-1500, "-1.50 µs")):
            self.assertEqual(words.duration(value), text)

    def test_bars_are_as_long_as_their_share(self):
        self.assertEqual(words.bar(0), "")
        self.assertEqual(words.bar(1), "█" * words.BAR)
        self.assertEqual(words.bar(0.5, 4), "██")
        self.assertEqual(words.bar(7), "█" * words.BAR)


if __name__ == "__main__":
    unittest.main()
