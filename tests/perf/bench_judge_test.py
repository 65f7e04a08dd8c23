"""perf/bench/judge.py: which runs count, what their pairs say, and how sure one may be of it."""
import math
import random
import unittest

from perf.bench import judge, summary
from tests.perf.made_runs import made_pairs, made_run, summary_of


def cpu_pairs(runs, purpose="compare", spec="uring"):
    return judge.values_of(judge.pairs_of(runs, purpose, spec),
                           summary.FIGURES["cpu_us_per_message"])


def noisy(count, ratio, noise, seed):
    """Costs of pairs whose true ratio is known; what drifts falls on both of a pair."""
    chance = random.Random(seed)
    pairs = []
    for _ in range(count):
        drift = chance.gauss(0, 0.05)
        pairs.append((8 * math.exp(drift + chance.gauss(0, noise)),
                      8 * ratio * math.exp(drift + chance.gauss(0, noise))))
    return pairs


STEADY = {"pairs": 10, "ratio": 1.0, "low": 0.985, "high": 1.01}


class Verdicts(unittest.TestCase):
    def said(self, costs, resolution=STEADY):
        return judge.verdict(judge.ratio_of(costs), resolution, "epoll")

    def test_a_known_ratio_is_found(self):
        self.assertEqual(self.said(noisy(10, 0.85, 0.01, 1))[0], "lower")
        self.assertEqual(self.said(noisy(10, 1.20, 0.01, 2))[0], "higher")

    def test_the_interval_of_a_known_ratio_contains_it_and_not_1(self):
        found = judge.ratio_of(noisy(12, 0.85, 0.01, 3))
        self.assertLess(found["low"], 0.85)
        self.assertGreater(found["high"], 0.85)
        self.assertLess(found["high"], 1)

    def test_equal_ones_are_called_equal(self):
        verdict, reason = self.said(noisy(10, 1.0, 0.01, 4))
        self.assertEqual(verdict, "no difference")
        self.assertIn("includes 1", reason)

    def test_a_difference_within_the_resolution_is_none(self):
        coarse = {"pairs": 10, "ratio": 1.0, "low": 0.90, "high": 1.02}
        costs = noisy(12, 0.94, 0.005, 5)
        self.assertEqual(self.said(costs)[0], "lower")
        verdict, reason = self.said(costs, coarse)
        self.assertEqual(verdict, "no difference")
        self.assertIn("itself", reason)

    def test_four_pairs_are_too_few_and_five_are_enough(self):
        costs = noisy(5, 0.7, 0.005, 6)
        self.assertEqual(self.said(costs[:4])[0], "inconclusive")
        self.assertEqual(self.said(costs)[0], "lower")

    def test_a_wide_interval_is_inconclusive_whatever_it_excludes(self):
        costs = [(10, 10 * ratio) for ratio in (0.3, 0.35, 0.5, 0.6, 0.7)]
        verdict, reason = self.said(costs)
        self.assertEqual(verdict, "inconclusive")
        self.assertIn("reaches", reason)

    def test_without_a_against_a_nothing_is_claimed(self):
        costs = noisy(10, 0.5, 0.005, 7)
        self.assertEqual(self.said(costs, None)[0], "inconclusive")
        few = {**STEADY, "pairs": 4}
        self.assertEqual(self.said(costs, few)[0], "inconclusive")

    def test_no_pair_at_all_is_inconclusive_and_no_error(self):
        self.assertEqual(judge.verdict(judge.ratio_of([]), STEADY)[0], "inconclusive")

    def test_swapping_the_two_turns_the_ratio_round(self):
        costs = noisy(9, 0.8, 0.02, 8)
        there = judge.ratio_of(costs)
        back = judge.ratio_of([(other, base) for base, other in costs])
        self.assertAlmostEqual(there["ratio"], 1 / back["ratio"], places=9)


class Coverage(unittest.TestCase):
    def share_covered(self, pairs, noise, trials=300):
        """How many of the intervals contain the true ratio."""
        covered = 0
        for seed in range(trials):
            found = judge.ratio_of(noisy(pairs, 0.9, noise, 1000 + seed))
            covered += found["low"] <= 0.9 <= found["high"]
        return covered / trials

    def test_the_interval_covers_the_truth_about_as_often_as_it_says(self):
        # 95 % (94 % for five pairs, whose extremes are all there is) less three standard errors of
        # 300 trials. An interval that always covers would be no interval.
        for pairs, least in ((5, 0.89), (7, 0.91), (10, 0.91), (20, 0.91)):
            for noise in (0.01, 0.03):
                share = self.share_covered(pairs, noise)
                self.assertGreater(share, least, f"{pairs} pairs, noise {noise}")
                self.assertLess(share, 0.999, f"{pairs} pairs, noise {noise}")

    def test_equal_ones_are_seldom_called_different(self):
        wrong = 0
        for seed in range(200):
            resolution = judge.ratio_of(noisy(5, 1.0, 0.02, 5000 + seed))
            found = judge.ratio_of(noisy(6, 1.0, 0.02, 9000 + seed))
            wrong += judge.verdict(found, resolution)[0] in ("lower", "higher")
        self.assertLess(wrong, 10)

    def test_the_same_samples_always_give_the_same_interval(self):
        costs = noisy(8, 0.9, 0.02, 9)
        self.assertEqual(judge.ratio_of(costs), judge.ratio_of(costs))


class ThrownOut(unittest.TestCase):
    """Each reason with a case that has it and the nearest one that has not."""

    def reasons(self, usual=judge.Usual(), **figures):
        return judge.invalid_reasons(made_run(**figures), usual)

    def assert_one(self, word, reasons):
        self.assertEqual(len(reasons), 1, reasons)
        self.assertIn(word, reasons[0])

    def test_a_run_in_order_counts(self):
        self.assertEqual(self.reasons(), [])

    def test_a_wrong_count_of_messages(self):
        self.assert_one("wrong: a RECV came twice",
                        self.reasons(load={"correct": False, "faults": ["a RECV came twice"]}))

    def test_no_message_at_all(self):
        self.assert_one("empty", self.reasons(load={"messages": 0}))
        self.assertEqual(self.reasons(load={"messages": 1}), [])

    def test_a_busy_generator(self):
        bound = {"cpu_seconds": 1.5, "busy": 0.97, "bound": True}
        self.assert_one("generator-bound", self.reasons(load={"generator": bound}))
        nearly = {"cpu_seconds": 1.5, "busy": 0.94, "bound": False}
        self.assertEqual(self.reasons(load={"generator": nearly}), [])

    def test_a_busy_generator_of_a_closed_loop_counts_only_if_the_server_was_busy_too(self):
        load = {"generator": {"cpu_seconds": 1.5, "busy": 0.97, "bound": True},
                "lateness": summary_of()}
        self.assert_one("generator-bound", self.reasons(load=load, server_busy=0.94))
        self.assertEqual(self.reasons(load=load, server_busy=0.95), [])
        load["lateness"] = summary_of(10_000)
        self.assert_one("generator-bound", self.reasons(load=load, server_busy=0.95))

    def test_a_generator_late_by_more_than_a_tenth_of_its_p99(self):
        # The p99 of the made latencies is 1.08 ms.
        self.assert_one("late", self.reasons(load={"lateness": summary_of(120_000)}))
        self.assertEqual(self.reasons(load={"lateness": summary_of(100_000)}), [])

    def test_a_closed_loop_is_never_late(self):
        self.assertEqual(self.reasons(load={"lateness": summary_of()}), [])

    def test_steal_over_the_floor_and_twice_the_median(self):
        # 3.0 s of core time: the floor is three ticks of 10 ms.
        self.assert_one("steal", self.reasons(steal_s=0.04))
        self.assertEqual(self.reasons(steal_s=0.03), [])
        # A median of 2 % is 60 ms here: twice that is allowed.
        usual = judge.Usual(steal_share=0.02)
        self.assert_one("steal", self.reasons(usual, steal_s=0.13))
        self.assertEqual(self.reasons(usual, steal_s=0.12), [])

    def test_a_long_window_has_a_larger_floor(self):
        self.assertEqual(self.reasons(core_seconds=60.0, steal_s=0.29), [])
        self.assert_one("steal", self.reasons(core_seconds=60.0, steal_s=0.32))

    def test_another_process_on_the_gateways_core(self):
        # 1.5 s of one core: 2 % are 30 ms.
        self.assert_one("waited", self.reasons(delay_s=0.035))
        self.assertEqual(self.reasons(delay_s=0.029), [])

    def test_waiting_that_is_usual_for_a_spec_is_no_disturbance(self):
        usual = judge.Usual(delay_shares={("ping", "uring:sqpoll=on"): 0.3})
        self.assertEqual(self.reasons(usual, spec="uring:sqpoll=on", delay_s=0.8), [])
        self.assert_one("waited", self.reasons(usual, spec="uring:sqpoll=on", delay_s=0.95))
        self.assert_one("waited", self.reasons(usual, spec="epoll", delay_s=0.8))

    def test_what_is_usual_is_the_median_of_a_specs_runs_in_a_scenario(self):
        runs = ([made_run(number, delay_s=0.15) for number in range(5)]
                + [made_run(number, spec="uring", delay_s=0.0) for number in range(5)]
                + [made_run(11, cell="chat", delay_s=0.3)])
        usual = judge.Usual.of(runs)
        self.assertEqual({group: round(share, 6) for group, share in usual.delay_shares.items()},
                         {("ping", "epoll"): 0.1, ("ping", "uring"): 0.0, ("chat", "epoll"): 0.2})

    def test_our_own_sampling_late(self):
        self.assert_one("sampled late", self.reasons(sampled_seconds=1.54))
        self.assertEqual(self.reasons(sampled_seconds=1.52), [])

    def test_a_process_that_failed(self):
        run = {"id": 1, "purpose": "compare", "spec": "epoll", "failure": "the gateway ended"}
        self.assertEqual(judge.invalid_reasons(run, judge.Usual()), ["failed: the gateway ended"])

    def test_noise_is_told_from_what_will_be_wrong_again(self):
        noisy = [made_run(1, steal_s=0.3), made_run(2, load={"lateness": summary_of(900_000)})]
        bound = {"cpu_seconds": 1.5, "busy": 0.97, "bound": True}
        wrong = [made_run(3, load={"generator": bound}),
                 made_run(4, steal_s=0.3, load={"correct": False, "faults": ["lost"]})]
        judge.judge_runs(noisy + wrong + [made_run(number) for number in range(5, 12)])
        self.assertEqual([judge.is_noise(run) for run in noisy + wrong],
                         [True, True, False, False])

    def test_the_median_steal_is_that_of_all_runs(self):
        runs = [made_run(number, steal_s=0.05) for number in range(9)]
        judge.judge_runs(runs)
        self.assertTrue(all(run["valid"] for run in runs))
        runs.append(made_run(10, steal_s=0.2))
        judge.judge_runs(runs)
        self.assertEqual([run["valid"] for run in runs], [True] * 9 + [False])


class Steady(unittest.TestCase):
    def test_halves_that_differ_are_named(self):
        apart = made_run(steady={"halves": {"CPU seconds": [0.2, 0.25]}, "rss_growth_bytes": 0})
        self.assertIn("halves", judge.unsteady_reasons(apart)[0])
        near = made_run(steady={"halves": {"CPU seconds": [0.2, 0.215]}, "rss_growth_bytes": 0})
        self.assertEqual(judge.unsteady_reasons(near), [])

    def test_memory_that_grows_is_named(self):
        grown = made_run(steady={"halves": {}, "rss_growth_bytes": 5 << 20})
        self.assertIn("memory", judge.unsteady_reasons(grown)[0])
        little = made_run(steady={"halves": {}, "rss_growth_bytes": 3 << 20})
        self.assertEqual(judge.unsteady_reasons(little), [])


class Pairs(unittest.TestCase):
    def test_a_pair_needs_both_sides(self):
        runs = made_pairs([(8, 7), (8, 7), (8, 7)])
        runs[2]["valid"] = False
        self.assertEqual(len(cpu_pairs(runs)), 2)

    def test_a_repeated_run_takes_the_place_of_the_one_thrown_out(self):
        runs = made_pairs([(8, 7)])
        runs[1]["valid"] = False
        runs.append(made_run(3, spec="uring", pair=0, side="other", cpu_us=6.0))
        self.assertEqual(cpu_pairs(runs), [(8, 6.0)])

    def test_others_share_the_base_of_their_round(self):
        runs = made_pairs([(8, 7)])
        runs.append(made_run(3, spec="uring:bundle=on", pair=0, side="other", cpu_us=5.0))
        self.assertEqual(cpu_pairs(runs, spec="uring:bundle=on"), [(8, 5.0)])
        self.assertEqual(cpu_pairs(runs, spec="uring"), [(8, 7)])

    def test_a_against_a_is_kept_apart(self):
        runs = made_pairs([(8, 7)]) + made_pairs([(8, 8.1)], purpose="resolution")
        self.assertEqual(cpu_pairs(runs, "resolution", "epoll"), [(8, 8.1)])


class Headline(unittest.TestCase):
    def test_deliveries_come_before_answers_and_answers_before_logins(self):
        def side(value):
            return {"corrected": summary_of(value), "uncorrected": summary_of(value)}
        latency = {"login": side(3)}
        self.assertEqual(judge.headline({"latency": latency})["corrected"]["max"], 3)
        latency["answer"] = side(2)
        self.assertEqual(judge.headline({"latency": latency})["corrected"]["max"], 2)
        latency["delivery"] = side(1)
        self.assertEqual(judge.headline({"latency": latency})["corrected"]["max"], 1)
        self.assertIsNone(judge.headline({"latency": {}}))


if __name__ == "__main__":
    unittest.main()
