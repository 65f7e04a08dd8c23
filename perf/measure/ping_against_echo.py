#!/usr/bin/env python3
"""CPU per PING->PONG of the gateway against the bare epoll echo: interleaved pairs, pinned cores.

    perf/measure/ping_against_echo.py BUILD_DIR [--connections 64 1000] [--pairs 10]
                                      [--messages 200000]

Each run is a fresh server (one reactor, on core 1) and a fresh load process (core 0). The figure is
CPU time of all the server's threads, from /proc/PID/task/*/schedstat in nanoseconds, per message,
over the messages alone (connecting is over).
"""
import argparse
import glob
import os
import random
import re
import signal
import statistics
import subprocess


def cpu_ns(pid):
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def start_echo(build):
    server = subprocess.Popen(["taskset", "-c", "1", f"{build}/perf/epoll_echo"],
                              stdout=subprocess.PIPE, text=True)
    return server, server.stdout.readline().strip()


def start_gateway(build):
    server = subprocess.Popen(
        ["taskset", "-c", "1", f"{build}/src/sluice", "--listen=tcp://127.0.0.1:0",
         "--reactors=1"],
        stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        found = re.search(r"listening address=tcp://127\.0\.0\.1:(\d+)", line)
        if found:
            break
    # The log goes on: somebody has to read it.
    subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
    return server, found.group(1)


def run(build, kind, connections, messages):
    server, port = start_echo(build) if kind == "echo" else start_gateway(build)
    extra = [] if kind == "echo" else ["connect"]
    load = subprocess.Popen(
        ["taskset", "-c", "0", f"{build}/perf/ping_load", port, str(connections), str(messages)]
        + extra,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert load.stdout.readline().strip() == "ready"
    before = cpu_ns(server.pid)
    load.stdin.write("\n")
    load.stdin.flush()
    done = int(load.stdout.readline())
    spent = cpu_ns(server.pid) - before
    load.wait()
    server.send_signal(signal.SIGTERM)
    server.wait()
    return spent / done / 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--connections", type=int, nargs="+", default=[64, 1000])
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--messages", type=int, default=200_000)
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    for connections in args.connections:
        pairs = []
        for pair in range(args.pairs):
            order = ["echo", "gateway"] if pair % 2 == 0 else ["gateway", "echo"]
            cost = {kind: run(build, kind, connections, args.messages) for kind in order}
            pairs.append(cost)
        ratios = sorted(p["gateway"] / p["echo"] for p in pairs)
        draws = sorted(
            statistics.median(random.choices(ratios, k=len(ratios))) for _ in range(2000))
        cost = {kind: statistics.median(p[kind] for p in pairs) for kind in ("gateway", "echo")}
        print(f"ping · epoll · 1 reactor · {connections} connections · closed loop, depth 1 · "
              f"{args.pairs} pairs: CPU per message gateway {cost['gateway']:.2f} µs, "
              f"echo {cost['echo']:.2f} µs; ratio median {statistics.median(ratios):.3f}, "
              f"95 % interval of the median {draws[50]:.3f}..{draws[-50]:.3f}, "
              f"all {ratios[0]:.3f}..{ratios[-1]:.3f}")



if __name__ == "__main__":
    main()
