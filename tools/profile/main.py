"""tools/dev profile: the command line, and which profile it asks for."""
import argparse
import os
import signal
import sys

from perf.bench import cells, processes
from perf.bench.processes import Failure
from tools.profile import alloc, cpu, instructions, offcpu, ring, syscalls, wakeups
from tools.profile.session import ROOT, Request, Session

ABOUT = """\
Where the gateway's time goes on each poller, and why. Starts a gateway and a load on cores of their
own, records, and leaves a result in build/profile/KIND-POLLER-SCENARIO.

  cpu           CPU time per message: by layer, by function, as a flame graph
  offcpu        time not on the CPU: waiting, or pushed aside, by stack
  syscalls      system calls per message, by name
  uring         io_uring: completions per enter, submissions, re-arms, punts; epoll: events per wait
  wakeups       time between wake-ups of each reactor, time in the run queue, who woke it
  alloc         heap allocations per message, by stack
  instructions  user-space instructions per message, by function, counted and not sampled
"""
KINDS = {"cpu": cpu, "offcpu": offcpu, "syscalls": syscalls, "uring": ring, "wakeups": wakeups,
         "alloc": alloc, "instructions": instructions}
# A window; counting profiles have numbers of messages instead.
SECONDS = 5.0
SECONDS_MAX = 60.0


def seconds(text):
    value = float(text)
    if not 0.5 <= value <= SECONDS_MAX:
        raise argparse.ArgumentTypeError(f"{text}: from 0.5 to {SECONDS_MAX:g}")
    return value


def positive(text):
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text}: more than 0")
    return value


def setting(text):
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text}: KEY=VALUE, a key of perf/scenarios")
    for kind in (int, float):
        try:
            return key, kind(value)
        except ValueError:
            pass
    return key, {"true": True, "false": False}.get(value, value)


def parser():
    result = argparse.ArgumentParser(
        prog="tools/dev profile", description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("kind", choices=sorted(KINDS))
    result.add_argument("--scenario", default="chat", metavar="S",
                        help=f"of perf/scenarios: {', '.join(cells.known())}; default chat")
    result.add_argument("--poller", nargs="+", metavar="P", default=["epoll", "uring"],
                        help="one or more, each as --poller of the gateway takes it; default both")
    result.add_argument("--compare", nargs=2, metavar=("A", "B"),
                        help="cpu: these two pollers, and the difference as a flame graph")
    result.add_argument("--seconds", type=seconds, default=SECONDS, metavar="N",
                        help=f"length of the window; default {SECONDS:g}")
    result.add_argument("--rate", type=positive, metavar="N",
                        help="units/s instead of half of what the slowest poller can take")
    result.add_argument("--messages", type=int, metavar="N",
                        help="alloc, instructions: the slope is between N and 2N")
    result.add_argument("--set", type=setting, action="append", default=[], metavar="KEY=VALUE",
                        dest="settings", help="of the scenario: loop=closed, connections=100")
    result.add_argument("--flag", action="append", default=[], metavar="--KEY=VALUE",
                        help="of the gateway: --flag=--turn-frames-max=64")
    result.add_argument("--reactors", type=int, default=1, metavar="N")
    result.add_argument("--build", default=os.path.join(ROOT, "build", "release"), metavar="DIR")
    result.add_argument("--frames-build", default=os.path.join(ROOT, "build", "profiling"),
                        metavar="DIR", help="the gateway with frame pointers and libc's allocator")
    result.add_argument("--out", default=os.path.join(ROOT, "build", "profile"), metavar="DIR")
    return result


def request_from(argv):
    arguments = parser()
    args = arguments.parse_args(argv)
    if args.compare and args.kind != "cpu":
        arguments.error(f"--compare is of the profile cpu; for {args.kind} give --poller A B and "
                        "read the two side by side")
    if args.messages is not None and args.kind not in ("alloc", "instructions"):
        arguments.error(f"--messages is of alloc and instructions; {args.kind} takes --seconds")
    if args.messages is not None and args.messages < 100:
        arguments.error("--messages: 100 or more, or starting and stopping is all that one sees")
    if args.reactors < 1:
        arguments.error("--reactors: 1 or more")
    pollers = args.compare or args.poller
    if len(set(pollers)) != len(pollers):
        arguments.error("the same poller twice")
    return Request(
        kind=args.kind, pollers=pollers, scenario=args.scenario, seconds=args.seconds,
        build=os.path.abspath(args.build), frames_build=os.path.abspath(args.frames_build),
        out=os.path.abspath(args.out), reactors=args.reactors, rate=args.rate,
        settings=dict(args.settings), flags=tuple(args.flag), messages=args.messages,
        compare=bool(args.compare))


def say(text):
    """Progress, for people only: silent in a pipe."""
    if sys.stderr.isatty():
        print(f"… {text}", file=sys.stderr, flush=True)


def stop_in_order(_signal, _frame):
    raise KeyboardInterrupt


def main(argv):
    signal.signal(signal.SIGTERM, stop_in_order)
    request = request_from(argv)
    try:
        processes.raise_descriptor_limit()
        session = Session(request, say)
        # Our own work happens where the load's does, not where the gateway's.
        os.sched_setaffinity(0, session.pins.load)
        for path in KINDS[request.kind].profile(session):
            print(os.path.relpath(path))
    except Failure as failure:
        print(f"tools/dev profile {request.kind}: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0
