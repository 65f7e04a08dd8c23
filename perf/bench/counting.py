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
from perf.bench.processes import Failure, kill, spawn
from perf.bench.sampling import window_share

# bpftrace compiles its script for a second or two; where it cannot see us it never answers.
ATTACH_PATIENCE_S = 20
END_PATIENCE_S = 30


def names_by_number():
    """The kernel's numbers, from the headers that the compiler uses; empty without a compiler."""
    text = subprocess.run(["c++", "-E", "-dM", "-x", "c", "-include", "sys/syscall.h", "/dev/null"],
                          capture_output=True, text=True, check=False).stdout
    return {int(number): name
            for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", text, re.MULTILINE)}


def last_words(process):
    """(stdout, stderr) of a tracer that has been told to end."""
    try:
        return process.communicate(timeout=END_PATIENCE_S)
    except subprocess.TimeoutExpired as error:
        kill(process)
        raise Failure(f"the tracer did not end within {END_PATIENCE_S} s: system calls are not "
                      "counted here") from error


class Bpftrace:
    """Counts at the tracepoint by which every system call enters the kernel, inside the window.

    It hears us by calls that nobody else in this process makes: when it answers getppid() it is
    attached, which also shows that it numbers processes as we do (in a container it may not);
    getresuid() opens the count and getresgid() closes it. A tracefs that is not mounted is mounted
    for it alone, in a mount namespace of its own.
    """

    name = "bpftrace"
    counts_window = True

    def __init__(self, pid, cores):
        self.names = names_by_number()
        numbers = {name: number for number, name in self.names.items()}
        self.process = None
        self.said = ""
        if "getppid" not in numbers:
            self.said = "there is no compiler to tell the numbers of system calls"
            return
        script = SCRIPT.format(server=pid, us=os.getpid(), knock=numbers["getppid"],
                               begin=numbers["getresuid"], end=numbers["getresgid"])
        command = ["bpftrace", "-B", "line", "-e", script]
        if not os.path.isdir("/sys/kernel/tracing/events"):
            command = ["unshare", "--mount", "sh", "-c",
                       'mount -t tracefs none /sys/kernel/tracing && exec "$@"', "sh"] + command
        self.process = spawn(command, cores, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)

    def attach(self):
        """None if it is attached, else why not."""
        end = time.monotonic() + ATTACH_PATIENCE_S
        while self.process and time.monotonic() < end:
            os.getppid()
            if not select.select([self.process.stdout], [], [], 0.02)[0]:
                continue
            news = os.read(self.process.stdout.fileno(), 65536).decode(errors="replace")
            self.said += news
            if "\nattached\n" in "\n" + self.said:
                return None
            if not news:
                break
        if self.process:
            kill(self.process)
        return f"bpftrace does not work here: {self.said.strip() or 'it does not see us'}"

    def begin(self):
        os.getresuid()

    def end(self):
        os.getresgid()

    def counts(self):
        """Detaches; system calls by name."""
        self.process.send_signal(signal.SIGINT)
        said = last_words(self.process)[0]
        return {self.names.get(int(number), f"number {number}"): int(count)
                for number, count in re.findall(r"^@calls\[(\d+)\]: (\d+)$", said, re.MULTILINE)}


SCRIPT = """
tracepoint:raw_syscalls:sys_enter {{
  if (pid == {server}) {{
    if (@counting) {{ @calls[args->id] = count(); }}
  }} else if (pid == {us}) {{
    if (args->id == {knock}) {{ printf("attached\\n"); }}
    if (args->id == {begin}) {{ @counting = 1; }}
    if (args->id == {end}) {{ @counting = 0; }}
  }}
}}
"""


class Strace:
    """Stops each thread at each call, from the warm-up on. Threads that the kernel made let nobody
    attach: they make no calls either."""

    name = "strace"
    counts_window = False

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

    def begin(self):
        """It counts already."""

    def end(self):
        self.process.send_signal(signal.SIGINT)

    def counts(self):
        said = last_words(self.process)[1]
        return {name: int(count)
                for name, count in re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE)
                if name != "total"}


class Tracers:
    """Chooses the first tracer that works, once; makes one for each run."""

    def __init__(self, cores):
        self.cores = cores
        self.kinds = [kind for kind in (Bpftrace, Strace) if shutil.which(kind.name)]
        self.complaints = [] if self.kinds else [
            "neither bpftrace nor strace is installed: apt-get install bpftrace"]

    @property
    def name(self):
        return self.kinds[0].name if self.kinds else None

    def attached(self, server):
        """A tracer on this server; a Failure if none works here."""
        while self.kinds:
            tracer = self.kinds[0](server.pid, self.cores)
            complaint = tracer.attach()
            if complaint is None:
                return tracer
            self.complaints.append(complaint)
            self.kinds.pop(0)
        raise Failure("system calls are not counted: " + "; ".join(self.complaints)
                      + " (it takes root, and tracepoints or ptrace)")


def count(bench, member, cell, settings, tracers):
    """(entry of the result's "counted", RUN figures) of one run under a tracer."""
    attached = []

    def watch(server):
        attached.append(tracers.attached(server))
        return attached[0]

    figures = runs.measured(bench, member, cell, settings, watch=watch)
    tracer, load = attached[0], figures["load"]
    if not load["messages"]:
        raise Failure(f"{cell.name} on {member.name}: nothing to divide the system calls by")
    # What strace counted over warm-up and window is shared out by their time.
    share = 1.0 if tracer.counts_window else window_share(load)
    calls = sorted(tracer.counts().items(), key=lambda at: -at[1])
    per_message = {name: number * share / load["messages"] for name, number in calls}
    return {"syscalls_per_message": sum(per_message.values()), "by_name": per_message,
            "messages": load["messages"], "tracer": tracer.name}, figures
