#!/usr/bin/env python3
"""CPU per PING->PONG of the gateway against the bare epoll echo: interleaved pairs, pinned cores.

    perf/measure/ping_against_echo.py BUILD_DIR [--poller epoll] [--connections 64 1000]
                                      [--pairs 10] [--messages 200000]

Each run is a fresh server (one reactor, on core 1) and a fresh load process (core 0). The figure is
CPU time of all the server's threads in nanoseconds, per message, over the messages alone
(connecting is over, closing has not begun).
"""
import argparse
import os

import paired
import servers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--poller", default="epoll")
    parser.add_argument("--connections", type=int, nargs="+", default=[64, 1000])
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--messages", type=int, default=200_000)
    args = parser.parse_args()
    build = os.path.abspath(args.build)

    for connections in args.connections:
        def run_echo():
            server = servers.start_echo(build)
            load = servers.Load(build, "ping_load", server, connections, args.messages)
            return servers.cpu_us_per_message(server, load)

        def run_gateway():
            server = servers.start_gateway(build, args.poller, core=servers.SERVER_CORE)
            load = servers.Load(build, "ping_load", server, connections, args.messages, "connect")
            return servers.cpu_us_per_message(server, load)

        pairs = paired.interleaved(args.pairs, run_echo, run_gateway)
        echo, gateway = paired.median_costs(pairs)
        print(f"ping · {args.poller} · 1 reactor · {connections} connections · "
              f"closed loop, depth 1 · {args.pairs} pairs: CPU per message "
              f"gateway {gateway:.2f} µs, echo {echo:.2f} µs; {paired.ratio_line(pairs)} · "
              f"{paired.provenance()}", flush=True)


if __name__ == "__main__":
    main()
