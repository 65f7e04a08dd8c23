#!/usr/bin/env python3
"""What a gateway with idle connections does: system calls of its reactor threads in ten seconds.

    perf/measure/idle_silence.py BUILD_DIR [--poller epoll] [--connections 500] [--settle 60]
                                 [--watch 10]

Connects and authenticates, waits until the last CONNACK is --settle seconds old, then lets strace
watch the threads named acceptor and reactor-N. Exit code 0 when they made no system call.
"""
import argparse
import glob
import re
import signal
import subprocess
import sys
import time

import servers
from idle_memory import open_peers, reset


def reactor_threads(pid):
    for path in glob.glob(f"/proc/{pid}/task/*/comm"):
        with open(path, encoding="ascii") as file:
            if re.match(r"acceptor|reactor-\d+", file.read()):
                yield path.split("/")[4]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--poller", default="epoll")
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--settle", type=int, default=60)
    parser.add_argument("--watch", type=int, default=10)
    args = parser.parse_args()
    server = servers.start_gateway(args.build, args.poller, reactors=2)
    peers = []
    open_peers(peers, server.port, args.connections)
    time.sleep(args.settle)
    threads = list(reactor_threads(server.pid))
    flags = [flag for thread in threads for flag in ("-p", thread)]
    strace = subprocess.Popen(["strace", "-q", *flags], stderr=subprocess.PIPE, text=True)
    time.sleep(args.watch)
    strace.send_signal(signal.SIGINT)
    lines = strace.stderr.read().splitlines()
    # The call that each thread was asleep in shows as it is found and as strace leaves it.
    calls = [line for line in lines if "<detached ...>" not in line and "<unfinished" not in line]
    print(f"idle · {args.poller} · {args.connections} connections · "
          f"{len(threads)} reactor threads: {len(calls)} system calls in {args.watch} s, "
          f"{args.settle} s after the last CONNACK")
    print("\n".join(calls))
    reset(peers)
    server.stop()
    sys.exit(1 if calls else 0)


if __name__ == "__main__":
    main()
