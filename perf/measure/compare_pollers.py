#!/usr/bin/env python3
"""CPU per SEND of the gateway on one poller against another: interleaved pairs, pinned cores.

    perf/measure/compare_pollers.py BUILD_DIR SPEC_A SPEC_B [--connections 1000]
        [--payload 64 1024 16384] [--pairs 10] [--messages 100000] [--depth 1] [--ping]
        [--gateway-args=--flag=value ...]

A SPEC is what --poller takes; the same one twice tells how much of a difference is noise. Each run
is a fresh gateway (one reactor, on core 1) and a fresh load process (core 0). The figure is CPU
time of all the gateway's threads in nanoseconds, per SEND and all that belongs to it (SENDACK,
RECV, RECVACK), over the messages alone. The ratio is B to A: below 1, B is cheaper. With --ping it
is PING and PONG instead.
"""
import argparse
import os
import sys

import paired
import servers


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("spec_a")
    parser.add_argument("spec_b")
    parser.add_argument("--connections", type=int, nargs="+", default=[1000])
    parser.add_argument("--payload", type=int, nargs="+", default=[64, 1024, 16384])
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--depth", type=int, default=1, help="SENDs of a connection in flight")
    parser.add_argument("--ping", action="store_true", help="PING and PONG instead of SEND")
    parser.add_argument("--gateway-args", action="append", default=[],
                        help="one more flag for the gateway, which must still log at info, as its "
                             "port is read from the log; may be given again")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    return args


def scenarios(args):
    """(name, load program, its words behind the port) of each line of the report."""
    for connections in args.connections:
        if args.ping:
            yield (f"ping · 1 reactor · {connections} connections · closed loop, depth 1", "PING",
                   ["ping_load", connections, args.messages, "connect"])
            continue
        for payload in args.payload:
            yield (f"send of {payload} bytes · 1 reactor · {connections} connections · "
                   f"closed loop, depth {args.depth}", "SEND",
                   ["send_load", connections, args.messages, payload, "--depth", args.depth])


def cost(args, spec, load_words):
    server = servers.start_gateway(args.build, spec, core=servers.SERVER_CORE,
                                   flags=args.gateway_args)
    program, *words = load_words
    return servers.cpu_us_per_message(server, servers.Load(args.build, program, server, *words))


def main():
    args = arguments()
    extra = "".join(f" {flag}" for flag in args.gateway_args)
    for name, unit, words in scenarios(args):
        pairs = paired.interleaved(args.pairs, lambda: cost(args, args.spec_a, words),
                                   lambda: cost(args, args.spec_b, words))
        a, b = paired.median_costs(pairs)
        print(f"{name}{extra} · {args.pairs} pairs of {args.messages}: CPU per {unit} "
              f"A={args.spec_a} {a:.2f} µs, B={args.spec_b} {b:.2f} µs; B/A "
              f"{paired.ratio_line(pairs)} · {paired.provenance()}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
