"""The command line of `tools/dev bench`, checked; and the plan that it makes."""
import argparse
import os

from perf.bench import cells, counting, members, plan
from perf.bench.processes import Failure
from perf.bench.runs import Window
from perf.report import result_file

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ABOUT = """\
Which poller serves which load best, on this machine, and why: the gateway on one poller against
another, in interleaved pairs of fresh processes on pinned cores. First A against A, which tells
what this machine can show at all.

A SPEC is what --poller takes: epoll, uring, "uring:fixed_files=on,bundle=on"; with @DIR behind it,
the gateway of another build directory; "echo epoll" and "echo uring" are the bare echo loops of
perf/baseline. The first one is the base of every ratio.
"""
CLOSING = """\
tools/dev bench compare OLD.json NEW.json [--threshold 0.05]   two results; exit code 1 beyond it
tools/dev bench report RESULT.json                             the HTML page again
tools/dev bench selfcheck                                      does it find what is known?
"""


def count(text):
    """A whole number from 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: give 1 or more")
    return value


def positive(text):
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text}: give more than 0")
    return value


def parser():
    result = argparse.ArgumentParser(
        prog="tools/dev bench", description=ABOUT, epilog=CLOSING,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    what = result.add_argument_group("what")
    what.add_argument("--compare", nargs="+", metavar="SPEC", default=["epoll", "uring"])
    what.add_argument("--scenario", nargs="+", metavar="NAME",
                      help=f"of perf/scenarios; default {' '.join(cells.QUICK)}, with --full all")
    what.add_argument("--reactors", type=count, default=1, metavar="N")
    what.add_argument("--connections", type=count, nargs="+", metavar="N",
                      help="instead of what the scenario says; several: each")
    what.add_argument("--payload", type=count, nargs="+", metavar="BYTES", help="likewise")
    what.add_argument("--closed", action="store_true",
                      help="closed loop: how much at most, instead of how fast at a given load")
    what.add_argument("--depth", type=count, metavar="N",
                      help="closed loop: units of a connection in flight")
    what.add_argument("--like", metavar="RESULT.json",
                      help="at the rates of that result, so that the two can be compared")
    what.add_argument("--no-echo", action="store_true",
                      help="without the bare echo loops of perf/baseline")
    what.add_argument("--count", action="store_true",
                      help="also user-space instructions per message, by callgrind")
    long = result.add_argument_group("how long")
    long.add_argument("--full", action="store_true",
                      help="as long as the rules need: load levels of 10, 50, 70 and 90 %%, "
                           "windows of 30 s, ten pairs at least, until the interval is within 2 %%")
    long.add_argument("--budget", type=positive, metavar="MINUTES", help="stop after so long")
    long.add_argument("--pairs", type=count, metavar="N", help="exactly so many, if time allows")
    long.add_argument("--seconds", type=positive, metavar="S", help="length of a window")
    long.add_argument("--warmup", type=positive, metavar="S", help="before the window")
    where = result.add_argument_group("where")
    where.add_argument("--build", default=os.path.join(ROOT, "build", "release"), metavar="DIR")
    where.add_argument("--out", metavar="DIR", help="default build/bench/TIME")
    return result


def parse(argv):
    args = parser().parse_args(argv)
    if args.depth is not None and not args.closed:
        raise Failure("--depth is of a closed loop: give --closed too")
    if len(set(args.compare)) != len(args.compare):
        raise Failure("--compare: the same SPEC twice; A against A comes first anyway, and you "
                      "see it as \"resolution\" in the result")
    args.build = os.path.abspath(args.build)
    return args


def chosen_cells(args):
    names = args.scenario or (cells.known() if args.full else list(cells.QUICK))
    if args.closed and not args.scenario:
        names = [name for name in names
                 if cells.read_scenario(name)[1].get("kind") not in cells.CLOCKED]
    return cells.cells(names, overrides={"connections": args.connections, "payload": args.payload},
                       closed=args.closed, depth=args.depth,
                       levels=cells.LEVELS if args.full else None)


def make_plan(args, pinning):
    mode = "full" if args.full else "quick"
    numbers = dict(plan.FULL if args.full else plan.QUICK)
    if args.pairs:
        numbers |= {"pairs_min": args.pairs, "pairs_max": args.pairs,
                    "resolution_pairs": min(args.pairs, numbers["resolution_pairs"])}
    standard = plan.WINDOWS[mode]
    window = Window(args.warmup if args.warmup is not None else standard.warmup,
                    args.seconds if args.seconds is not None else standard.seconds)
    calibration = plan.CALIBRATIONS[mode]
    if args.seconds is not None and args.seconds < calibration.seconds:
        calibration = Window(min(window.warmup, calibration.warmup), window.seconds)
    chosen = chosen_cells(args)
    compared = [members.member_from(text, args.build) for text in args.compare]
    check_echoes(compared, chosen)
    return plan.Plan(
        mode=mode, members=compared,
        floors=[] if args.no_echo else [
            echo for echo in members.echoes(args.build) if echo not in compared],
        cells=chosen, **numbers,
        window=window, calibration=calibration, trial=plan.TRIALS[mode],
        budget_s=budget_s(args, chosen),
        count_instructions=args.count, tracers=counting.Tracers(pinning.load),
        fixed_window=args.seconds is not None, rates=rates_of(args.like) if args.like else {})


def check_echoes(compared, chosen):
    """A bare echo loop is compared only where it can serve the scenario."""
    echo = next((member.name for member in compared if member.is_echo), None)
    deaf = next((cell.scenario for cell in chosen if not cell.echo), None)
    if echo and deaf:
        able = ", ".join(name for name in cells.known() if cells.read_scenario(name)[1].get("echo"))
        raise Failure(f"--compare \"{echo}\": it cannot serve {deaf}; give --scenario with some of "
                      f"{able}")


def rates_of(path):
    """{name of a scenario: (rate, share of the capacity)} of an earlier result."""
    try:
        result = result_file.load(path)
    except result_file.BadResult as error:
        raise Failure(f"--like: {error}") from error
    return {scenario["name"]: (scenario["rate"], scenario.get("capacity_fraction"))
            for scenario in result["scenarios"] if scenario.get("rate")}


def budget_s(args, chosen):
    """Of the request; quick mode has its own, by the number of cells and specs."""
    if args.budget is not None:
        return args.budget * 60
    if args.full:
        return None
    # A pair of specs and four scenarios fit five minutes; more of either takes more.
    return plan.QUICK_BUDGET_S * len(chosen) / plan.QUICK_CELLS * max(2, len(args.compare)) / 2
