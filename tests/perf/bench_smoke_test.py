"""The whole benchmark on runs of a tenth of a second: it ends, and its result is whole.

No figure is looked at, as tests know no clock: on a busy machine any run may be thrown out.
Usage: python3 -m tests.perf.bench_smoke_test BUILD_DIR
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = sys.argv.pop(1) if __name__ == "__main__" else None
TINY = ("--pairs", "1", "--seconds", "0.1", "--warmup", "0.1", "--connections", "20",
        "--budget", "0.5")
LEVELS = ("cpu_us_per_message", "context_switches_per_message", "rate", "rss_bytes", "p99")


def bench(*words, build=None):
    return subprocess.run(
        [sys.executable, "-B", "-m", "perf.bench", *words, "--build", build or BUILD], cwd=ROOT,
        capture_output=True, text=True, check=False)


class Smoke(unittest.TestCase):
    maxDiff = None

    def result(self, *words):
        """(result.json, the program) of a benchmark that ended in order."""
        with tempfile.TemporaryDirectory() as out:
            done = bench(*TINY, *words, "--out", out)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(os.path.join(out, "result.json"), encoding="utf-8") as file:
                return json.load(file), done

    def assert_runs_whole(self, scenario, specs):
        self.assertEqual({run["spec"] for run in scenario["runs"]
                          if not run["spec"].startswith("echo ")}, set(specs))
        for run in scenario["runs"]:
            self.assertTrue(run["load"]["correct"], run["load"]["faults"])
            self.assertGreater(run["load"]["messages"], 0)
            self.assertGreater(run["cpu"]["total_s"], 0)
            self.assertEqual(run["valid"], not run["invalid_reasons"])
        for spec, levels in scenario["levels"].items():
            self.assertEqual(set(LEVELS) - set(levels), set(), spec)

    def test_an_open_loop_on_both_pollers_beside_the_echo_loops(self):
        result, done = self.result("--scenario", "ping")
        self.assertEqual(result["schema"], "sluice-bench/1")
        self.assertEqual(result["specs"], ["epoll", "uring"])
        self.assertEqual(result["effective"]["uring"]["name"], "uring")
        scenario, = result["scenarios"]
        self.assert_runs_whole(scenario, result["specs"])
        self.assertEqual([entry["spec"] for entry in scenario["calibration"]], result["specs"])
        # A machine so busy that A against A takes all the time leaves none for the rest.
        if all(run["valid"] for run in scenario["runs"]):
            self.assertIn("floor", {run["purpose"] for run in scenario["runs"]})
        # One pair is no evidence, whatever it shows.
        self.assertEqual({found["verdict"] for found in scenario["comparisons"]}, {"inconclusive"})
        self.assertIn("cpu_us_per_message", [at["metric"] for at in scenario["comparisons"]])
        self.assertTrue(scenario["why"])
        self.assertIn("ping", done.stdout)
        self.assertIn("result.json", done.stdout)

    def test_a_closed_loop_compares_rates(self):
        result, _ = self.result("--scenario", "chat", "--closed", "--depth", "2", "--no-echo")
        scenario, = result["scenarios"]
        self.assertEqual((scenario["loop"], scenario["depth"]), ("closed", 2))
        self.assert_runs_whole(scenario, result["specs"])
        self.assertEqual({at["metric"] for at in scenario["comparisons"]},
                         {"cpu_us_per_message", "rate"})

    def test_the_gateway_against_a_bare_echo_loop(self):
        result, done = self.result("--scenario", "ping", "--closed", "--no-echo",
                                   "--compare", "echo epoll", "epoll")
        scenario, = result["scenarios"]
        specs = {run["spec"] for run in scenario["runs"]}
        self.assertEqual(specs, {"echo epoll", "epoll"})
        for run in scenario["runs"]:
            self.assertTrue(run["load"]["correct"], run["load"]["faults"])
        self.assertEqual(list(result["effective"]), ["epoll"])
        self.assertEqual({at["other"] for at in scenario["comparisons"]}, {"epoll"})
        self.assertIn("echo epoll", done.stdout)

    def test_the_environment_is_part_of_the_result(self):
        result, _ = self.result("--scenario", "ping", "--compare", "epoll", "--no-echo")
        environment = result["environment"]
        for key in ("kernel", "cmdline", "mitigations", "clocksource", "cpu_model", "cores",
                    "compiler", "flags", "build_type", "allocator", "versions", "limits", "sysctls",
                    "pinning", "hiccups"):
            self.assertTrue(environment.get(key), key)
        self.assertEqual([found["core"] for found in environment["hiccups"]],
                         sorted(environment["pinning"]["load"] + environment["pinning"]["server"]))

    def test_a_spec_that_the_gateway_refuses_is_refused_in_its_own_words(self):
        done = bench("--compare", "epoll", "epoll:trigger=sideways")
        self.assertEqual(done.returncode, 1)
        self.assertIn("sideways is not edge or level", done.stderr)

    def test_an_unknown_scenario_names_the_known_ones(self):
        done = bench("--scenario", "pong")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no such scenario", done.stderr)
        self.assertIn("pipelined", done.stderr)

    def test_a_directory_without_a_build_says_how_to_build(self):
        with tempfile.TemporaryDirectory() as empty:
            done = bench("--scenario", "ping", build=empty)
        self.assertEqual(done.returncode, 1)
        self.assertIn("tools/dev build", done.stderr)


if __name__ == "__main__":
    unittest.main()
