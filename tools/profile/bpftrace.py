"""bpftrace on the gateway, inside the window only; and what it prints, read.

The program hears us by system calls that nobody else in this process makes: getppid() asks whether
it is attached (its answer also shows that it numbers processes as we do, which in a container it
may not), getresuid() opens the window and getresgid() closes it. So a program's own probes stand
under `@open`, and END is ours.
"""
import os
import re
import select
import signal
import subprocess
import time

from perf.bench.processes import Failure, kill, spawn
from tools.profile import needs, stacks
from tools.profile.session import Slip

# It compiles for a second or two, on a busy machine for many; where it cannot see us it never
# answers.
ATTACH_PATIENCE_S = 40
END_PATIENCE_S = 60
AGAIN_S = 3
KNOCKS = """
tracepoint:syscalls:sys_enter_getresuid /pid == {us}/ {{ @open = 1; }}
tracepoint:syscalls:sys_enter_getresgid /pid == {us}/ {{ @open = 0; }}
tracepoint:syscalls:sys_enter_getppid /pid == {us}/ {{ printf("attached\\n"); }}
"""
# What it complains about and nobody can use.
NOISE = re.compile(r"couldn't set RLIMIT_MEMLOCK")


class Bpftrace:
    """begin() and end() as perf.bench.runs wants them; text is what it printed at its end."""

    def __init__(self, program, cores, *, tracepoints=()):
        bpftrace = needs.program("bpftrace")
        needs.tracepoints("syscalls:sys_enter_getppid", *tracepoints)
        self.program = program + KNOCKS.format(us=os.getpid())
        self.text = ""
        # Maps for many stacks; its own output is small.
        environment = {**os.environ, "BPFTRACE_MAP_KEYS_MAX": "65536"}
        self.process = spawn(
            needs.with_tracefs([bpftrace, "-B", "line", "-e", self.program]),
            cores, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment)
        self._wait_until_attached()

    def _wait_until_attached(self):
        end = time.monotonic() + ATTACH_PATIENCE_S
        while time.monotonic() < end:
            os.getppid()
            if not select.select([self.process.stdout], [], [], 0.02)[0]:
                continue
            news = os.read(self.process.stdout.fileno(), 65536).decode(errors="replace")
            self.text += news
            if "\nattached\n" in "\n" + self.text:
                return
            if not news:
                break
        kill(self.process)
        said = "\n".join(line for line in self.text.splitlines() if not NOISE.search(line)).strip()
        raise needs.Missing(
            f"bpftrace does not work here: {said or 'it attaches, and does not see us'}. It needs "
            "root, a kernel with CONFIG_BPF_EVENTS and CONFIG_DEBUG_INFO_BTF, and the machine's "
            "own numbers of processes (in a container: --pid=host --privileged)")

    def begin(self):
        os.getresuid()

    def end(self):
        os.getresgid()
        # It looks up the names of user code in the running process, so it ends before the gateway.
        said = self._interrupted()
        self.text = said
        if self.process.returncode != 0:
            raise Failure(f"bpftrace ended with {self.process.returncode}: {said[-2000:]}")
        # Now and then 0.17 looks stacks up in maps that it has closed already.
        lost = re.search(r"Lost \d+ events|ERROR: failed to look up.*", said)
        if lost:
            raise Slip(f"bpftrace lost something, so the result would be wrong: {lost[0]}")

    def _interrupted(self):
        """What it says at its end. bpftrace 0.17 sees a signal only while it waits for events; one
        that comes while it handles an event is lost, so it is sent again."""
        for _ in range(END_PATIENCE_S // AGAIN_S):
            self.process.send_signal(signal.SIGINT)
            try:
                return self.process.communicate(timeout=AGAIN_S)[0]
            except subprocess.TimeoutExpired:
                continue
        kill(self.process)
        raise Slip(f"bpftrace did not end within {END_PATIENCE_S} s")


# ── What it prints ──

def maps(text):
    """{map: {key: number}} of all maps of numbers: `@calls[recvfrom, 3]: 42`; a map without keys
    has the key ()."""
    result = {}
    for found in re.finditer(r"^@(\w*)(?:\[([^\n]*)\])?: (-?\d+)$", text, re.MULTILINE):
        key = tuple(part.strip() for part in found[2].split(",")) if found[2] is not None else ()
        result.setdefault(found[1], {})[key] = int(found[3])
    return result


SUFFIXES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def bound(text):
    """A bound of a bucket, `4K` or `-12`."""
    found = re.match(r"(-?\d+)([KMGT]?)$", text)
    if not found:
        raise stacks.FormatError(f"{text!r} is no bound of a bucket")
    return int(found[1]) * SUFFIXES[found[2]]


BUCKET = re.compile(r"^(?:\[(-?\d+[KMGT]?)\]|\[(-?\d+[KMGT]?), (-?\d+[KMGT]?)\)|\(\.\.\., (-?\d+"
                    r"[KMGT]?)\)|\[(-?\d+[KMGT]?), \.\.\.\))\s+(\d+) \|")


def histograms(text):
    """{(map, key): [(low, high, count)]} of hist() and lhist(); low and high are inclusive and
    exclusive, None where open."""
    result = {}
    buckets = None
    for line in text.splitlines():
        heading = re.match(r"^@(\w*)(?:\[(.*)\])?:\s*$", line)
        if heading:
            key = tuple(part.strip() for part in heading[2].split(",")) if heading[2] else ()
            buckets = result.setdefault((heading[1], key), [])
            continue
        found = BUCKET.match(line)
        if not found:
            buckets = None
            continue
        if buckets is None:
            raise stacks.FormatError(f"a bucket without a heading: {line!r}")
        one, low, high, below, above, count = found.groups()
        if one is not None:
            buckets.append((bound(one), bound(one) + 1, int(count)))
        elif low is not None:
            buckets.append((bound(low), bound(high), int(count)))
        elif below is not None:
            buckets.append((None, bound(below), int(count)))
        else:
            buckets.append((bound(above), None, int(count)))
    return {key: buckets for key, buckets in result.items() if buckets}


STACK_FRAME = re.compile(r"^\s+([0-9a-f]+) (.*?)(?: \(([^()]*|\[[^\]]*\])\))?$")


def stack_maps(text, name):
    """[(words of the key, [user frames], [kernel frames], number)] of a map whose key ends in
    ustack(perf), kstack(perf). Frames stand from leaf to root, as printed."""
    result = []
    lines = iter(text.splitlines())
    for line in lines:
        if not line.startswith(f"@{name}["):
            continue
        key = [part.strip() for part in line[len(name) + 2:].split(",") if part.strip()]
        both, count = [[]], None
        for line in lines:
            closing = re.match(r"^(?:.*)\]: (-?\d+)$", line)
            if closing:
                count = int(closing[1])
                break
            if line.strip() == ",":
                both.append([])
                continue
            found = STACK_FRAME.match(line)
            if found:
                both[-1].append((found[1], found[2], found[3] or ""))
        if count is None:
            raise stacks.FormatError(f"the map @{name} ends in the middle of a stack")
        user, kernel = (both + [[], []])[:2]
        result.append((key, user, kernel, count))
    return result


def frames(user, kernel):
    """One stack from the root, of two as printed."""
    plain = []
    for address, symbol, place in reversed(user):
        symbol = re.sub(r"\+\d+$", "", symbol)
        if re.fullmatch(r"0x[0-9a-f]+", symbol):
            symbol = f"[{place.rpartition('/')[2].strip('[]')}]" if place else "[unknown]"
        plain.append(stacks.plain_name(symbol))
    return tuple(plain) + tuple(stacks.plain_name(re.sub(r"\+\d+$", "", symbol)) + stacks.KERNEL
                                for _, symbol, _ in reversed(kernel))
