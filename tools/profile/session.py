"""One profiled run: a fresh gateway on its core, a fresh load on the others, a recorder between.

Built on the benchmark's parts (perf.bench), so that a profile sees what the benchmark measures: the
same scenarios, cores and rate. All pollers of a request get one rate, half of what the slowest of
them can take, unless the request says otherwise; so their profiles can be laid side by side.
"""
import dataclasses
import os
import platform
import re

from perf.bench import calibrate, cells, environment, members, pinning, runs, sampling
from perf.bench.processes import Failure
from perf.bench.runs import Window

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WARMUP_S = 1.0
UNRECORDED_S = 3.0
ATTEMPTS = 3
CALIBRATION = Window(0.3, 1.0)
RATE_SHORTFALL_MAX = 0.03
STEAL_MAX = 0.05


class Slip(Failure):
    """A recorder failed by accident: the same run again may well succeed."""


@dataclasses.dataclass
class Request:
    """What was asked for on the command line."""

    kind: str
    pollers: list
    scenario: str
    seconds: float
    build: str               # Meson's directory of the gateway as it is shipped, and of the load
    frames_build: str        # the same with frame pointers and without jemalloc
    out: str
    reactors: int = 1
    rate: float | None = None
    settings: dict = dataclasses.field(default_factory=dict)  # of the load, by --set
    flags: tuple = ()        # of the gateway, by --flag
    messages: int | None = None
    compare: bool = False


@dataclasses.dataclass
class Profiled:
    """What is known about a run that was recorded."""

    poller: str
    messages: int
    seconds: float
    cpu_us_per_message: float
    load: dict               # sluice-load's result
    figures: dict            # perf.bench.runs.measured()
    recorder: object

    @property
    def rate(self):
        return self.load["rate"]


class Session:
    """The runs of one request. Makes the cell once, and asks for the rate once."""

    def __init__(self, request, say):
        self.request = request
        self.say = say
        self.pins = pinning.choose(request.reactors)
        self.cell = self._cell()
        self.softirq_extra = sampling.softirq_is_extra(sampling.kernel_config())
        self.calibration = None
        self._rate = request.rate
        self.commit = commit_text(ROOT)
        self.machine = machine_text()

    def _cell(self):
        overrides = dict(self.request.settings)
        cell = cells.cells([self.request.scenario])[0]
        keys = {**cell.keys, **overrides}
        closed = keys.get("loop") == "closed"
        fixed = closed or "rate" in overrides or self.request.rate is not None
        return dataclasses.replace(cell, keys=keys, settings={**cell.settings, **overrides},
                                   level=None if fixed else cell.level)

    def member(self, poller, build=None):
        return members.member_from(poller, build or self.request.build)

    def bench(self):
        return runs.Bench(self.pins, self.request.reactors, self.request.build,
                          self.softirq_extra)

    def rate(self):
        """The rate that all runs share; None where the scenario or the loop decides it."""
        if self._rate is None and self.cell.level is not None:
            entries = []
            for poller in self.request.pollers:
                self.say(f"how much can {poller} take of {self.cell.name}?")
                entries.append(calibrate.capacity(self.bench(), self.member(poller), self.cell,
                                                  CALIBRATION)[0])
            self.calibration = entries
            self._rate = calibrate.open_loop_rate(entries, self.cell.level)
            if self._rate <= 0:
                raise Failure(f"{self.cell.name}: the load completed nothing; give --rate")
        return self._rate

    def settings(self):
        rate = self.rate()
        settings = Window(WARMUP_S, self.request.seconds).settings()
        return settings if rate is None else {**settings, "rate": rate}

    def record(self, poller, recorder, *, build=None, settings=None):
        """Runs the load with a recorder: recorder(server) is called when all connections stand,
        and must be recording nothing yet; begin() and end() enclose the window. What slips is done
        again. A Failure where the load found a message lost, twice or spoilt: that run shows
        nothing."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._record(poller, recorder, build, settings)
            except Slip as slip:
                if attempt == ATTEMPTS:
                    raise
                self.say(f"{slip}: once more")

    def _record(self, poller, recorder, build, settings):
        made = []

        def watch(server):
            made.append(recorder(server))
            return made[0]

        cell = self.with_flags()
        figures = runs.measured(self.bench(), self.member(poller, build), cell,
                                self.settings() if settings is None else settings, watch=watch)
        load = figures["load"]
        if not load["correct"]:
            raise Failure(f"{cell.name} on {poller}: the run is wrong: {'; '.join(load['faults'])}")
        if not load["messages"]:
            raise Failure(f"{cell.name} on {poller}: not one {load['unit']} came through in "
                          f"{self.request.seconds} s: give more --seconds, or a lower --rate")
        return Profiled(poller, load["messages"], load["seconds"], figures["cpu_us_per_message"],
                        load, figures, made[0])

    def unrecorded(self, poller):
        """CPU in microseconds per message of a short run without a recorder: what it should be."""
        window = Window(WARMUP_S, min(self.request.seconds, UNRECORDED_S))
        figures = runs.measured(self.bench(), self.member(poller), self.with_flags(),
                                {**self.settings(), **window.settings()})
        return figures["cpu_us_per_message"]

    def with_flags(self):
        """The cell, with our flags of the gateway beside its own."""
        flags = " ".join([*self.cell.flags, *self.request.flags])
        return dataclasses.replace(self.cell, keys={**self.cell.keys, "gateway_flags": flags})

    def caveats(self, profiled):
        """Sentences about what makes this run say less than it seems to."""
        load, lines = profiled.load, []
        intended = load.get("rate_intended")
        if intended and load["rate"] < intended * (1 - RATE_SHORTFALL_MAX):
            lines.append(f"only {load['rate']:,.0f} of {intended:,.0f} {plural(load['unit'])}/s "
                         "came through: the gateway, the load or the recorder beside it was too "
                         "slow; give a lower --rate")
        if load["generator"]["bound"]:
            lines.append("the load was busier than the gateway: at this rate it decides what one "
                         "sees; give a lower --rate")
        steal = profiled.figures["steal_s"] / profiled.figures["core_seconds"]
        if steal > STEAL_MAX:
            lines.append(f"the hypervisor took {steal:.0%} of the time: repeat it when the machine "
                         "is quiet")
        return lines

    # ── Words ──

    def report_line(self, profiled, recorded_by):
        """The line that each claim of speed carries."""
        load = profiled.load
        loop = load["scenario"]["loop"]
        rate = f"{profiled.rate:,.0f} {plural(load['unit'])}/s ({loop} loop)"
        return " · ".join([
            self.cell.name, profiled.poller, f"{self.request.reactors} reactor"
            + ("s" if self.request.reactors > 1 else ""),
            f"{self.cell.connections:,} connections", rate,
            f"{profiled.cpu_us_per_message:.2f} µs CPU per {load['unit']} under {recorded_by}",
            self.commit, self.machine])

    def directory(self, poller, kind=None):
        """Where the result goes; made."""
        path = os.path.join(self.request.out, "-".join(
            [kind or self.request.kind, safe(poller), safe(self.cell.name)]))
        os.makedirs(path, exist_ok=True)
        return path


def plural(unit):
    """`2 sends`, `2 deliveries`."""
    return unit[:-1] + "ies" if unit.endswith("y") else unit + "s"


def safe(text):
    """For a file's name: `uring:fixed_files=on` keeps its words."""
    return re.sub(r"[^\w.=+]+", "_", text)


def commit_text(root):
    facts = environment.commit(root)
    if facts["commit"] is None:
        return "commit unknown"
    return facts["commit"][:10] + ("+changes" if facts["dirty"] else "")


def machine_text():
    facts = environment.cpu_info()
    virtual = ", virtual" if facts["hypervisor"] else ""
    return f"{facts['cpu_model']}, {os.cpu_count()} cores{virtual}, Linux {platform.release()}"
