"""The terminal's table: within 100 columns, every figure in it, colour only for a person."""
import io
import json
import os
import re
import unittest
from unittest import mock

from perf.report import chart_data, rules, table
from tests.perf import report_sample

COLOUR = re.compile(r"\x1b\[\d*m")


def shown(result):
    return "\n".join(table.lines(result))


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Width(unittest.TestCase):
    def assert_fits(self, result):
        for line in table.lines(result):
            self.assertLessEqual(len(line), table.WIDTH, line)
            self.assertEqual(line, line.rstrip())

    def test_the_sample_fits(self):
        self.assert_fits(report_sample.result())

    def test_long_names_and_large_figures_fit(self):
        long = "uring:fixed_files=on,bundle=on,bufs=4096,buf_size=16384,sqpoll=on,min_wait=50,zc=1"
        text = report_sample.PATH.read_text(encoding="utf-8").replace('"uring"', f'"{long}"')
        result = json.loads(text)
        for found in result["scenarios"]:
            found["title"] = "a title that goes on " * 12
            for level in found["levels"].values():
                for figure, times in (("rate", 50), ("cpu_us_per_message", 1000),
                                      ("rss_bytes", 1000)):
                    for end in level[figure]:
                        level[figure][end] *= times
        self.assert_fits(result)
        self.assertIn(long[:60], shown(result))

    def test_a_word_longer_than_the_line_is_broken(self):
        result = report_sample.result()
        result["scenarios"][0]["title"] = "x" * 250
        self.assert_fits(result)


class Content(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.result = report_sample.result()
        cls.text = shown(cls.result)
        cls.flat = re.sub(r"\s+", " ", cls.text)

    def test_every_scenario_spec_and_floor_has_its_row(self):
        for found in self.result["scenarios"]:
            self.assertIn(f"\n{found['name']} · ", self.text)
        for spec in ("epoll", "uring", "echo epoll", "echo uring"):
            self.assertRegex(self.text, rf"\n  {spec} +\d")

    def test_a_row_holds_the_figures_of_the_result(self):
        ping = report_sample.scenario_named("ping", self.result)
        level = ping["levels"]["uring"]
        row = re.search(r"\n  uring  .*", self.text)[0]
        self.assertIn(f"{level['rate']['median']:,.0f}", row)
        cpu = level["cpu_us_per_message"]
        self.assertIn(f"{cpu['median']:.2f} ({cpu['low']:.2f}..{cpu['high']:.2f})", row)
        merged = ping["latency"]["uring"]["answer"]["corrected"]
        self.assertIn(f"{merged['p99'] / 1000:,.0f}", row)
        self.assertIn(f"{level['rss_bytes']['median'] / 2 ** 20:.1f}", row)

    def test_the_ratio_stands_with_interval_verdict_and_resolution(self):
        comparison = report_sample.scenario_named("ping", self.result)["comparisons"][0]
        own = report_sample.scenario_named("ping", self.result)["resolution"]["cpu_us_per_message"]
        self.assertRegex(self.text, re.escape(
            f"{comparison['ratio']:.2f}  ({comparison['low']:.2f}..{comparison['high']:.2f})")
            + rf" lower +6 pairs; A against A {own['low']:.2f}\.\.{own['high']:.2f}")

    def test_the_loop_is_always_labelled(self):
        self.assertIn("open loop, 24,000 pings/s, 50 % of the slower one's capacity", self.flat)
        self.assertIn("closed loop, depth 16", self.flat)

    def test_losses_are_shown_and_the_sentence_says_so(self):
        self.assertRegex(self.text, r"CPU +1\.1\d  \(.*\) higher")
        self.assertIn("→ uring loses: it spends", self.flat)

    def test_thrown_out_runs_are_counted_and_named(self):
        self.assertIn("Thrown out 3 of 32 runs: generator-bound 1, run ", self.flat)
        for reason in ("(uring): its workers were busy for 97% of the time",
                       "disturbed 1, run ", "320 ms of steal, more than 60 ms",
                       "wrong 1, run ", "3 of 20,800 deliveries were lost"):
            self.assertIn(reason, self.flat)

    def test_many_runs_of_one_kind_are_one_line(self):
        result = report_sample.result()
        for run in result["scenarios"][0]["runs"][:9]:
            run.update(valid=False, invalid_reasons=["generator late: p99 of its lateness is 9 ms"])
        first = result["scenarios"][0]["runs"][0]["id"]
        self.assertIn(f"Thrown out 9 of 32 runs: generator late 9, as run {first} (epoll): p99 of "
                      "its lateness is 9 ms", " ".join(shown(result).split()))

    def test_the_distance_from_the_floor_is_told_where_there_is_one(self):
        self.assertRegex(self.text, r"CPU above the floor: epoll 1\.\d\d times echo epoll, uring "
                                    r"1\.\d\d times echo uring")
        self.assertIn("No floor: no bare echo loop ran here.", self.text)

    def test_a_bare_echo_loop_that_is_compared_is_shown_once_and_has_no_floor(self):
        result = report_sample.result()
        result["specs"] = ["echo epoll", "epoll"]
        text = shown(result)
        first = text.partition("CPU above the floor: ")[0]
        self.assertEqual(len(re.findall(r"^  echo epoll ", first, re.MULTILINE)), 1)
        self.assertRegex(text, r"CPU above the floor: epoll 1\.\d\d times echo epoll\n")
        looks = chart_data.appearance(result)
        self.assertEqual(looks["epoll"]["colour"], chart_data.FAMILY_COLOURS["epoll"])
        self.assertTrue(looks["echo epoll"]["floor"])

    def test_bent_rules_are_listed_by_number(self):
        self.assertIn("Rules bent in this run, of the 17:", self.text)
        self.assertRegex(self.text, r"\n +6  runs of 4 s")

    def test_an_unknown_figure_is_a_dash_and_not_a_nought(self):
        row = re.search(r"\n  echo epoll .*", self.text)[0]
        self.assertRegex(row, r" – ")  # nobody counted the system calls of a floor

    def test_warnings_and_notes_are_not_swallowed(self):
        result = report_sample.result()
        result["environment"]["warnings"] = ["core 1 is 40% busy before we begin"]
        result["scenarios"][0]["notes"] = ["client bound: uring used less than 95% of its cores"]
        text = shown(result)
        self.assertIn("! core 1 is 40% busy before we begin", text)
        self.assertIn("Note: client bound: uring used less than 95% of its cores", text)

    def test_a_result_with_nothing_in_it_is_still_a_table(self):
        bare = {"schema": "sluice-bench/1", "id": "x", "specs": ["epoll", "uring"], "scenarios": [
            {"name": "ping", "runs": [{"id": 1, "spec": "uring", "purpose": "compare",
                                       "valid": False, "failure": "it died",
                                       "invalid_reasons": ["failed: it died"]}]}]}
        text = shown(bare)
        self.assertIn("No verdict: no run of epoll nor of uring counts", text)
        self.assertIn("failed 1, run 1 (uring): it died", text)


class Colour(unittest.TestCase):
    def printed(self, stream, **environment):
        with mock.patch.dict(os.environ, environment):
            if not environment:
                os.environ.pop("NO_COLOR", None)
            table.show(report_sample.result(), stream)
        return stream.getvalue()

    def test_a_terminal_gets_colour_and_the_same_words(self):
        coloured = self.printed(Terminal())
        self.assertRegex(coloured, COLOUR)
        self.assertEqual(COLOUR.sub("", coloured), self.printed(io.StringIO()))

    def test_a_pipe_and_no_color_get_none(self):
        self.assertNotRegex(self.printed(io.StringIO()), COLOUR)
        self.assertNotRegex(self.printed(Terminal(), NO_COLOR="1"), COLOUR)

    def test_a_hostile_name_cannot_command_the_terminal(self):
        result = report_sample.result()
        result["scenarios"][0]["title"] = "\x1b]0;owned\x07\x1b[2J"
        result["environment"]["compiler"] = "g++\r\n\x9b31m"
        self.assertNotRegex(shown(result).replace("\n", ""), "[\x00-\x1f\x7f-\x9f]")


class Rules(unittest.TestCase):
    def bent(self, **changed):
        return {rule.number: reason for rule, reason
                in rules.bent({**report_sample.result(), **changed}) if rule}

    def test_there_are_seventeen(self):
        self.assertEqual([rule.number for rule in rules.RULES], list(range(1, 18)))

    def test_the_drivers_word_goes_before_our_finding(self):
        self.assertEqual(self.bent()[6], "runs of 4 s instead of 30 s")
        self.assertEqual(self.bent(bent_rules=[])[6], "runs of 4 s, not of 30 s")

    def test_a_word_without_a_number_is_kept(self):
        told = rules.bent({**report_sample.result(), "bent_rules": ["interrupted early"]})
        self.assertIn((None, "interrupted early"), told)

    def test_what_a_result_lacks_is_found(self):
        result = report_sample.result()
        for found in result["scenarios"]:
            found["resolution"], found["counted"] = {}, {}
            found["runs"] = [run for run in found["runs"] if run["purpose"] != "floor"]
            found["calibration"] = [{"spec": "epoll", "rate": 1.0, "server_busy": 0.7}]
        del result["environment"]["pinning"], result["environment"]["mitigations"]
        told = self.bent(**result)
        self.assertIn("no run of A against A in ping", told[8])
        self.assertIn("system calls were not counted", told[10])
        self.assertEqual(told[11], "the cores are not stated")
        self.assertIn("mitigations", told[12])
        self.assertIn("no bare echo loop", told[13])
        self.assertIn("client bound", told[5])


if __name__ == "__main__":
    unittest.main()
