"""System calls per message, by name: bpftrace counts them, strace where bpftrace does not work."""
import json
import os

from perf.bench import counting
from perf.bench.sampling import window_share
from tools.profile import words

RARE = 0.0005  # calls per message

# What they say about a recorder, in the report.
COST = {"bpftrace": "bpftrace adds some 100 ns to each call",
        "strace": "strace stops the thread at each call, which makes it some twenty times as slow: "
                  "more news is waiting when the gateway looks, and fewer calls a message are made "
                  "than without it"}


def per_message(profiled):
    """{name: calls per message}; strace counted warm-up and window, of which it gets its share."""
    tracer = profiled.recorder
    share = 1.0 if tracer.counts_window else window_share(profiled.load)
    counts = sorted(tracer.counts().items(), key=lambda item: -item[1])
    return {name: count * share / profiled.messages for name, count in counts}


def shown(calls):
    """Without the rare ones (the admin port's, mostly), which are one line together."""
    rare = {name: value for name, value in calls.items() if value < RARE}
    kept = {name: value for name, value in calls.items() if name not in rare}
    return {**kept, f"{len(rare)} others": sum(rare.values())} if rare else kept


def lines(session, profiled, calls):
    tracer = profiled.recorder.name
    unit = profiled.load["unit"]
    table = words.table(f"system calls per {unit}", shown(calls),
                        amount=lambda value: f"{value:.4f}")
    return [session.report_line(profiled, tracer), COST[tracer], *session.caveats(profiled), "",
            *table]


def profile(session):
    tracers = counting.Tracers(session.pins.load)
    paths = []
    for poller in session.request.pollers:
        session.say(f"syscalls: {poller}, {session.request.seconds:g} s")
        profiled = session.record(poller, tracers.attached)
        calls = per_message(profiled)
        said = lines(session, profiled, calls)
        print("\n".join(said), end="\n\n")
        directory = session.directory(poller)
        words.write(directory, "result.json", json.dumps({
            "schema": "sluice-profile/1", "kind": "syscalls", "poller": poller,
            "report_line": said[0], "tracer": profiled.recorder.name,
            "messages": profiled.messages, "per_message": calls}, indent=1) + "\n")
        words.write(directory, "report.txt", "\n".join(said) + "\n")
        paths.append(os.path.join(directory, "report.txt"))
    return paths
