"""What `bench compare` calls worse, what it does not, and what it refuses: by its exit codes."""
import contextlib
import io
import json
import pathlib
import tempfile
import unittest

from perf.report import compare
from tests.perf import report_sample


def slowed(result, by, scenario="ping", spec="uring"):
    """The CPU per message of one spec in one scenario, times `by`."""
    for run in report_sample.scenario_named(scenario, result)["runs"]:
        if run["spec"] == spec:
            run["cpu_us_per_message"] *= by
    return result


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.old = report_sample.result()
        self.new = report_sample.result()

    def write(self, name, result):
        path = self.folder / name
        path.write_text(result if isinstance(result, str) else json.dumps(result),
                        encoding="utf-8")
        return str(path)

    def run_it(self, *flags):
        """(exit code, what it printed, what it complained about)"""
        words = [self.write("old.json", self.old), self.write("new.json", self.new), *flags]
        out, complaint = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaint):
            try:
                code = compare.main(words)
            except SystemExit as stop:  # argparse's way
                code = stop.code
        return code, out.getvalue(), complaint.getvalue()

    # ── 0 and 1 ──

    def test_two_equal_results_are_equal(self):
        code, text, _ = self.run_it()
        self.assertEqual(code, 0)
        self.assertIn("Nothing became worse", text)
        self.assertNotIn("Warning", text)

    def test_a_slowdown_beyond_the_threshold_is_worse(self):
        slowed(self.new, 1.09)
        code, text, _ = self.run_it()
        self.assertEqual(code, 1)
        self.assertRegex(text, r"uring +CPU .* 1\.09 .* WORSE")
        self.assertIn("Worse by more than 5%: ping on uring: CPU 1.09 times.", text)

    def test_a_slowdown_within_the_threshold_is_not(self):
        slowed(self.new, 1.09)
        self.assertEqual(self.run_it("--threshold=0.10")[0], 0)

    def test_a_small_one_is_found_with_a_small_threshold(self):
        slowed(self.new, 1.04)
        self.assertEqual(self.run_it()[0], 0)
        self.assertEqual(self.run_it("--threshold", "0.02")[0], 1)

    def test_what_the_machine_cannot_resolve_is_not_worse(self):
        # Of pipelined epoll differed from itself by a quarter.
        slowed(self.new, 1.15, scenario="pipelined", spec="epoll")
        self.assertEqual(self.run_it()[0], 0)

    def test_the_poorer_resolution_of_the_two_counts(self):
        slowed(self.new, 1.09)
        own = report_sample.scenario_named("ping", self.old)["resolution"]["cpu_us_per_message"]
        own.update(low=0.85, high=1.02)
        code, text, _ = self.run_it()
        self.assertEqual(code, 0)
        self.assertIn("within the limits", text)

    def test_an_interval_that_includes_1_is_no_difference(self):
        for number, run in enumerate(report_sample.scenario_named("ping", self.new)["runs"]):
            if run["spec"] == "uring":
                run["cpu_us_per_message"] *= (0.7, 1.5)[number % 2]
        code, text, _ = self.run_it()
        self.assertEqual(code, 0, text)

    def test_faster_is_better_and_no_reason_to_fail(self):
        slowed(self.new, 0.8)
        code, text, _ = self.run_it()
        self.assertEqual(code, 0)
        self.assertRegex(text, r"uring +CPU .* better")

    def test_a_lower_rate_in_closed_loop_is_worse(self):
        for result, speed in ((self.old, 1.0), (self.new, 0.5)):
            found = report_sample.scenario_named("pipelined", result)
            found["resolution"]["rate"].update(low=0.99, high=1.01)
            count = 0
            for run in found["runs"]:
                if run["spec"] == "epoll":
                    run["load"]["rate"] = (900_000 + 1000 * count) * speed
                    count += 1
        code, text, _ = self.run_it()
        self.assertEqual(code, 1)
        self.assertRegex(text, r"epoll +rate .* 0\.50 .* WORSE")

    def test_latency_counts_in_open_loop_only(self):
        _, text, _ = self.run_it()
        closed = text[text.index("\npipelined"):]
        self.assertNotIn("p99", closed)
        self.assertIn("p99", text[:text.index("\npipelined")])

    def test_runs_that_were_thrown_out_do_not_count(self):
        for run in report_sample.scenario_named("large_16k", self.new)["runs"]:
            if not run["valid"]:
                run["cpu_us_per_message"] *= 100
        self.assertEqual(self.run_it()[0], 0)

    def test_too_few_runs_have_no_verdict_and_the_end_says_so(self):
        slowed(self.new, 2)
        kept = 0
        for run in report_sample.scenario_named("ping", self.new)["runs"]:
            if run["spec"] == "uring" and run["purpose"] == "compare":
                kept += 1
                run["valid"] = kept <= 4
        code, text, _ = self.run_it()
        self.assertEqual(code, 0)
        self.assertRegex(text, r"uring +CPU .* too few runs")
        self.assertIn("3 of", text)

    def test_every_line_fits(self):
        self.new["specs"] = self.old["specs"] = ["epoll", "uring"]
        self.new["scenarios"][0]["name"] = self.old["scenarios"][0]["name"] = "long " * 40
        for line in self.run_it()[1].splitlines():
            self.assertLessEqual(len(line), 100, line)

    # ── Warnings ──

    def test_another_machine_is_warned_of(self):
        self.new["environment"].update(kernel="6.1.0", cpu_model="another")
        code, text, _ = self.run_it()
        self.assertEqual(code, 0)
        flat = " ".join(text.split())
        self.assertIn("this compares across machines", flat)
        self.assertIn("kernel (6.18.44 then, 6.1.0 now)", flat)

    def test_another_compiler_is_warned_of(self):
        self.new["environment"]["compiler"] = "clang 14"
        self.assertIn("compiler (g++ 12.2.0 then, clang 14 now)",
                      " ".join(self.run_it()[1].split()))

    def test_another_load_is_not_compared_and_the_reason_is_told(self):
        found = report_sample.scenario_named("ping", self.new)
        found["connections"] = 500
        slowed(self.new, 2)
        code, text, _ = self.run_it()
        self.assertEqual(code, 0)
        self.assertIn("not compared: connections was 1000 and is 500", text)

    def test_another_rate_is_not_compared(self):
        report_sample.scenario_named("ping", self.new)["rate"] = 40000
        self.assertIn("not compared: the rate was 24,000 and is 40,000", self.run_it()[1])

    def test_what_only_one_has_is_named(self):
        self.new["scenarios"] = [one for one in self.new["scenarios"] if one["name"] != "chat"]
        self.assertIn("Only in old: scenario chat.", self.run_it()[1])

    # ── 2 ──

    def refused(self, *words):
        code, _, complaint = self.run_it()
        self.assertEqual(code, 2)
        for word in words:
            self.assertIn(word, complaint)

    def test_another_schema_is_refused_with_what_to_do(self):
        self.new["schema"] = "sluice-bench/2"
        self.refused("new.json", '"schema" is \'sluice-bench/2\'', "commit that wrote it")

    def test_a_result_of_something_else_is_refused(self):
        self.new = {"schema": "sluice-load/1"}
        self.refused("sluice-load/1")
        self.new = {"tests": []}
        self.refused('has no "schema"')
        self.new = "[1, 2]"
        self.refused('has no "schema"')

    def test_a_cut_file_is_refused(self):
        self.new = json.dumps(self.old)[:5000]
        self.refused("is no JSON", "interrupted")

    def test_a_missing_key_is_named(self):
        del self.new["scenarios"][1]["runs"]
        self.refused("scenarios[1]", '"runs"')

    def test_a_missing_file_is_refused(self):
        complaint = io.StringIO()
        with contextlib.redirect_stderr(complaint):
            code = compare.main([str(self.folder / "none.json"), str(self.folder / "none.json")])
        self.assertEqual(code, 2)
        self.assertIn("No such file", complaint.getvalue())

    def test_nothing_in_common_is_refused(self):
        self.new["specs"] = ["uring:bundle=on"]
        self.refused("nothing in common")

    def test_a_threshold_in_per_cent_is_refused(self):
        code, _, complaint = self.run_it("--threshold=5")
        self.assertEqual(code, 2)
        self.assertIn("five per cent is 0.05", complaint)


if __name__ == "__main__":
    unittest.main()
