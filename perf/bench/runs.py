"""One run: a fresh server, a fresh load, the readings around its window, and the RUN of a result.

It judges nothing (judge.py) and chooses nothing (campaign.py).
"""
import dataclasses

from perf.bench import processes
from perf.bench.sampling import Sampler


@dataclasses.dataclass(frozen=True)
class Bench:
    """Where and how all runs of a benchmark happen."""

    pinning: object
    reactors: int
    load_build: str       # whose sluice-load is used, whatever build the server is of
    softirq_extra: bool
    seed: int = 1

    def start_load(self, cell, server, settings):
        return processes.start_load(
            self.load_build, cell.path, server, settings={**cell.settings, **settings},
            workers=self.pinning.workers(cell.connections, self.reactors), cores=self.pinning.load,
            seed=self.seed)


@dataclasses.dataclass(frozen=True)
class Window:
    """Times of a run in seconds, as settings of the load."""

    warmup: float
    seconds: float

    def settings(self):
        return {"warmup_seconds": self.warmup, "seconds": self.seconds}


# What an echo cannot answer: it knows no CONNECT.
ECHO_SETTINGS = {"auth": "off"}


def measured(bench, member, cell, settings, *, tracer=None, disturb=None):
    """Runs the load once; returns the figures of a RUN ("load" and what sampling.py gives).

    `settings` go to the load behind the cell's own. `tracer(pid)` makes something that is attached
    before the first unit and detached when all are in: {"counted": ...} is in the result then.
    `disturb(server)` is called as the window begins (see perf/selfcheck). A Failure of a process
    ends both.
    """
    if member.is_echo:
        settings = {**settings, **ECHO_SETTINGS}
    server = member.start(bench.reactors, bench.pinning.server,
                          () if member.is_echo else cell.flags)
    load = None
    try:
        sampler = Sampler(server, bench.pinning.server, bench.pinning.load, bench.softirq_extra)
        sampler.before_load()
        load = bench.start_load(cell, server, settings)
        if cell.keys.get("pause_at"):
            sampler.opened(load.opened())
            load.go()
        load.ready()
        sampler.at_ready(cell.connections)
        attached = tracer(server.pid) if tracer else None
        figures = lead_through(load, sampler, settings.get("seconds", 0),
                               lambda: disturb(server) if disturb else None)
        if attached:
            figures["counted"] = attached.counts()
        load.finish()
        server.stop()
    except BaseException:
        if load:
            load.kill()
        server.kill()
        raise
    return figures


def lead_through(load, sampler, seconds, at_measure):
    """From ready to result."""
    load.go()
    load.wait_measure()
    sampler.at_measure()
    at_measure()
    if not load.done_within(seconds / 2):
        sampler.at_half()
    load.wait_done(seconds)
    sampler.at_done()
    result = load.result()
    sampler.at_result()
    return {"load": result, **sampler.figures(result)}


def failed(error):
    """The figures of a run that did not come to its end."""
    return {"failure": str(error).splitlines()[0] if str(error) else repr(error),
            "failure_text": str(error)}
