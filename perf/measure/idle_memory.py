#!/usr/bin/env python3
"""Resident memory per idle authenticated connection: the slope of smaps Rss, 2,000 to 15,000.

    perf/measure/idle_memory.py BUILD_DIR [--from 2000] [--to 15000]

uid of 12 bytes, deviceID of 11 bytes, two reactors, plain TCP on the loopback. Prints bytes per
connection, and by kind of mapping.
"""
import argparse
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import time


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


def start_gateway(build):
    """A gateway on two reactors; returns the process and its port."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = subprocess.Popen(
        [f"{build}/src/sluice", "--listen=tcp://127.0.0.1:0", "--reactors=2"],
        stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        found = re.search(r"listening address=tcp://127\.0\.0\.1:(\d+)", line)
        if found:
            break
    # The log goes on: somebody has to read it.
    subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
    return server, int(found.group(1))


def open_peers(peers, port, count):
    """Connects and authenticates until there are `count`."""
    while len(peers) < count:
        peer = socket.create_connection(("127.0.0.1", port))
        peer.sendall(connect_frame(f"user{len(peers):08d}", "device-0001"))
        assert peer.recv(64)[0] >> 4 == 2
        peers.append(peer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--from", dest="low", type=int, default=2000)
    parser.add_argument("--to", dest="high", type=int, default=15000)
    args = parser.parse_args()
    server, port = start_gateway(args.build)
    peers = []
    seen = {}
    for count in (args.low, args.high):
        open_peers(peers, port, count)
        time.sleep(2)
        seen[count] = rss_by_mapping(server.pid)
    low, high = seen[args.low], seen[args.high]
    step = args.high - args.low
    print(f"idle · epoll · 2 reactors · {args.low} to {args.high} connections: "
          f"{(sum(high.values()) - sum(low.values())) / step:.0f} bytes Rss per connection")
    for name in sorted(high, key=lambda n: low.get(n, 0) - high[n]):
        grown = high[name] - low.get(name, 0)
        if abs(grown) >= step:
            print(f"  {name}: {grown / step:.0f} bytes per connection")
    server.send_signal(signal.SIGTERM)
    for peer in peers:
        peer.close()
    server.wait()


if __name__ == "__main__":
    main()
