#!/usr/bin/env python3
"""System calls of all the gateway's threads per SEND, in all and of each kind.

    perf/measure/syscalls.py BUILD_DIR SPEC [--connections 1000] [--payload 64]
        [--messages 50000] [--depth 1] [--tracer bpftrace|strace]

A SPEC is what --poller takes. The tracer is attached when all connections are open, and says so
before the first SEND; it counts until the last SENDACK and RECV have come, before the connections
close. bpftrace (root) costs little; strace, the stand-in where bpftrace does not work, makes each
call many times as slow, so that more news is waiting when the gateway looks, and fewer calls do.
"""
import argparse
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import paired
import servers

# bpftrace compiles its script for a second or two; where it cannot see us it never answers.
ATTACH_PATIENCE_S = 20


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

    def __init__(self, pid):
        self.names = names_by_number()
        knock = next((n for n, name in self.names.items() if name == "getppid"), -1)
        program = ("tracepoint:raw_syscalls:sys_enter { "
                   f"if (pid == {pid}) {{ @calls[args->id] = count(); }} "
                   f"else if (pid == {os.getpid()} && args->id == {knock}) "
                   '{ printf("attached\\n"); } }')
        command = ["bpftrace", "-B", "line", "-e", program]
        if not os.path.isdir("/sys/kernel/tracing/events"):
            command = ["unshare", "--mount", "sh", "-c",
                       'mount -t tracefs none /sys/kernel/tracing && exec "$@"', "sh"] + command
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = b""

    def attach(self):
        """Whether it is attached."""
        end = time.monotonic() + ATTACH_PATIENCE_S
        while time.monotonic() < end:
            os.getppid()
            if not select.select([self.process.stdout], [], [], 0.05)[0]:
                continue
            news = os.read(self.process.stdout.fileno(), 65536)
            self.said += news
            if b"\nattached\n" in b"\n" + self.said:
                return True
            if not news:
                break
        self.process.kill()
        self.process.wait()
        print("bpftrace does not work here:", self.said.decode().strip(), file=sys.stderr)
        return False

    def counts(self):
        """Detaches; system calls by name."""
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate()[0].decode()
        return {self.names.get(int(number), f"number {number}"): int(count)
                for number, count in re.findall(r"^@calls\[(\d+)\]: (\d+)$", said, re.MULTILINE)}


class Strace:
    """Stops each thread at each call. Threads that the kernel made let nobody attach: they make
    no calls either."""

    name = "strace"

    def __init__(self, pid):
        self.process = subprocess.Popen(
            ["strace", "-c", "-f", "-U", "name,calls", "-p", str(pid)], stderr=subprocess.PIPE,
            text=True)

    def attach(self):
        for line in self.process.stderr:
            if re.search(r"Process \d+ attached", line):
                return True
            print(line, end="", file=sys.stderr)
        return False

    def counts(self):
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate()[1]
        return {name: int(count)
                for name, count in re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE)
                if name != "total"}


def attached_tracer(pid, wanted):
    for kind in (Bpftrace, Strace):
        if wanted not in (None, kind.name) or shutil.which(kind.name) is None:
            continue
        tracer = kind(pid)
        if tracer.attach():
            print(f"{kind.name} is attached", file=sys.stderr)
            return tracer
    raise SystemExit("no tracer works here: install bpftrace or strace, and be root")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("spec")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--payload", type=int, default=64)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--tracer", choices=["bpftrace", "strace"])
    args = parser.parse_args()

    server = servers.start_gateway(args.build, args.spec, core=servers.SERVER_CORE)
    load = servers.Load(args.build, "send_load", server, args.connections, args.messages,
                        args.payload, "--depth", args.depth)
    tracer = attached_tracer(server.pid, args.tracer)
    done = load.run()[0]
    counts = tracer.counts()
    load.finish()
    server.stop()

    print(f"system calls · send of {args.payload} bytes · {args.spec} · 1 reactor · "
          f"{args.connections} connections · closed loop, depth {args.depth} · "
          f"{done} SENDs under {tracer.name}: {sum(counts.values()) / done:.3f} per SEND · "
          f"{paired.provenance()}")
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"  {name}: {count / done:.3f} per SEND, {count} in all")


if __name__ == "__main__":
    main()
