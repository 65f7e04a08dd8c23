"""One cell from calibration to verdict: which run comes next, and when there are enough.

It starts runs (runs.py), has them judged (judge.py) and summed up (summary.py). What is thrown out
is run again at once, while time lasts, so that a pair stays a pair of neighbours.
"""
import dataclasses
import time

from perf.bench import calibrate, counting, instructions, judge, runs, schedule, summary
from perf.bench.processes import Failure

# A run that is thrown out is repeated so often; what is wrong every time is no accident.
ATTEMPTS = 3
# So many in a row without one that counts end a cell; noise does so only where no time is set.
THROWN_OUT_IN_A_ROW_MAX = 9
NOISY_IN_A_ROW_MAX = 60
# Rounds for each pair that is wanted: where more of them fail, time does not help.
ROUNDS_PER_PAIR_MAX = 3
# Starting, connecting and stopping beside the window, until it has been measured.
RUN_OVERHEAD_S = 0.7
COUNT_OVERHEAD_S = 3.5
# Under strace each call is some twenty times as slow.
STRACE_SLOWDOWN = 20


class GivenUp(Exception):
    """No run counts: going on would only take time."""


@dataclasses.dataclass
class Ledger:
    """What all cells share: the runs so far (the median steal is of all of them), their cost."""

    runs: list = dataclasses.field(default_factory=list)
    costs: list = dataclasses.field(default_factory=list)
    count_costs: list = dataclasses.field(default_factory=list)

    def cost(self, window):
        """What the next run will take, by the last ones."""
        last = self.costs[-20:]
        return sum(last) / len(last) if last else window.warmup + window.seconds + RUN_OVERHEAD_S

    def count_cost(self, window):
        last = self.count_costs[-4:]
        return sum(last) / len(last) if last else self.cost(window) + COUNT_OVERHEAD_S


class Campaign:
    """A cell's; its time is what the budget has for it now."""

    def __init__(self, plan, bench, cell, ledger, progress, budget):
        self.plan = plan
        self.bench = bench
        self.cell = cell
        self.ledger = ledger
        self.progress = progress
        self.budget = budget
        self.window = plan.window_of(cell)
        reserve = ledger.count_cost(self.window) * len(plan.members)
        self.resolution_time, self.compare_time = budget.allowances(budget.next_cell(), reserve)
        self.base = plan.members[0]
        self.others = plan.members[1:]
        self.floors = plan.floors if cell.echo else []
        self.runs = []
        self.settings = {}
        self.level = cell.level
        self.calibration = []
        self.counted = {}
        self.notes = []
        self.failures = []
        self.in_a_row = self.wrong_in_a_row = 0
        self.resolution_orders = schedule.orders(("base", "other"))
        self.resolution_rounds = 0

    def run(self):
        """All steps; scenario() has what they gave. A Failure ends the cell, and is named in it."""
        try:
            self._calibrate()
            try:
                self._resolve(self.resolution_time)
                self._compare()
                # On a noisy machine A against A may have come short.
                self._resolve(self.compare_time)
            except GivenUp as why:
                self.progress.warn(f"{self.cell.name}: {why}")
                self.notes.append(str(why))
            self._count()
        except Failure as failure:
            self.progress.warn(f"{self.cell.name}: {failure}")
            self.failures.append(str(failure))

    def _is_over(self, time_allowed, enough):
        return time_allowed.is_over(self.budget.now(), self.ledger.cost(self.window), enough)

    def _show(self, text):
        self.progress.show(f"{self.cell.name}: {text}", self.budget.left_s())

    # ── Runs ──

    def _attempt(self, member, purpose, pair, side, time_allowed):
        """One run that counts, if a few attempts yield one; whether they did."""
        for _ in range(ATTEMPTS):
            if self._is_over(time_allowed, enough=False):
                return False
            run = self._one(member, purpose, pair, side)
            if run["valid"]:
                self.in_a_row = self.wrong_in_a_row = 0
                return True
            self.in_a_row += 1
            self.wrong_in_a_row += 0 if judge.is_noise(run) else 1
            if (self.wrong_in_a_row >= THROWN_OUT_IN_A_ROW_MAX
                    or time_allowed.hard is None and self.in_a_row >= NOISY_IN_A_ROW_MAX):
                raise GivenUp(f"given up: {self.in_a_row} runs in a row were thrown out, the last "
                              f"one as {'; '.join(run['invalid_reasons'])}")
        return False

    def _one(self, member, purpose, pair, side):
        began = time.monotonic()
        bench = dataclasses.replace(self.bench, seed=pair + 1)
        try:
            figures = runs.measured(bench, member, self.cell, self.settings)
        except Failure as failure:
            self.progress.warn(f"{self.cell.name} on {member.name}: {failure}")
            self.failures.append(str(failure))
            figures = runs.failed(failure)
        run = self._add(member, purpose, figures, pair, side)
        self.ledger.costs.append(time.monotonic() - began)
        return run

    def _add(self, member, purpose, figures, pair=None, side=None):
        run = {"id": len(self.ledger.runs) + 1, "purpose": purpose, "cell": self.cell.name,
               "spec": member.name, "pair": pair, "side": side, "valid": True,
               "invalid_reasons": [], **figures}
        self.runs.append(run)
        self.ledger.runs.append(run)
        if purpose in ("resolution", "compare", "floor"):
            # The median steal has moved with it, and with that the word on all the others.
            judge.judge_runs([each for each in self.ledger.runs if each["purpose"] in
                              ("resolution", "compare", "floor")])
        return run

    # ── Steps ──

    def _calibrate(self):
        self.settings = dict(self.window.settings())
        if self.cell.level is None:
            return
        if self.cell.name in self.plan.rates:
            self.settings["rate"], self.level = self.plan.rates[self.cell.name]
            self.notes.append("the rate is that of an earlier result (--like)")
            return
        for member in self.plan.members:
            self._show(f"capacity of {member.name}")
            began = time.monotonic()
            entry, figures = calibrate.capacity(self.bench, member, self.cell,
                                                self.plan.calibration)
            self.calibration.append(entry)
            self._add(member, "calibration", figures)
            self.ledger.costs.append(time.monotonic() - began)
        rate = calibrate.kept_rate(self.calibration, self.cell.level, self._busy_at)
        self.settings["rate"] = rate.per_second
        self.level = rate.level
        if rate.note:
            self.notes.append(rate.note)

    def _busy_at(self, rate):
        """How busy the load is at that rate, or at a moderate level the gateway: whichever is the
        busier one, with the member that makes it so."""
        busy = []
        for member in self.plan.members:
            self._show(f"{rate:,.0f}/s on {member.name}, to see whether the load keeps it")
            figures = runs.measured(self.bench, member, self.cell,
                                    {**self.plan.trial.settings(), "rate": rate})
            busy.append(figures["load"]["generator"]["busy"])
            if self.cell.level <= calibrate.MODERATE:
                busy.append(figures["server_busy"])
            self._add(member, "calibration", figures)
        return max(busy)

    def _resolve(self, time_allowed):
        """A against A, until there are enough pairs; goes on where an earlier call stopped."""
        while self.resolution_rounds < ROUNDS_PER_PAIR_MAX * self.plan.resolution_pairs:
            pairs = self._resolution()["cpu_us_per_message"]["pairs"]
            if (pairs >= self.plan.resolution_pairs
                    or self._is_over(time_allowed, pairs >= judge.PAIRS_MIN)):
                return
            self._show(f"{self.base.name} against itself, pair {pairs + 1} of "
                       f"{self.plan.resolution_pairs}")
            number = self.resolution_rounds
            self.resolution_rounds += 1
            for side in next(self.resolution_orders):
                if not self._attempt(self.base, "resolution", number, side, time_allowed):
                    break

    def _resolution(self):
        return summary.resolution(self.runs, self.base.name, self.cell.loop)

    def _compare(self):
        for number, order in enumerate(schedule.orders(self.plan.members)):
            widths, pairs = self._state()
            if (self._enough(widths, pairs) or number >= ROUNDS_PER_PAIR_MAX * self.plan.pairs_max
                    or self._is_over(self.compare_time, pairs >= self.plan.pairs_min)):
                return
            self._show(f"pair {pairs + 1}, so far "
                       f"{'±' + format(max(widths), '.1%') if pairs > 1 else 'no interval'}")
            for member in schedule.with_floors(order, self.floors, number, self.plan.floor_every):
                side = "base" if member is self.base else "other"
                is_floor = member in self.floors
                self._attempt(member, "floor" if is_floor else "compare", number,
                              None if is_floor else side, self.compare_time)

    def _state(self):
        """(half-widths of CPU per message, fewest valid pairs) over all others."""
        ratios = [judge.ratio_of(judge.values_of(
            judge.pairs_of(self.runs, "compare", other.name),
            summary.FIGURES["cpu_us_per_message"])) for other in self.others]
        if not ratios:  # One member alone: its runs count as if they were pairs.
            alone = [run for run in self.runs if run["valid"] and run["purpose"] == "compare"]
            return [0.0], len(alone)
        return [judge.half_width(ratio) for ratio in ratios], min(at["pairs"] for at in ratios)

    def _enough(self, widths, pairs):
        if pairs < self.plan.pairs_min:
            return False
        return max(widths) <= self.plan.half_width or pairs >= self.plan.pairs_max

    def _count(self):
        tracers = self.plan.tracers
        if tracers is None:
            return
        for member in self.plan.members:
            entry = self.counted.setdefault(member.name, {})
            self._show(f"system calls of {member.name}")
            began = time.monotonic()
            settings = dict(self.settings)
            if tracers.name == "strace" and "rate" in settings:
                settings["rate"] /= STRACE_SLOWDOWN
            try:
                found, figures = counting.count(self.bench, member, self.cell, settings, tracers)
                entry.update(found)
                self._add(member, "count", figures)
            except Failure as failure:
                self.progress.warn(str(failure))
                self.notes.append(str(failure))
                entry["error"] = str(failure)
            self.ledger.count_costs.append(time.monotonic() - began)
            if self.plan.count_instructions and not member.is_echo:
                self._show(f"instructions of {member.name}, under valgrind")
                entry["instructions"] = instructions.count(self.bench, member, self.cell)

    # ── The result ──

    def scenario(self):
        """What has been measured until now, as the result has it."""
        cell, names = self.cell, [member.name for member in self.plan.members]
        all_names = names + [floor.name for floor in self.floors]
        resolution = self._resolution()
        example = next((run["load"] for run in reversed(self.runs) if "load" in run), None)
        keys = example["scenario"] if example else cell.keys
        comparisons = [
            summary.comparison(self.runs, names[0], other, metric, resolution)
            for other in names[1:] for metric in summary.metrics_of(cell.loop)]
        levels = summary.levels(self.runs, all_names)
        for name, entry in self.counted.items():
            if "instructions" in entry and name in levels:
                levels[name]["instructions_per_message"] = judge.spread(
                    entry["instructions"]["slopes"])
        return {
            "name": cell.name, "scenario": cell.scenario, "title": cell.title, "kind": cell.kind,
            "loop": cell.loop, "capacity_fraction": self.level,
            "rate": example["rate_intended"] if example else self.settings.get("rate"),
            "connections": keys.get("connections"), "payload_bytes": keys.get("payload_bytes"),
            "depth": keys.get("depth") if cell.loop == "closed" else None,
            "unit": example["unit"] if example else "message",
            "calibration": self.calibration, "runs": self.runs, "resolution": resolution,
            "comparisons": comparisons, "levels": levels,
            "latency": summary.merged_latency(self.runs, all_names), "counted": self.counted,
            "thrown_out": summary.thrown_out(self.runs),
            "failures": self.failures,
            "notes": self.failures + self.notes + summary.notes(self.runs, names, cell.loop)}
