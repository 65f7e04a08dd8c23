"""Each verdict has its sentence, each cause its clause, and no cause is made up."""
import unittest

from perf.report import why
from tests.perf import report_sample

SPECS = ["epoll", "uring"]
NO_RATIO = {**report_sample.comparison(1, "inconclusive"), "ratio": None}
MANY_CALLS = {"epoll": {"recvfrom": 1.0, "sendmsg": 1.0, "epoll_pwait2": 0.04},
              "uring": {"io_uring_enter": 0.02}}


def cpu(user, system, **more):
    return {"cpu_us_per_message": user + system, "user_us_per_message": user,
            "system_us_per_message": system, **more}


def sentence(*words, **more):
    return why.sentence(report_sample.scenario(*words, **more), SPECS)


class Verdicts(unittest.TestCase):
    def test_a_win_names_its_size_its_interval_and_its_cause(self):
        text = sentence("lower", 0.88, cpu(1.6, 6.7, events_per_call=25),
                        cpu(1.5, 5.8, events_per_call=46), syscalls=MANY_CALLS)
        self.assertEqual(text, "uring spends 12 % less CPU per ping than epoll (0.86..0.90): it "
                               "enters the kernel 0.02 times per ping where epoll does 2.04 times "
                               "(recvfrom 1.00, sendmsg 1.00), and each enter brings 46 "
                               "completions.")

    def test_a_loss_is_called_a_loss(self):
        text = sentence("higher", 1.25, cpu(2, 8, rearms_per_message=0),
                        cpu(2, 10.5, rearms_per_message=1.2))
        self.assertTrue(text.startswith("uring loses: it spends 25 % more CPU per ping than epoll"))
        self.assertIn("1.20 receives per ping are armed anew (epoll: none)", text)

    def test_no_difference_is_said_with_what_the_machine_resolves(self):
        text = sentence("no difference", 0.99, cpu(2, 8), cpu(2, 7.9), syscalls=MANY_CALLS)
        self.assertIn("No difference that this machine can show", text)
        self.assertIn("epoll against itself gives 0.98..1.02", text)
        self.assertIn("uring makes 0.02 system calls per ping and epoll 2.04, which does not show "
                      "in the CPU time", text)

    def test_inconclusive_gives_the_reason_and_the_pairs_that_would_help(self):
        wide = report_sample.comparison(1.0, "inconclusive", low=0.8, high=1.2, pairs=5,
                                        reason="the interval reaches 20% to each side")
        text = sentence("inconclusive", 1.0, cpu(2, 8), cpu(2, 8), comparisons=[wide])
        self.assertIn("Inconclusive", text)
        self.assertIn("in 5 valid pairs, and the interval reaches 20% to each side", text)
        # Twice as wide as a verdict allows: four times the pairs.
        self.assertIn("--pairs 20", text)

    def test_too_few_pairs_ask_for_as_many_as_a_verdict_needs(self):
        few = report_sample.comparison(0.9, "inconclusive", pairs=3)
        self.assertIn("--pairs 5", sentence("inconclusive", 0.9, cpu(2, 8), cpu(2, 7),
                                            comparisons=[few]))

    def test_a_busy_generator_asks_for_a_lower_rate_not_for_more_pairs(self):
        bad = {"spec": "uring", "valid": False, "purpose": "compare",
               "invalid_reasons": ["generator-bound: its workers were busy for 97% of the time"]}
        wide = report_sample.comparison(1.0, "inconclusive", low=0.8, high=1.2)
        text = sentence("inconclusive", 1.0, cpu(2, 8), cpu(2, 8), comparisons=[wide], runs=[bad])
        self.assertIn("a lower rate, or more cores for the load, would help", text)
        self.assertNotIn("--pairs", text)

    def test_a_closed_loop_has_no_rate_to_lower(self):
        bad = {"spec": "uring", "valid": False, "purpose": "compare",
               "invalid_reasons": ["generator-bound: its workers were busy for 97% of the time"]}
        wide = report_sample.comparison(1.0, "inconclusive", low=0.8, high=1.2)
        text = sentence("inconclusive", 1.0, cpu(2, 8), cpu(2, 8), comparisons=[wide], runs=[bad],
                        loop="closed")
        self.assertIn("more cores for the load, or the open loop, would help", text)

    def test_a_spec_that_never_ran_had_no_time(self):
        late = {"spec": "epoll", "valid": False, "purpose": "compare",
                "invalid_reasons": ["sampled late: by 18 ms"]}
        good = {"spec": "epoll", "valid": True, "purpose": "compare"}
        text = sentence("inconclusive", 1, {}, {}, runs=[late, good], comparisons=[NO_RATIO])
        self.assertEqual(text, "No verdict: no run of uring counts: there was no time for one "
                               "(--budget, or --full).")

    def test_hopeless_noise_asks_for_a_quieter_machine(self):
        wide = report_sample.comparison(1.0, "inconclusive", low=0.4, high=1.8, pairs=6)
        self.assertIn("a quieter machine or longer runs",
                      sentence("inconclusive", 1.0, cpu(2, 8), cpu(2, 8), comparisons=[wide]))

    def test_a_spec_without_a_valid_run_has_no_verdict_but_a_reason(self):
        bad = {"spec": "uring", "valid": False, "purpose": "compare",
               "invalid_reasons": ["wrong: 3 deliveries were lost"]}
        good = {"spec": "epoll", "valid": True, "purpose": "compare"}
        text = sentence("inconclusive", 1, {}, {}, runs=[bad, good],
                        comparisons=[NO_RATIO])
        self.assertEqual(text, "No verdict: no run of uring counts (thrown out: wrong 1); the "
                               "fault comes first: tools/dev test, then the run's own words.")

    def test_one_spec_alone_is_compared_with_nothing(self):
        self.assertIn("nothing to compare", why.sentence(report_sample.scenario(
            "lower", 1, {}, {}), ["epoll"]))

    def test_each_other_spec_has_its_sentence(self):
        found = report_sample.scenario("lower", 0.9, cpu(2, 8), cpu(2, 7))
        third = report_sample.comparison(1.2, "higher", other="uring:bundle=on")
        found["comparisons"].append(third)
        text = why.sentence(found, [*SPECS, "uring:bundle=on"])
        self.assertIn("uring spends 10 % less", text)
        self.assertIn("uring:bundle=on loses: it spends 20 % more", text)


class Causes(unittest.TestCase):
    def test_kernel_threads_are_a_cause_by_themselves(self):
        text = sentence("higher", 1.3, cpu(2, 8, kernel_threads_us_per_message=0),
                        cpu(2, 11, kernel_threads_us_per_message=2.8))
        self.assertIn("kernel threads (iou-wrk, iou-sqp) take 2.80 µs per ping (epoll: none)", text)

    def test_softirqs_are_a_cause_by_themselves(self):
        text = sentence("higher", 1.2, cpu(2, 8, softirq_us_per_message=0.4),
                        cpu(2, 10, softirq_us_per_message=2.1))
        self.assertIn("softirqs take 2.10 µs per ping (epoll: 0.40)", text)

    def test_context_switches_and_blocks_not_to_be_had(self):
        text = sentence("higher", 1.2, cpu(2, 8, context_switches_per_message=0.1,
                                           starved_per_message=0),
                        cpu(3, 9, context_switches_per_message=0.9, starved_per_message=5.3))
        self.assertIn("its threads are switched 0.90 times per ping (epoll's: 0.10)", text)
        self.assertIn("5.30 times per ping a receive finds every block lent (epoll: none)", text)

    def test_collecting_calls_stand_in_where_no_tracer_counted(self):
        text = sentence("lower", 0.9, cpu(2, 8, calls_per_message=1.0),
                        cpu(2, 7, calls_per_message=0.1))
        self.assertIn("it asks the kernel for news 0.10 times per ping (epoll: 1.00)", text)

    def test_instructions_explain_what_user_space_saves(self):
        text = sentence("lower", 0.9, cpu(3, 7, instructions_per_message=4000),
                        cpu(2, 7, instructions_per_message=2500))
        self.assertIn("it executes 2,500 instructions per ping in user space (epoll: 4,000)", text)

    def test_the_heavier_cause_comes_first_and_two_are_enough(self):
        text = sentence("higher", 2.0,
                        cpu(2, 8, context_switches_per_message=0.1, rearms_per_message=0,
                            kernel_threads_us_per_message=0),
                        cpu(2, 18, context_switches_per_message=1.0, rearms_per_message=2,
                            kernel_threads_us_per_message=9))
        self.assertLess(text.index("kernel threads"), text.index("armed anew"))
        self.assertNotIn("are switched", text)


class NoCauseIsMadeUp(unittest.TestCase):
    """A counter that moved is not yet a cause."""

    def test_saved_calls_do_not_explain_a_loss(self):
        text = sentence("higher", 1.2, cpu(2, 8), cpu(2, 10), syscalls=MANY_CALLS)
        self.assertNotIn("enters the kernel", text)
        self.assertIn("the counters do not show why (most of it lies in the kernel: +2.00 µs per "
                      "ping); tools/dev profile cpu --scenario ping would", text)

    def test_too_few_calls_do_not_pay_for_a_large_difference(self):
        text = sentence("lower", 0.8, cpu(2, 8), cpu(2, 6),
                        syscalls={"epoll": {"recvfrom": 0.2}, "uring": {"io_uring_enter": 0.02}})
        self.assertIn("the counters do not show why", text)

    def test_saved_calls_do_not_explain_what_user_space_saves(self):
        text = sentence("lower", 0.9, cpu(3, 7), cpu(2, 7), syscalls=MANY_CALLS)
        self.assertIn("the counters do not show why (most of it lies in user space: −1.00 µs per "
                      "ping)", text)

    def test_counters_whose_intervals_overlap_are_alike(self):
        found = report_sample.scenario(
            "higher", 1.2, cpu(2, 8, context_switches_per_message=0.5),
            cpu(2, 10, context_switches_per_message=0.9))
        for spec in SPECS:
            found["levels"][spec]["context_switches_per_message"].update(low=0.3, high=1.1)
        self.assertIn("the counters do not show why", why.sentence(found, SPECS))

    def test_a_scenario_without_counters_gets_no_cause(self):
        text = sentence("lower", 0.9, {"cpu_us_per_message": 10}, {"cpu_us_per_message": 9})
        self.assertIn("the counters do not show why; tools/dev profile cpu", text)


class WhatElse(unittest.TestCase):
    def test_a_cheaper_poller_that_is_slower_says_so(self):
        found = report_sample.scenario("lower", 0.9, cpu(2, 8), cpu(2, 7), syscalls=MANY_CALLS)
        found["comparisons"].append(report_sample.comparison(1.3, "higher", metric="p99"))
        self.assertTrue(why.sentence(found, SPECS).endswith(
            "; but its p99 latency is 30 % higher (1.27..1.33)."))

    def test_a_higher_rate_is_good_news(self):
        found = report_sample.scenario("lower", 0.9, cpu(2, 8), cpu(2, 7), loop="closed")
        found["comparisons"].append(report_sample.comparison(1.1, "higher", metric="rate"))
        self.assertIn("; and its rate is 10 % higher", why.sentence(found, SPECS))

    def test_idle_connections_tell_what_one_costs(self):
        memory = {"bytes_per_connection": 388, "slab_bytes_per_connection": 5200}
        text = sentence("no difference", 1.0, cpu(2, 8, **memory), cpu(2, 8, **memory),
                        kind="idle", unit="heartbeat")
        self.assertIn("a connection costs 388 bytes of its own and 5,200 of the kernel's with "
                      "epoll", text)


class Sample(unittest.TestCase):
    def test_the_sample_has_a_sentence_of_each_kind(self):
        sentences = {found["name"]: why.sentence(found, SPECS)
                     for found in report_sample.result()["scenarios"]}
        self.assertIn("less CPU per ping than epoll", sentences["ping"])
        self.assertIn("No difference that this machine can show", sentences["chat"])
        self.assertIn("uring loses", sentences["large_16k"])
        self.assertIn("Inconclusive", sentences["pipelined"])

    def test_the_sample_is_what_its_maker_makes(self):
        # Whoever changes one of the two must see the other change.
        from tests.perf import make_sample
        made = make_sample.rounded(make_sample.make())
        self.assertEqual([found["why"] for found in made["scenarios"]],
                         [found["why"] for found in report_sample.result()["scenarios"]])
        self.assertEqual(made["scenarios"][0]["levels"],
                         report_sample.result()["scenarios"][0]["levels"])


if __name__ == "__main__":
    unittest.main()
