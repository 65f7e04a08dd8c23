"""What a benchmark is going to do: a request from the command line, with the numbers of its mode.

Pure data. Quick mode bends rules to end in under five minutes, and says which; --full keeps what
one machine can keep.
"""
import dataclasses

from perf.bench.runs import Window

# Under five minutes in all. The rest is for the environment, the last counting run and the report.
QUICK_BUDGET_S = 265.0
QUICK_CELLS = 4
QUICK = {"pairs_min": 5, "pairs_max": 20, "resolution_pairs": 5, "half_width": 0.03,
         "floor_every": 3}
FULL = {"pairs_min": 10, "pairs_max": 60, "resolution_pairs": 10, "half_width": 0.02,
        "floor_every": 2}
WINDOWS = {"quick": Window(0.4, 1.3), "full": Window(3.0, 30.0)}
CALIBRATIONS = {"quick": Window(0.3, 0.8), "full": Window(2.0, 5.0)}
TRIALS = {"quick": Window(0.2, 0.4), "full": Window(1.0, 2.0)}
# A/A may take this share of a cell's time: if it has its fewest pairs, and if it has not.
RESOLUTION_SHARES = (0.45, 0.60)
# A comparison may overrun its cell's time by so much to come to its fewest pairs.
OVERRUN = 1.3
# Scenarios that follow a clock, or wait for limits to be reached, show nothing in a second.
SLOW_WINDOW = Window(2.0, 5.0)
HICCUP_SECONDS = {"quick": 0.5, "full": 5.0}


@dataclasses.dataclass
class Plan:
    mode: str            # "quick" or "full"
    members: list        # the gateway's; the first one is the base
    floors: list         # bare echo loops
    cells: list
    pairs_min: int
    pairs_max: int
    resolution_pairs: int
    half_width: float    # of CPU per message, at which it stops
    floor_every: int     # rounds
    window: Window
    calibration: Window
    trial: Window
    budget_s: float | None
    count_instructions: bool
    tracers: object
    fixed_window: bool = False  # asked for on the command line

    def window_of(self, cell):
        slow = cell.is_clocked or cell.keys.get("slow_percent", 0) > 0
        if self.mode == "quick" and slow and not self.fixed_window:
            return SLOW_WINDOW
        return self.window

    def runs_of(self, cell):
        """How many runs a cell takes, as far as one can know before."""
        rounds = self.pairs_min
        floors = len(self.floors) * -(-rounds // self.floor_every) if cell.echo else 0
        calibration = 2 * len(self.members) if cell.level is not None else 0
        return (calibration + 2 * self.resolution_pairs + rounds * len(self.members) + floors
                + len(self.members))


def bent_rules(plan, pinning, levels):
    """Sentences, each with the number of its rule, about what this benchmark does not keep.
    `levels` are the shares of the capacity at which open loops were measured."""
    bent = []
    if levels and plan.mode == "quick":
        told = ", ".join(f"{level:.0%}" for level in sorted(set(levels)))
        bent.append(f"rule 1: latency at {told} of the capacity only, not at 10, 50, 70 and 90 %")
    if plan.window.seconds < 30:
        bent.append(f"rule 6: windows of {plan.window.seconds:g} s after {plan.window.warmup:g} s "
                    "of warm-up, not of 30 s")
    if plan.pairs_min < 10:
        bent.append(f"rule 7: it stops after {plan.pairs_min} pairs if the interval is narrow, not "
                    "after 10")
    if plan.floors and plan.floor_every > 1 and any(cell.echo for cell in plan.cells):
        bent.append(f"rule 13: the bare echo loops run in every {ordinal(plan.floor_every)} round "
                    "only")
    if pinning.shared:
        cores = ", ".join(map(str, pinning.server))
        bent.append(f"rule 11: reactors and load share the cores {cores}, as there are no more: "
                    "they take each other's time")
    bent.append("rule 16: load and gateway share one machine: ratios hold here, absolute figures "
                "do not travel")
    return bent


def ordinal(number):
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(number, f"{number}th")


@dataclasses.dataclass(frozen=True)
class Allowance:
    """Until when a phase may go on, in seconds of the clock: with enough pairs, and without. None:
    for ever."""

    soft: float | None = None
    hard: float | None = None

    def is_over(self, now, cost, enough):
        """Whether there is no time for what costs so much."""
        end = self.soft if enough else self.hard
        return end is not None and now + cost > end


class Budget:
    """The time of the whole benchmark, shared out over its cells. `now` is a clock in seconds."""

    def __init__(self, plan, now, began):
        self.plan = plan
        self.now = now
        self.began = began
        self.hard_end = None if plan.budget_s is None else began + plan.budget_s
        self.cells_left = list(plan.cells)

    def next_cell(self):
        """When the next cell should be done; None without a budget. What an earlier cell left over
        falls to all that follow."""
        if self.hard_end is None:
            return None
        weights = [self.plan.runs_of(cell) * self._run_s(cell) for cell in self.cells_left]
        now = self.now()
        return now + max(0.0, self.hard_end - now) * weights[0] / sum(weights)

    def allowances(self, end, reserve):
        """(of A against A, of the comparison) for a cell that begins now and is due at `end`, with
        `reserve` seconds kept back for its last steps."""
        if end is None:
            return Allowance(), Allowance()
        now = self.now()
        share = end - now - reserve
        last = self.hard_end - reserve
        return (Allowance(*(min(now + part * share, last) for part in RESOLUTION_SHARES)),
                Allowance(min(now + share, last), min(now + OVERRUN * share, last)))

    def finished(self):
        self.cells_left.pop(0)

    def _run_s(self, cell):
        window = self.plan.window_of(cell)
        return window.warmup + window.seconds + 0.7

    def left_s(self):
        """At most so many seconds are left; without a budget an estimate by the fewest runs."""
        if self.hard_end is not None:
            return self.hard_end - self.now()
        return max(0.0, self.estimate_s() - (self.now() - self.began))

    def estimate_s(self):
        return sum(self.plan.runs_of(cell) * self._run_s(cell) for cell in self.plan.cells)
