"""Runs of a fixed number of messages: what a profile counts in N messages and in 2N, and the
difference between the two, in which starting, connecting and stopping cancel out.

A closed loop, so that a run under a slow tool is a run like any other, only longer.
"""
import dataclasses

from perf.bench import processes
from perf.bench.processes import Failure
from tools.profile.session import plural


@dataclasses.dataclass
class Counted:
    """One run: what the tool found, and the messages of the load."""

    messages: int
    load: dict
    found: object


def settings(session, messages, connections_max):
    """Of the load: a whole number of groups of connections, in a closed loop."""
    cell = session.cell
    if cell.is_clocked:
        raise Failure(f"{session.request.kind} counts by messages of a closed loop, and "
                      f"{cell.name} follows a clock: choose another --scenario")
    connections = cell.connections
    if connections_max and connections > connections_max:
        group = cell.keys.get("group", 2) if cell.kind == "fanout" else 2
        connections = max(group, connections_max // group * group)
    return {**cell.settings, "loop": "closed", "messages": messages, "warmup_seconds": 0,
            "connections": connections}


def run(session, poller, build, wrapper, load_settings, read):
    """Starts a gateway behind `wrapper`, has the load do its messages, stops both in order;
    read() then fetches what the tool left."""
    pins = session.pins
    server = processes.start_gateway(build, poller, reactors=session.request.reactors,
                                     cores=pins.server, wrapper=wrapper,
                                     flags=[*session.cell.flags, *session.request.flags])
    load = None
    try:
        load = processes.start_load(session.request.build, session.cell.path, server,
                                    settings=load_settings, cores=pins.load)
        if session.cell.keys.get("pause_at"):
            load.opened()
            load.go()
        load.ready()
        load.go()
        result = load.result()
        load.finish()
        server.stop()
    except BaseException:
        if load:
            load.kill()
        server.kill()
        raise
    if not result["correct"]:
        raise Failure(f"{session.cell.name} on {poller}: the run is wrong: "
                      f"{'; '.join(result['faults'])}")
    return Counted(result["messages"], result, read())


def pair(session, poller, build, wrapper, messages, connections_max, read):
    """The runs of N and 2N messages. wrapper() gives the words of a fresh run."""
    runs = []
    for count in (messages, 2 * messages):
        session.say(f"{session.request.kind}: {poller}, {count:,} messages")
        runs.append(run(session, poller, build, wrapper(),
                        settings(session, count, connections_max), read))
    if runs[1].messages <= runs[0].messages:
        raise Failure(f"{session.cell.name} on {poller}: twice the messages were not more: "
                      f"{runs[0].messages} and {runs[1].messages}")
    return runs


def report_line(session, poller, runs, by):
    load = runs[0].load
    return " · ".join([
        session.cell.name, poller, f"{session.request.reactors} reactor"
        + ("s" if session.request.reactors > 1 else ""),
        f"{load['scenario']['connections']:,} connections",
        f"closed loop, {runs[0].messages:,} and {runs[1].messages:,} "
        f"{plural(load['unit'])}",
        f"counted by {by}", session.commit, session.machine])
