"""A profile that something is missing for: says what, and what to do, and leaves nothing behind.

Usage: python3 -m tests.perf.profile_needs_test BUILD_DIR
"""
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from tools.profile import needs

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = sys.argv.pop(1) if __name__ == "__main__" else None
# What each kind says where nothing is installed that records.
SAID = {
    "cpu": "perf is not installed: apt-get install linux-perf",
    "offcpu": "bpftrace is not installed: apt-get install bpftrace",
    "syscalls": "neither bpftrace nor strace is installed: apt-get install bpftrace",
    "uring": "bpftrace is not installed: apt-get install bpftrace",
    "wakeups": "bpftrace is not installed: apt-get install bpftrace",
    "alloc": "heaptrack_print is not installed: apt-get install heaptrack",
    "instructions": "valgrind is not installed: apt-get install valgrind"}
RECORDERS = ("perf", "bpftrace", "strace", "heaptrack_print", "valgrind")


def link_programs(directory):
    """All programs of this machine but the recorders."""
    for folder in reversed(os.get_exec_path()):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            link = os.path.join(directory, name)
            if name not in RECORDERS:
                if os.path.lexists(link):
                    os.remove(link)
                os.symlink(os.path.join(folder, name), link)


class MissingPrograms(unittest.TestCase):
    def test_each_profile_names_its_recorder_and_the_package(self):
        with tempfile.TemporaryDirectory() as folder:
            path, out = os.path.join(folder, "bin"), os.path.join(folder, "out")
            os.mkdir(path)
            link_programs(path)
            for kind, said in SAID.items():
                with self.subTest(kind):
                    self.assert_refused(kind, said, {**os.environ, "PATH": path}, out)

    def assert_refused(self, kind, said, environment, out):
        done = subprocess.run(
            [sys.executable, "-B", "-m", "tools.profile", kind, "--seconds", "0.5", "--rate", "100",
             "--set", "connections=2", "--poller", "epoll", "--build", BUILD,
             "--frames-build", BUILD, "--out", out],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(f"tools/dev profile {kind}: ", done.stderr)
        self.assertIn(said, done.stderr)
        self.assertFalse(os.path.exists(out))


class Needs(unittest.TestCase):
    def assert_missing(self, words, check, *arguments):
        with self.assertRaisesRegex(needs.Missing, words):
            check(*arguments)

    def test_who_is_not_root_is_told_what_it_takes(self):
        with mock.patch("os.geteuid", return_value=1000):
            self.assert_missing("tracing the kernel needs root: run it with sudo",
                                needs.tracepoints, "sched:sched_switch")

    def test_no_tracefs(self):
        with mock.patch("os.geteuid", return_value=0), \
                mock.patch.object(needs, "TRACEFS", "/nonexistent"):
            self.assert_missing("no tracefs here: .*mount -t tracefs", needs.tracepoints,
                                "sched:sched_switch")

    def test_a_tracepoint_that_this_kernel_has_not_is_named_and_no_other(self):
        with tempfile.TemporaryDirectory() as folder, \
                mock.patch("os.geteuid", return_value=0), \
                mock.patch.object(needs, "TRACEFS", folder):
            os.makedirs(os.path.join(folder, "events/sched/sched_switch"))
            needs.tracepoints("sched:sched_switch")
            self.assert_missing("no tracepoint io_uring:io_uring_complete: .*CONFIG_IO_URING",
                                needs.tracepoints, "sched:sched_switch",
                                "io_uring:io_uring_complete")

    def test_a_perf_that_may_not_count_tells_the_setting(self):
        with tempfile.TemporaryDirectory() as folder:
            perf = os.path.join(folder, "perf")
            with open(perf, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\necho 'Access to performance monitoring is limited.' >&2\n"
                           "exit 1\n")
            os.chmod(perf, 0o755)
            with mock.patch.dict(os.environ, {"PATH": f"{folder}:{os.environ['PATH']}"}):
                self.assert_missing("perf cannot count here: Access to performance.*"
                                    "sysctl kernel.perf_event_paranoid=-1", needs.perf_event)

    def test_a_build_without_what_is_profiled(self):
        self.assert_missing("/nonexistent/src/sluice is not built: build it", needs.built,
                            "/nonexistent", "src/sluice", "build it")


if __name__ == "__main__":
    unittest.main()
