#!/usr/bin/env python3
"""Memory per idle authenticated connection: slopes from 2,000 to 15,000 connections.

    perf/measure/idle_memory.py BUILD_DIR [--poller SPEC ...] [--from 2000] [--to 15000]

uid of 12 bytes, deviceID of 11 bytes, two reactors, plain TCP on the loopback. Prints for each
poller

- the gateway's own memory, smaps Rss, in all and by kind of mapping;
- the kernel's (slab objects and stacks), for both ends together, as the clients' ends cannot be
  told from the gateway's: so the caches that only the gateway's poller uses are named (epoll has
  eventpoll_*, io_uring io_kiocb; the clients here use neither). Where the kernel has merged such a
  cache with others of its size, all their names are given: tcp_bind*_bucket are the clients' ports,
  two objects each. A kernel booted with slab_nomerge tells them apart.

With several pollers the clients' ends cancel out, and it prints what each one takes more than the
first. Kernel figures are of the whole machine: measure while it is quiet. proc_inode_cache, with
its dentries, is of whoever lists /proc/PID/fd meanwhile.
"""
import argparse
import os
import re
import socket
import struct
import time

import kernel_memory
import paired
import servers

# Slab caches that grow by less per connection are noise.
BYTES_SHOWN = 8


def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def connect_frame(uid, device):
    now = struct.pack(">q", int(time.time() * 1000))
    body = bytes([5, 0]) + text(device) + text(uid) + text("") + now + text("")
    return bytes([0x10, len(body)]) + body


def rss_by_mapping(pid):
    kinds = {}
    name = ""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
        for line in file:
            head = re.match(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+\s*(.*)$", line)
            if head:
                name = os.path.basename(head.group(1)) or "anonymous"
            elif line.startswith("Rss:"):
                kinds[name] = kinds.get(name, 0) + int(line.split()[1]) * 1024
    return kinds


def reset(peers):
    """Ends them without TIME_WAIT, which would keep 15,000 ports and their memory for a minute."""
    for peer in peers:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()


def open_peers(peers, port, count):
    """Connects and authenticates until there are `count`."""
    while len(peers) < count:
        peer = socket.create_connection(("127.0.0.1", port))
        peer.sendall(connect_frame(f"user{len(peers):08d}", "device-0001"))
        assert peer.recv(64)[0] >> 4 == 2
        peers.append(peer)


def slopes(build, poller, low, high):
    """Bytes per connection: {"rss": by mapping, "totals": …, "caches": …}."""
    server = servers.start_gateway(build, poller, reactors=2)
    peers = []
    seen = []
    for count in (low, high):
        open_peers(peers, server.port, count)
        time.sleep(2)
        seen.append({"rss": rss_by_mapping(server.pid), "totals": kernel_memory.totals(),
                     "caches": kernel_memory.caches()})
    reset(peers)
    server.stop()
    before, after = seen
    return {kind: {name: (after[kind][name] - before[kind].get(name, 0)) / (high - low)
                   for name in after[kind]}
            for kind in after}


def listed(figures, least):
    """name bytes, name bytes, …, the largest first."""
    shown = sorted((item for item in figures.items() if abs(item[1]) >= least),
                   key=lambda item: -abs(item[1]))
    return ", ".join(f"{name} {value:.0f}" for name, value in shown) or "nothing"


def report(poller, figures, args):
    own = {name: value for name, value in figures["caches"].items()
           if kernel_memory.is_pollers(name)}
    print(f"idle · {poller} · 2 reactors · {args.low} to {args.high} connections: "
          f"{sum(figures['rss'].values()):.0f} bytes Rss per connection · {paired.provenance()}")
    print(f"  Rss: {listed(figures['rss'], 1)}")
    print(f"  kernel, both ends: {listed(figures['totals'], 0)}")
    print(f"  kernel, caches that pollers use: {listed(own, 0)}")
    print(f"  kernel, all caches, both ends: {listed(figures['caches'], BYTES_SHOWN)}",
          flush=True)


def report_difference(first, other, args):
    """What the second of two (poller, figures) takes more than the first."""
    (base_name, base), (name, figures) = first, other

    def more(kind):
        return {key: figures[kind].get(key, 0) - base[kind].get(key, 0)
                for key in {**base[kind], **figures[kind]}}
    print(f"idle · {name} less {base_name} · {args.low} to {args.high} connections, bytes per "
          f"connection: Rss {sum(more('rss').values()):.0f}, {listed(more('totals'), 0)}")
    print(f"  caches: {listed(more('caches'), BYTES_SHOWN)}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--poller", nargs="+", default=["epoll"])
    parser.add_argument("--from", dest="low", type=int, default=2000)
    parser.add_argument("--to", dest="high", type=int, default=15000)
    args = parser.parse_args()
    servers.raise_descriptor_limit()
    done = []
    for poller in args.poller:
        figures = slopes(args.build, poller, args.low, args.high)
        report(poller, figures, args)
        done.append((poller, figures))
    for other in done[1:]:
        report_difference(done[0], other, args)


if __name__ == "__main__":
    main()
