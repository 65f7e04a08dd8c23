"""perf record on the gateway's cores, inside the window only; the samples of its threads are kept.

Cores and not threads: an event of a thread is begun and ended at each switch between threads, which
under a timer costs the gateway several microseconds a sleep, and then shows as its own.

perf is started when all connections stand, with its events off, and told through a pair of pipes
when the window begins and ends; it answers, so the edges are exact to a millisecond. Stacks are
unwound from a copy of the stack's top (DWARF): the gateway is profiled as it is shipped, with no
frame pointers, and Debian's libc has none either.
"""
import os
import select
import signal
import subprocess

from perf.bench.processes import Failure, kill, spawn
from tools.profile import needs

FREQUENCY = 999       # not 1000: no lockstep with what happens every millisecond
STACK_BYTES = 16384   # of each sample; the deepest stacks of the gateway need less
ANSWER_PATIENCE_S = 20
END_PATIENCE_S = 60


class PerfRecorder:
    """begin() and end() as perf.bench.runs wants them; the samples lie at `path` afterwards."""

    def __init__(self, server, directory, event, pins):
        self.pid = server.pid
        self.path = os.path.join(directory, "perf.data")
        self.pipes = [os.path.join(directory, name) for name in ("perf.control", "perf.answer")]
        for pipe in self.pipes:
            if os.path.exists(pipe):
                os.remove(pipe)
            os.mkfifo(pipe)
        self.control, self.answer = (os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
                                     for pipe in self.pipes)
        self.process = spawn(
            [needs.program("perf"), "record", "-q", "-D", "-1",
             "--control", f"fifo:{self.pipes[0]},{self.pipes[1]}", "-e", event,
             "-F", FREQUENCY, "--call-graph", f"dwarf,{STACK_BYTES}",
             "-a", "-C", ",".join(map(str, pins.server)), "-o", self.path],
            pins.load, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # Its answer to a question that changes nothing: it has attached to all threads.
        self._tell("disable")

    def _tell(self, word):
        os.write(self.control, f"{word}\n".encode())
        ready = select.select([self.answer], [], [], ANSWER_PATIENCE_S)[0]
        # perf ends each answer with a zero byte.
        if not ready or not os.read(self.answer, 64).strip(b"\0\n").endswith(b"ack"):
            kill(self.process)
            said = self.process.stdout.read()
            self._close()
            raise needs.Missing(
                f"perf record does not answer '{word}': {said.strip() or 'it says nothing'}. It "
                "needs Linux 5.11 with perf of that age or newer, and kernel.perf_event_paranoid "
                f"of 0 or less, or root (it is {needs.sysctl('kernel.perf_event_paranoid')})")

    def _close(self):
        for pipe in (self.control, self.answer):
            os.close(pipe)
        for path in self.pipes:
            os.remove(path)

    def begin(self):
        self._tell("enable")

    def end(self):
        self._tell("disable")
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=END_PATIENCE_S)
        self._close()
        # 130 and -2: it was interrupted, which is how it ends.
        if self.process.returncode not in (0, 130, -signal.SIGINT):
            raise Failure(f"perf record ended with {self.process.returncode}: {said.strip()}")


def script(path, pid):
    """The samples of one process in a perf.data as text, line by line."""
    done = subprocess.run(
        [needs.program("perf"), "script", "-i", path, "-F", "comm,tid,ip,sym,dso",
         "--pid", str(pid)],
        capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise Failure(f"perf script cannot read {path}: {done.stderr.strip()}")
    return done.stdout.splitlines()
