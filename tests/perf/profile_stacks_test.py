"""Stacks: names, folded text, trees, differences; and perf's samples, recorded."""
import unittest

from tests.perf import profile_sample
from tools.profile import layers, perf_script, stacks


class Names(unittest.TestCase):
    def check(self, long, short):
        self.assertEqual(stacks.plain_name(long), short)

    def test_arguments_and_contents_of_templates_go(self):
        self.check("sluice::Reactor::run(int) const", "sluice::Reactor::run")
        self.check("sluice::f(std::function<void (int)> const&)", "sluice::f")
        self.check("std::span<std::byte, 18446744073709551615ul>::size()", "std::span<>::size")

    def test_operators_keep_their_signs(self):
        self.check("absl::debian3::StatusOr<T>::operator->() const", "absl::StatusOr<>::operator->")
        self.check("std::function<void (int)>::operator()(int) const",
                   "std::function<>::operator()")
        self.check("operator new(unsigned long)", "operator new")

    def test_a_return_type_goes_and_an_anonymous_namespace_stays(self):
        self.check("unsigned long sluice::take<4>(char const*)", "sluice::take<>")
        self.check("sluice::(anonymous namespace)::key(int) [clone .0]",
                   "sluice::(anonymous namespace)::key")

    def test_clones_of_the_compiler_are_their_function(self):
        self.check("finish_task_switch.isra.0", "finish_task_switch")
        self.check("do_epoll_pwait.part.0", "do_epoll_pwait")

    def test_the_separator_of_frames_is_in_no_name(self):
        self.assertNotIn(";", stacks.plain_name("odd;name"))


class FoldedText(unittest.TestCase):
    def test_there_and_back(self):
        told = {("reactor-0", "run", "tcp_sendmsg_[k]"): 42, ("main",): 1.5}
        self.assertEqual(stacks.unfold(stacks.fold(told)), told)

    def test_equal_stacks_add_up_and_empty_frames_go(self):
        self.assertEqual(stacks.unfold("a;b; 1\n\na;b 2\n"), {("a", "b"): 3})

    def test_what_is_no_stack_is_named_by_its_line(self):
        with self.assertRaisesRegex(stacks.FormatError, "line 2 .*'nonsense'"):
            stacks.unfold("a;b 1\nnonsense\n")

    def test_a_function_counts_once_in_a_stack_that_it_is_twice_in(self):
        found = stacks.by_function({("t", "f", "g", "f"): 10, ("t", "f"): 1})
        self.assertEqual(found["f"], (11, 11))
        self.assertEqual(found["g"], (0, 10))


class Trees(unittest.TestCase):
    def test_weights_are_with_all_children(self):
        tree = stacks.tree({("t", "a", "b_[k]"): 3, ("t", "a"): 2, ("t", "c_[i]"): 1})
        self.assertEqual(tree["v"], 6)
        (thread,) = tree["c"]
        self.assertEqual([(node["n"], node["k"], node["v"]) for node in thread["c"]],
                         [("a", "user", 5), ("c", "inlined", 1)])
        self.assertEqual(thread["c"][0]["c"][0]["k"], "kernel")

    def test_a_difference_is_the_union_and_wide_enough_for_its_children(self):
        tree = stacks.difference_tree({("t", "a"): 6, ("t", "b"): 1}, {("t", "b"): 4})
        (thread,) = tree["c"]
        self.assertEqual((thread["a"], thread["b"]), (7, 4))
        self.assertEqual([(node["n"], node["a"], node["b"], node["v"]) for node in thread["c"]],
                         [("a", 6, 0, 6), ("b", 1, 4, 4)])
        self.assertEqual(thread["v"], 10)

    def test_two_profiles_of_other_length_are_compared_per_message(self):
        short = {("t", "f"): 100, ("t", "g"): 300}
        long = {("t", "f"): 1000, ("t", "g"): 3000}
        one, other = (stacks.scaled(found, 2000 / stacks.total(found)) for found in (short, long))
        tree = stacks.difference_tree(one, other)
        for node in (tree, *tree["c"], *tree["c"][0]["c"]):
            self.assertEqual(node["a"], node["b"])

    def test_what_comes_by_different_ways_meets_at_its_anchor(self):
        anchors = {"tcp_sendmsg": "socket send"}
        epoll = {("t", "send", "sendmsg_[k]", "tcp_sendmsg_[k]", "ip_[k]"): 5, ("t", "x"): 1}
        uring = {("t", "wait", "io_issue_[k]", "tcp_sendmsg_[k]", "ip_[k]"): 4}
        tree = stacks.difference_tree(stacks.anchored(epoll, anchors),
                                      stacks.anchored(uring, anchors))
        send = next(node for node in tree["c"][0]["c"] if node["n"] == "socket send")
        self.assertEqual((send["a"], send["b"]), (5, 4))
        self.assertEqual(send["c"][0]["c"][0]["n"], "ip")

    def test_a_slope_leaves_what_is_equal(self):
        self.assertEqual(stacks.subtracted({("a",): 5, ("b",): 2}, {("a",): 5, ("b",): 1}),
                         {("b",): 1})


class PerfSamples(unittest.TestCase):
    def setUp(self):
        self.found, self.whole = perf_script.folded(profile_sample.lines("perf.script"))

    def test_each_sample_is_a_stack_from_its_thread_to_its_leaf(self):
        self.assertEqual(stacks.total(self.found), 4)
        self.assertEqual(self.whole, 1.0)
        for stack in self.found:
            self.assertEqual(stack[:3], ("reactor-0", "clone3", "start_thread"))

    def test_kernel_user_and_inlined_frames_are_told_apart(self):
        leaves = {stack[-1] for stack in self.found}
        self.assertEqual(leaves, {"sluice::Identity::uid_[i]", "__dev_queue_xmit_[k]",
                                  "finish_task_switch_[k]", "tcp_rcv_space_adjust_[k]"})

    def test_a_function_inlined_into_its_own_wrapper_is_one_frame(self):
        stack = next(stack for stack in self.found if stack[-1] == "__dev_queue_xmit_[k]")
        self.assertEqual(stack.count("__libc_sendmsg"), 1)
        found = next(stack for stack in self.found if "sluice::Presence::find" in stack)
        self.assertEqual(found.count("sluice::Shard::deliver_to_uid"), 1)

    def test_a_frame_without_a_name_has_that_of_its_file(self):
        self.assertTrue(all("[libstdc++.so.6.0.30]" in stack for stack in self.found))

    def test_a_stack_without_its_root_is_counted_as_cut(self):
        cut = ["x 1", "\tffffffff81e65aa9 tcp_ack ([kernel.kallsyms])", ""]
        self.assertEqual(perf_script.folded(cut), ({("x", "tcp_ack_[k]"): 1}, 0.0))

    def test_a_thread_with_blanks_in_its_name_and_an_empty_stack(self):
        self.assertEqual(perf_script.folded(["kworker u 2:1 77", ""])[0], {("kworker u 2:1",): 1})

    def test_what_perf_complains_about_is_no_sample(self):
        with self.assertRaisesRegex(stacks.FormatError, "line 1 .*Permission"):
            perf_script.folded(["Permission denied."])


class Layers(unittest.TestCase):
    def test_the_innermost_name_decides(self):
        found, _ = perf_script.folded(profile_sample.lines("perf.script"))
        self.assertEqual(layers.sums(found), {
            "socket send: TCP, IP, loopback device": 1, "socket receive: TCP": 1,
            "sleeping and scheduling": 1, "gateway: broker and presence": 1})

    def test_a_wake_up_inside_a_send_is_a_wake_up(self):
        stack = ("t", "main", "tcp_sendmsg_[k]", "do_softirq_[k]", "sock_def_readable_[k]",
                 "_raw_spin_unlock_irqrestore_[k]")
        self.assertEqual(layers.layer_of(stack), "waking the peer")
        self.assertEqual(layers.layer_of(stack[:4]),
                         "the peer's half of the loopback: softirq receive")

    def test_what_nobody_names_is_other(self):
        self.assertEqual(layers.layer_of(("t", "mystery")), layers.OTHER)


if __name__ == "__main__":
    unittest.main()
