"""perf/bench: the order of runs, the cells of a request, the cores, and how time is shared out."""
import itertools
import os
import re
import tempfile
import unittest
from unittest import mock

from perf.bench import arguments, calibrate, cells, environment, pinning, plan, schedule, summary
from perf.bench.processes import Failure, metrics_from
from tests.perf.made_runs import made_pairs, made_run


def rounds(members, count):
    return list(itertools.islice(schedule.orders(members), count))


class Orders(unittest.TestCase):
    def test_two_members_go_abba_baab(self):
        self.assertEqual(["".join(order) for order in rounds("AB", 4)], ["AB", "BA", "BA", "AB"])

    def test_each_block_goes_there_and_back(self):
        for members in ("ABC", "ABCD"):
            made = rounds(members, 12)
            for there, back in zip(made[::2], made[1::2]):
                self.assertEqual(there, back[::-1])

    def test_a_drift_falls_on_all_alike(self):
        # What grows from run to run adds up to the same for everybody over n blocks.
        for members in ("AB", "ABC", "ABCD"):
            sums = dict.fromkeys(members, 0)
            moment = itertools.count()
            for order in rounds(members, 2 * len(members)):
                for member in order:
                    sums[member] += next(moment)
            self.assertEqual(len(set(sums.values())), 1, sums)

    def test_floors_stand_around_their_rounds_in_turn(self):
        with_floors = [schedule.with_floors("AB", ["e", "u"], number, 2) for number in range(4)]
        self.assertEqual(["".join(order) for order in with_floors], ["eABu", "AB", "uABe", "AB"])

    def test_without_floors_nothing_is_added(self):
        self.assertEqual(schedule.with_floors("AB", [], 0, 1), ["A", "B"])


class Cells(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        patch = mock.patch.object(cells, "SCENARIOS", directory.name)
        patch.start()
        self.addCleanup(patch.stop)
        self.write("ping", 'kind = "ping"\nconnections = 100\necho = true\n')
        self.write("storm", 'kind = "storm"\nrate = 2000\n')
        self.write("idle", 'kind = "idle"\n')
        self.directory = directory.name

    def write(self, name, text):
        with open(os.path.join(cells.SCENARIOS, f"{name}.toml"), "w", encoding="utf-8") as file:
            file.write(text)

    def test_an_open_loop_goes_by_the_capacity_unless_it_names_a_rate(self):
        ping, storm, idle = cells.cells(["ping", "storm", "idle"])
        self.assertEqual((ping.level, storm.level, idle.level), (0.5, None, None))

    def test_levels_make_a_cell_each(self):
        made = cells.cells(["ping", "idle"], levels=(0.1, 0.9))
        self.assertEqual([(cell.name, cell.level) for cell in made],
                         [("ping, at 10% of capacity", 0.1), ("ping, at 90% of capacity", 0.9),
                          ("idle", None)])

    def test_every_combination_has_a_name_of_its_own(self):
        made = cells.cells(["ping"], overrides={"connections": [10, 20], "payload": [1, 2]})
        self.assertEqual(len({cell.name for cell in made}), 4)
        self.assertEqual(made[1].settings, {"connections": 10, "payload_bytes": 2})
        self.assertEqual(made[1].connections, 10)

    def test_a_single_choice_keeps_the_plain_name(self):
        self.assertEqual(cells.cells(["ping"], overrides={"connections": [7]})[0].name, "ping")

    def test_a_closed_loop_needs_no_capacity(self):
        cell, = cells.cells(["ping"], closed=True, depth=4)
        self.assertEqual((cell.level, cell.loop), (None, "closed"))
        self.assertEqual(cell.settings, {"loop": "closed", "depth": 4})

    def test_an_unknown_scenario_names_the_known_ones(self):
        with self.assertRaisesRegex(Failure, "no such scenario; there are idle, ping, storm"):
            cells.cells(["pong"])

    def test_a_clock_has_no_closed_loop(self):
        with self.assertRaisesRegex(Failure, "idle follows a clock"):
            cells.cells(["idle"], closed=True)

    def test_a_file_that_does_not_parse_is_named(self):
        self.write("bad", "kind = \n")
        with self.assertRaisesRegex(Failure, "bad.toml"):
            cells.cells(["bad"])


class Scenarios(unittest.TestCase):
    def test_the_four_of_quick_mode_are_there(self):
        self.assertEqual(set(cells.QUICK) - set(cells.known()), set())


class Pinning(unittest.TestCase):
    def test_two_cores_are_one_for_each(self):
        self.assertEqual(pinning.choose(1, [0, 1]), pinning.Pinning([1], [0], False))

    def test_reactors_get_the_upper_cores(self):
        self.assertEqual(pinning.choose(2, [0, 1, 2, 3, 4, 5]),
                         pinning.Pinning([4, 5], [0, 1, 2, 3], False))

    def test_too_many_reactors_share(self):
        self.assertEqual(pinning.choose(2, [0, 1]), pinning.Pinning([0, 1], [0, 1], True))

    def test_one_core_is_refused(self):
        with self.assertRaisesRegex(Failure, "one core"):
            pinning.choose(1, [0])

    def test_workers_go_by_connections_reactors_and_cores(self):
        many = pinning.choose(2, range(16))
        self.assertEqual(many.workers(1000, 2), 4)
        self.assertEqual(many.workers(100_000, 2), 5)
        self.assertEqual(many.workers(1_000_000, 2), 14)
        self.assertEqual(pinning.choose(1, [0, 1]).workers(1_000_000, 1), 1)


class Times(unittest.TestCase):
    def plan(self, *words):
        args = arguments.parse(["--no-echo", *words])
        return arguments.make_plan(args, pinning.choose(1, [0, 1]))

    def test_quick_mode_says_which_rules_it_bends(self):
        bent = plan.bent_rules(self.plan(), pinning.choose(1, [0, 1]), [0.5, 0.37])
        numbers = {int(re.match(r"rule (\d+): ", text)[1]) for text in bent}
        self.assertEqual(numbers, {1, 6, 7, 16})
        self.assertIn("at 37%, 50% of the capacity", bent[0])

    def test_full_mode_bends_only_what_one_machine_must(self):
        bent = plan.bent_rules(self.plan("--full", "--scenario", "ping"), pinning.choose(1, [0, 1]),
                               cells.LEVELS)
        self.assertEqual([text[:8] for text in bent], ["rule 16:"])

    def test_sharing_cores_is_said(self):
        bent = plan.bent_rules(self.plan(), pinning.choose(2, [0, 1]), [])
        self.assertTrue(any("share the cores 0, 1" in text for text in bent))

    def test_the_four_scenarios_of_quick_mode_end_within_five_minutes(self):
        self.assertLess(self.plan().budget_s, 300)

    def test_what_a_cell_leaves_over_falls_to_the_others(self):
        now = [100.0]
        the_plan = self.plan("--budget", "4", "--scenario", "ping", "chat")
        budget = plan.Budget(the_plan, lambda: now[0], 100.0)
        self.assertAlmostEqual(budget.next_cell(), 220.0)
        now[0] = 140.0
        budget.finished()
        self.assertAlmostEqual(budget.next_cell(), 340.0)

    def test_with_few_pairs_a_phase_may_take_longer_but_not_for_ever(self):
        now = [100.0]
        budget = plan.Budget(self.plan("--budget", "4", "--scenario", "ping", "chat"),
                             lambda: now[0], 100.0)
        resolution, comparison = budget.allowances(220.0, 20.0)
        self.assertEqual((resolution.soft, resolution.hard), (145.0, 160.0))
        self.assertEqual((comparison.soft, comparison.hard), (200.0, 230.0))
        self.assertFalse(comparison.is_over(197.0, 2.5, enough=True))
        self.assertTrue(comparison.is_over(198.0, 2.5, enough=True))
        self.assertFalse(comparison.is_over(198.0, 2.5, enough=False))
        self.assertTrue(comparison.is_over(228.0, 2.5, enough=False))

    def test_the_last_scenario_does_not_overrun_the_budget(self):
        budget = plan.Budget(self.plan("--budget", "2", "--scenario", "ping"), lambda: 100.0, 100.0)
        _, comparison = budget.allowances(220.0, 20.0)
        self.assertEqual((comparison.soft, comparison.hard), (200.0, 200.0))

    def test_without_a_budget_nothing_is_ever_over(self):
        budget = plan.Budget(self.plan("--full", "--scenario", "ping"), lambda: 0.0, 0.0)
        _, comparison = budget.allowances(budget.next_cell(), 20.0)
        self.assertFalse(comparison.is_over(1e9, 1e9, enough=False))

    def test_an_overdrawn_budget_gives_no_time_and_no_error(self):
        now = [500.0]
        budget = plan.Budget(self.plan("--budget", "1"), lambda: now[0], 100.0)
        self.assertEqual(budget.next_cell(), 500.0)

    def test_pairs_asked_for_are_the_pairs_that_are_made(self):
        made = self.plan("--pairs", "3")
        self.assertEqual((made.pairs_min, made.pairs_max, made.resolution_pairs), (3, 3, 3))

    def test_an_earlier_result_gives_its_rates(self):
        sample = os.path.join(os.path.dirname(os.path.abspath(__file__)), "samples",
                              "bench_result.json")
        rates = self.plan("--like", sample).rates
        self.assertTrue(rates)
        for rate, _ in rates.values():
            self.assertGreater(rate, 0)
        with self.assertRaisesRegex(Failure, "--like: "):
            self.plan("--like", os.path.join(os.path.dirname(sample), "no such file"))

    def test_depth_without_closed_is_refused(self):
        with self.assertRaisesRegex(Failure, "--closed"):
            arguments.parse(["--depth", "4"])

    def test_without_git_the_commit_is_unknown_and_nothing_fails(self):
        with mock.patch.dict(os.environ, {"PATH": "/nonexistent"}):
            self.assertEqual(environment.commit(arguments.ROOT), {"commit": None, "dirty": None})

    def test_the_same_spec_twice_is_refused(self):
        with self.assertRaisesRegex(Failure, "twice"):
            arguments.parse(["--compare", "epoll", "epoll"])

    def test_a_spec_may_be_of_another_build(self):
        made = self.plan("--compare", "epoll", "epoll@build/other")
        self.assertEqual(made.members[1].spec, "epoll")
        self.assertEqual(made.members[1].build, os.path.abspath("build/other"))
        self.assertEqual(made.members[1].name, "epoll@build/other")

    def test_a_bare_echo_loop_is_compared_where_it_can_serve_the_scenario(self):
        words = ["--compare", "echo epoll", "epoll", "--scenario"]
        args = arguments.parse([*words, "ping"])
        made = arguments.make_plan(args, pinning.choose(1, [0, 1]))
        self.assertTrue(made.members[0].is_echo)
        self.assertEqual([floor.name for floor in made.floors], ["echo uring"])
        with self.assertRaisesRegex(Failure, "cannot serve chat; .* idle, ping, pipelined"):
            self.plan(*words, "ping", "chat")


class Rates(unittest.TestCase):
    def test_the_rate_is_a_share_of_the_slower_ones_capacity(self):
        entries = [{"rate": 47_300.0}, {"rate": 41_000.0}]
        self.assertEqual(calibrate.open_loop_rate(entries, 0.5), 20_000.0)

    def test_a_load_that_keeps_up_keeps_the_rate(self):
        rate = calibrate.kept_rate([{"rate": 41_000.0}], 0.5, lambda rate: 0.59)
        self.assertEqual((rate.per_second, rate.level, rate.note), (20_000.0, 0.5, None))

    def test_a_load_that_would_be_the_bottleneck_gets_less_to_do_and_it_is_said(self):
        tried = []

        def busy_at(rate):
            tried.append(rate)
            return rate / 20_000
        rate = calibrate.kept_rate([{"rate": 41_000.0}], 0.5, busy_at)
        self.assertEqual(tried, [20_000.0, 10_000.0])
        self.assertEqual(rate.per_second, 10_000.0)
        self.assertAlmostEqual(rate.level, 10 / 41)
        self.assertIn("busy for 100% of the time", rate.note)

    def test_a_load_that_is_always_busy_ends_the_trials(self):
        tried = []
        calibrate.kept_rate([{"rate": 41_000.0}], 0.5, lambda rate: tried.append(rate) or 0.99)
        self.assertEqual(len(tried), calibrate.TRIALS_MAX)

    def test_two_digits_are_kept(self):
        self.assertEqual([calibrate.rounded(rate) for rate in (123_456, 9.99, 0.0, 7)],
                         [120_000, 9.9, 0.0, 7])


class Sums(unittest.TestCase):
    def test_latencies_are_merged_not_averaged(self):
        runs = [made_run(1), made_run(2)]
        merged = summary.merged_latency(runs, ["epoll"])["epoll"]["answer"]["corrected"]
        one = runs[0]["load"]["latency"]["answer"]["corrected"]
        self.assertEqual(merged["count"], 2 * one["count"])
        self.assertEqual(merged["p99"], one["p99"])

    def test_runs_thrown_out_are_in_no_figure(self):
        runs = made_pairs([(8, 7), (8, 7)])
        runs.append(made_run(9, cpu_us=99.0, valid=False))
        self.assertEqual(summary.levels(runs, ["epoll"])["epoll"]["cpu_us_per_message"]["max"], 8)

    def test_a_server_with_time_to_spare_makes_a_closed_loop_client_bound(self):
        idle = [made_run(1, server_busy=0.6)]
        self.assertEqual(summary.client_bound(idle, ["epoll"], "closed"), ["epoll"])
        self.assertEqual(summary.client_bound(idle, ["epoll"], "open"), [])
        busy = [made_run(1, server_busy=0.97)]
        self.assertEqual(summary.client_bound(busy, ["epoll"], "closed"), [])

    def test_a_tracer_that_makes_another_run_of_it_is_named_in_the_notes(self):
        def traced(calls):
            poller = {"calls": calls, "events": 30_000.0, "rearms": 0.0, "starved": 0.0}
            return [made_run(1), made_run(2, purpose="count", poller=poller)]

        told, = summary.notes(traced(9_000.0), ["epoll"], "closed")[1:]
        self.assertIn("epoll asked the kernel for news 0.3 times per message, in the others 0.1",
                      told)
        self.assertEqual(summary.notes(traced(5_900.0), ["epoll"], "open"), [])
        self.assertEqual(summary.notes(traced(9_000.0), ["uring"], "open"), [])

    def test_an_echo_under_the_tracer_has_no_counter_of_its_own(self):
        runs = [made_run(1, spec="echo epoll", poller={}),
                made_run(2, spec="echo epoll", purpose="count", poller={})]
        self.assertEqual(summary.notes(runs, ["echo epoll"], "open"), [])

    def test_an_unsteady_run_is_named_in_the_notes(self):
        runs = [made_run(1), made_run(2, steady={"halves": {"x": [1, 2]}, "rss_growth_bytes": 0})]
        self.assertIn("run 2", summary.notes(runs, ["epoll"], "open")[0])


class Metrics(unittest.TestCase):
    def test_samples_are_summed_over_their_labels(self):
        text = ("# HELP a Something.\n# TYPE a counter\na{reactor=\"0\"} 3\na{reactor=\"1\"} 4\n"
                "b 1.5\nc{reason=\"say \\\"no\\\" {x}\"} 2\n")
        self.assertEqual(metrics_from(text), {"a": 7, "b": 1.5, "c": 2})


if __name__ == "__main__":
    unittest.main()
