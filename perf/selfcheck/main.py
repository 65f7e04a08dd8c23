"""tools/dev bench selfcheck: does the benchmark find what is known?

Real runs, some ten minutes of them: a slowdown of 1 µs a frame by a build option is found and
measured right, two equal builds are called equal, and a stall of 100 ms shows in the latency. The
tests replay what it recorded (samples/) through the same judgement.
"""
import argparse
import dataclasses
import json
import os
import signal
import statistics
import sys
import time

from perf.bench import arguments, cells, environment, instructions, judge, pinning, plan
from perf.bench import processes, runs
from perf.bench.campaign import Campaign, Ledger
from perf.bench.processes import Failure
from perf.bench.progress import Progress
from perf.selfcheck import builds, checks

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "samples")
# Bursts of sixteen frames, so far apart (100 us) that the gateway has long been done with one when
# the next one comes: a slower gateway then works on no larger batches, and the difference is that
# of the frames alone. In a closed loop, or near saturation, larger batches hide a part of it.
SCENARIO = "pipelined"
SETTINGS = {"connections": 64, "rate": 160_000}
STALL_SCENARIO = "ping"
PAIRS = 12
# Enough for the pairs of A/A and A/B, and for as many runs again that are thrown out.
MINUTES = 4
STALL_S = 0.1
STALL = {"connections": 20, "rate": 2000, "seconds": 4.0, "warmup_seconds": 0.5}
STALL_ATTEMPTS = 8


def parser():
    result = argparse.ArgumentParser(prog="tools/dev bench selfcheck", description=__doc__)
    result.add_argument("--only", choices=sorted(checks.CHECKS), help="one of the three")
    result.add_argument("--poller", default="epoll", metavar="SPEC")
    result.add_argument("--build", default=os.path.join(arguments.ROOT, "build", "release"))
    result.add_argument("--record", action="store_true",
                        help="keep what was measured in perf/selfcheck/samples, for the tests")
    return result


class Selfcheck:
    def __init__(self, args, progress):
        self.args = args
        self.progress = progress
        self.build = os.path.abspath(args.build)
        self.pins = pinning.choose(1)
        self.core = self.pins.server[-1]

    def run(self, name):
        """The sample of one check, measured now."""
        sample = {"slowdown": self.slowdown, "equal": self.equal, "stall": self.stall}[name]()
        kernel = environment.machine()
        return {"check": name, "commit": environment.commit(arguments.ROOT)["commit"],
                "machine": f"Linux {kernel['kernel']}, {kernel['cores']} x {kernel['cpu_model']}",
                "poller": self.args.poller, **sample}

    def compared(self, directory, before_pair=lambda: None):
        """(the plan, where it ran, slim runs and specs) of the poller here against that in a
        directory; `before_pair` is called before each run of a pair."""
        other = f"{self.args.poller}@{directory}"
        words = ["--scenario", SCENARIO, "--compare", self.args.poller, other, "--no-echo",
                 "--pairs", str(PAIRS), "--budget", str(MINUTES), "--build", self.build]
        the_plan = arguments.make_plan(arguments.parse(words), self.pins)
        the_plan.tracers = None
        cell = cells.cells([SCENARIO])[0]
        the_plan.cells = [dataclasses.replace(cell, settings=SETTINGS, level=None,
                                              keys={**cell.keys, **SETTINGS})]
        softirq = environment.sampling.softirq_is_extra(environment.sampling.kernel_config())
        bench = runs.Bench(self.pins, 1, self.build, softirq)
        budget = plan.Budget(the_plan, time.monotonic, time.monotonic())
        campaign = WatchedCampaign(the_plan, bench, the_plan.cells[0], Ledger(), self.progress,
                                   budget)
        campaign.before_pair = before_pair
        campaign.run()
        scenario = campaign.scenario()
        if scenario["failures"]:
            raise Failure("; ".join(scenario["failures"]))
        pairs = scenario["comparisons"][0]["pairs"]
        if min(pairs, scenario["resolution"]["cpu_us_per_message"]["pairs"]) < judge.PAIRS_MIN:
            raise Failure(f"the machine is too busy for a selfcheck: {pairs} valid pairs; "
                          f"{'; '.join(scenario['notes'])}")
        kept = [checks.slim(run) for run in scenario["runs"]
                if run["purpose"] in ("resolution", "compare")]
        return the_plan, bench, {"scenario": SCENARIO, **SETTINGS,
                                 "specs": [member.name for member in the_plan.members],
                                 "runs": kept}

    def slowdown(self):
        directory = os.path.join(arguments.ROOT, "build", "selfcheck")
        self.progress.show("building a gateway with a tax on frames")
        rounds = builds.make(arguments.ROOT, self.build, directory,
                             builds.rounds_for_tax(self.build, self.core))
        # Means: what a tick or the host takes now and then is in the gateway's clock as well.
        alone = []
        the_plan, bench, sample = self.compared(
            os.path.relpath(directory),
            lambda: alone.append(statistics.fmean(builds.alone(self.build, rounds, self.core))))
        counts = {}
        for member in the_plan.members:
            self.progress.show(f"instructions of {member.name}, under valgrind")
            counts[member.name] = instructions.count(bench, member, the_plan.cells[0])["slopes"]
        return {**sample, "rounds": rounds, "instructions": counts,
                "alone": {"ns_per_frame": alone,
                          "instructions_per_frame": builds.instructions_alone(self.build, rounds)}}

    def equal(self):
        directory = os.path.join(arguments.ROOT, "build", "selfcheck-equal")
        self.progress.show("building an equal gateway")
        builds.make(arguments.ROOT, self.build, directory, 0)
        return self.compared(os.path.relpath(directory))[2]

    def stall(self):
        """A run in order but for a SIGSTOP in the middle of its window."""
        words = ["--compare", self.args.poller, "--no-echo", "--build", self.build]
        member = arguments.make_plan(arguments.parse(words), self.pins).members[0]
        bench = runs.Bench(self.pins, 1, self.build, False)
        cell = cells.cells([STALL_SCENARIO])[0]
        for _ in range(STALL_ATTEMPTS):
            self.progress.show("a stall")
            run = runs.measured(bench, member, cell, STALL,
                                watch=lambda server: Stopping(server, STALL["seconds"] / 2))
            reasons = judge.invalid_reasons({**run, "spec": self.args.poller}, judge.Usual())
            if not reasons:
                break
            self.progress.warn(f"the stall, once more: {'; '.join(reasons)}")
        else:
            raise Failure(f"the stall: {STALL_ATTEMPTS} runs were thrown out, the last one: "
                          f"{'; '.join(reasons)}")
        answer = run["load"]["latency"]["answer"]
        return {"stall_s": STALL_S, **STALL, "correct": run["load"]["correct"],
                "logs": {side: answer[side]["log"] for side in ("corrected", "uncorrected")}}


class WatchedCampaign(Campaign):
    """What a core does in a nanosecond moves by some per cent in minutes, so what is known must be
    measured in the same interleaving as what is to be found."""

    before_pair = staticmethod(lambda: None)

    def _one(self, member, purpose, pair, side):
        if purpose == "compare":
            self.before_pair()
        return super()._one(member, purpose, pair, side)


class Stopping(runs.Unwatched):
    """Stops a server for a while in the middle of the window."""

    def __init__(self, server, after_s):
        self.server = server
        self.after_s = after_s

    def begin(self):
        time.sleep(self.after_s)
        os.kill(self.server.pid, signal.SIGSTOP)
        try:
            time.sleep(STALL_S)
        finally:
            os.kill(self.server.pid, signal.SIGCONT)


def record(sample):
    path = os.path.join(SAMPLES, f"{sample['check']}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(sample, file, separators=(",", ":"))
        file.write("\n")
    print(f"recorded in {os.path.relpath(path)}")


def main(argv):
    args = parser().parse_args(argv)
    progress = Progress()
    bad = 0
    try:
        processes.raise_descriptor_limit()
        selfcheck = Selfcheck(args, progress)
        for name in [args.only] if args.only else checks.CHECKS:
            sample = selfcheck.run(name)
            progress.clear()
            for finding in checks.CHECKS[name](sample):
                print(f"{'ok' if finding.good else 'FAILED':<7}{finding.text}", flush=True)
                bad += not finding.good
            if args.record:
                record(sample)
    except Failure as failure:
        progress.warn(str(failure))
        return 1
    except KeyboardInterrupt:
        progress.warn("interrupted")
        return 130
    finally:
        progress.clear()
    print(f"selfcheck: {'all is found' if not bad else f'{bad} findings are wrong'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
