"""System calls of all the server's threads, counted by a tracer in a run of its own.

A tracer costs the traced something, so no other figure comes from that run. bpftrace (root) costs
little; strace, the stand-in where bpftrace does not work, makes each call many times as slow, so
that more news is waiting when the gateway looks, and fewer calls do.
"""
import os
import re
import select
import shutil
import signal
import subprocess
import time

from perf.bench import runs
from perf.bench.processes import Failure, spawn
from perf.bench.sampling import units_of_run

# bpftrace compiles its script for a second or two; where it cannot see us it never answers.
ATTACH_PATIENCE_S = 20
END_PATIENCE_S = 30


def names_by_number():
    """The kernel's numbers, from the headers that the compiler uses; empty without a compiler."""
    text = subprocess.run(["c++", "-E", "-dM", "-x", "c", "-include", "sys/syscall.h", "/dev/null"],
                          capture_output=True, text=True, check=False).stdout
    return {int(number): name
            for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", text, re.MULTILINE)}


class Bpftrace:
    """Counts at the tracepoint by which every system call enters the kernel.

    It is known to be attached when it answers our own getppid(), which also shows that it numbers
    processes as we do (in a container it may not). A tracefs that is not mounted is mounted for it
    alone, in a mount namespace of its own.
    """

    name = "bpftrace"

    def __init__(self, pid, cores):
        self.names = names_by_number()
        knock = next((n for n, name in self.names.items() if name == "getppid"), -1)
        script = ("tracepoint:raw_syscalls:sys_enter { "
                  f"if (pid == {pid}) {{ @calls[args->id] = count(); }} "
                  f"else if (pid == {os.getpid()} && args->id == {knock}) "
                  '{ printf("attached\\n"); } }')
        command = ["bpftrace", "-B", "line", "-e", script]
        if not os.path.isdir("/sys/kernel/tracing/events"):
            command = ["unshare", "--mount", "sh", "-c",
                       'mount -t tracefs none /sys/kernel/tracing && exec "$@"', "sh"] + command
        self.process = spawn(command, cores, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
        self.said = ""

    def attach(self):
        """None if it is attached, else why not."""
        end = time.monotonic() + ATTACH_PATIENCE_S
        while time.monotonic() < end:
            os.getppid()
            if not select.select([self.process.stdout], [], [], 0.02)[0]:
                continue
            news = os.read(self.process.stdout.fileno(), 65536).decode(errors="replace")
            self.said += news
            if "\nattached\n" in "\n" + self.said:
                return None
            if not news:
                break
        self.process.kill()
        self.process.wait()
        return f"bpftrace does not work here: {self.said.strip() or 'it does not see us'}"

    def counts(self):
        """Detaches; system calls by name."""
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=END_PATIENCE_S)[0]
        return {self.names.get(int(number), f"number {number}"): int(count)
                for number, count in re.findall(r"^@calls\[(\d+)\]: (\d+)$", said, re.MULTILINE)}


class Strace:
    """Stops each thread at each call. Threads that the kernel made let nobody attach: they make
    no calls either."""

    name = "strace"

    def __init__(self, pid, cores):
        self.process = spawn(["strace", "-c", "-f", "-U", "name,calls", "-p", str(pid)], cores,
                             stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def attach(self):
        said = []
        for line in self.process.stderr:
            if re.search(r"Process \d+ attached", line):
                return None
            said.append(line.strip())
        return f"strace does not work here: {' '.join(said)}"

    def counts(self):
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=END_PATIENCE_S)[1]
        return {name: int(count)
                for name, count in re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE)
                if name != "total"}


class Tracers:
    """Chooses the first tracer that works, once; makes one for each run."""

    def __init__(self, cores):
        self.cores = cores
        self.kinds = [kind for kind in (Bpftrace, Strace) if shutil.which(kind.name)]
        self.complaints = [] if self.kinds else ["neither bpftrace nor strace is installed"]

    @property
    def name(self):
        return self.kinds[0].name if self.kinds else None

    def attached(self, pid):
        while self.kinds:
            tracer = self.kinds[0](pid, self.cores)
            complaint = tracer.attach()
            if complaint is None:
                return tracer
            self.complaints.append(complaint)
            self.kinds.pop(0)
        raise Failure("system calls are not counted: " + "; ".join(self.complaints)
                      + " (it takes root, and tracepoints or ptrace)")


def count(bench, member, cell, settings, tracers):
    """(entry of the result's "counted", RUN figures): calls per unit over the whole of one run,
    from the first unit of the warm-up to the last answer."""
    figures = runs.measured(bench, member, cell, settings, tracer=tracers.attached)
    calls = figures.pop("counted")
    units = units_of_run(figures["load"])
    if not units:
        raise Failure(f"{cell.name} on {member.name}: nothing to divide the system calls by")
    per_unit = {name: count / units for name, count in sorted(calls.items(), key=lambda at: -at[1])}
    return {"syscalls_per_message": sum(per_unit.values()), "by_name": per_unit,
            "messages": units, "tracer": tracers.name}, figures
