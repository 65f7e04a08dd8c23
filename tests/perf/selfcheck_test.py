"""perf/selfcheck: its recorded samples, judged anew; and such in which something is not found."""
import copy
import json
import os
import unittest

from perf.bench import histogram
from perf.selfcheck import checks
from tests.perf.made_runs import made_pairs

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(checks.__file__)), "samples")


def sample_of(name):
    with open(os.path.join(SAMPLES, f"{name}.json"), encoding="utf-8") as file:
        return json.load(file)


def good(findings):
    return [finding.good for finding in findings]


class Recorded(unittest.TestCase):
    def test_every_recorded_sample_passes_its_check(self):
        for name, check in checks.CHECKS.items():
            findings = check(sample_of(name))
            self.assertTrue(findings)
            for finding in findings:
                self.assertTrue(finding.good, f"{name}: {finding.text}")

    def test_the_slowdown_was_about_a_microsecond(self):
        self.assertAlmostEqual(checks.expected_us(sample_of("slowdown")), 1.0, delta=0.25)

    def test_a_run_that_must_not_count_costs_its_pair(self):
        sample = sample_of("slowdown")
        before = checks.compared(sample)[0]["pairs"]
        run = next(run for run in sample["runs"] if run["valid"] and run["purpose"] == "compare")
        repeated = [other for other in sample["runs"] if other is not run and other["valid"]
                    and (other["purpose"], other["pair"], other["side"])
                    == (run["purpose"], run["pair"], run["side"])]
        self.assertEqual(repeated, [])
        run["load"]["generator"]["bound"] = True
        self.assertEqual(checks.compared(sample)[0]["pairs"], before - 1)


class NotFound(unittest.TestCase):
    """A check that cannot fail is none."""

    def setUp(self):
        self.slow = sample_of("slowdown")

    def test_a_slowdown_that_does_not_show_is_reported(self):
        _, other = self.slow["specs"]
        for run in self.slow["runs"]:
            if run["spec"] == other:
                run["cpu_us_per_message"] -= checks.expected_us(self.slow)
        self.assertEqual(good(checks.slowdown(self.slow))[0], False)
        self.assertEqual(good(checks.slowdown(self.slow))[2], False)

    def test_a_slowdown_of_another_size_is_reported(self):
        self.slow["alone"]["ns_per_frame"] = [
            1.5 * value for value in self.slow["alone"]["ns_per_frame"]]
        self.assertEqual(good(checks.slowdown(self.slow)), [True, True, False])

    def test_builds_that_differ_are_reported(self):
        sample = sample_of("equal")
        _, other = sample["specs"]
        for run in sample["runs"]:
            if run["spec"] == other:
                run["cpu_us_per_message"] *= 1.5
        self.assertEqual(good(checks.equal(sample)), [False])

    def test_too_few_pairs_are_no_proof_of_equality(self):
        few = {"specs": ["epoll", "uring"], "runs": made_pairs([(8, 8)] * 3)}
        self.assertEqual(good(checks.equal(few)), [False])

    def test_a_stall_that_the_corrected_latency_hides_is_reported(self):
        sample = sample_of("stall")
        sample["logs"]["corrected"] = sample["logs"]["uncorrected"]
        self.assertEqual(good(checks.stall(sample))[1], False)

    def test_a_stall_that_the_uncorrected_latency_shows_is_reported(self):
        sample = sample_of("stall")
        sample["logs"]["uncorrected"] = sample["logs"]["corrected"]
        self.assertEqual(good(checks.stall(sample))[3], False)

    def test_a_shorter_stall_is_reported(self):
        sample = sample_of("stall")
        found = histogram.decode(sample["logs"]["corrected"])
        cut = histogram.Histogram()
        cut.record(40_000_000, found.count)
        sample["logs"]["corrected"] = cut.encode()
        self.assertEqual(good(checks.stall(sample))[1:3], [False, False])


if __name__ == "__main__":
    unittest.main()
