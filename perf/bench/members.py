"""Who is compared: a gateway with a poller's spec, maybe of another build, or a bare echo loop."""
import dataclasses
import os

from perf.bench import processes


@dataclasses.dataclass(frozen=True)
class Member:
    """`name` is how a result calls it: the spec as it was given, or "echo epoll"."""

    name: str
    build: str
    spec: str
    is_echo: bool = False

    def start(self, reactors, cores, flags=(), wrapper=()):
        if self.is_echo:
            return processes.start_echo(self.build, self.spec, cores=cores)
        return processes.start_gateway(self.build, self.spec, reactors=reactors, cores=cores,
                                       flags=flags, wrapper=wrapper)


def member_from(text, build):
    """SPEC, or SPEC@BUILD for the gateway of another build directory, or a bare echo loop."""
    for echo in echoes(build):
        if text == echo.name:
            return echo
    spec, at, other = text.partition("@")
    return Member(text, os.path.abspath(other) if at else build, spec)


def echoes(build):
    return [Member(f"echo {kind}", build, kind, True) for kind in ("epoll", "uring")]


def looked_at(members, reactors):
    """({name: poller options in effect}, {name: allocator}) of gateways that are started for it; a
    spec that the gateway refuses is a Failure with the gateway's own words."""
    effective, allocators = {}, {}
    for member in members:
        if member.is_echo:
            continue
        server = member.start(reactors, None)
        effective[member.name] = server.effective
        allocators[member.name] = allocator_of(server.pid)
        server.stop()
    return effective, allocators


def allocator_of(pid):
    """The allocator in a running gateway, by what it has mapped."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        return "jemalloc" if "jemalloc" in file.read() else "the C library's"
