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


class Unwatched:
    """A run without anybody who watches, or disturbs, its window from outside."""

    def begin(self):
        """The window begins."""

    def end(self):
        """The window has ended."""


def measured(bench, member, cell, settings, *, watch=None):
    """Runs the load once; returns the figures of a RUN ("load" and what sampling.py gives).

    `settings` go to the load behind the cell's own. `watch(server)` makes something with the verbs
    of Unwatched before the first unit is sent (a tracer, a disturbance). A Failure of a process
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
        watcher = watch(server) if watch else Unwatched()
        figures = lead_through(load, sampler, watcher, settings.get("seconds", 0))
        load.finish()
        server.stop()
    except BaseException:
        if load:
            load.kill()
        server.kill()
        raise
    return figures


def lead_through(load, sampler, watcher, seconds):
    """From ready to result."""
    load.go()
    load.wait_measure()
    sampler.at_measure()
    watcher.begin()
    if not load.done_within(seconds / 2):
        sampler.at_half()
    load.wait_done(seconds)
    sampler.at_done()
    watcher.end()
    result = load.result()
    return {"load": result, **sampler.figures(result)}


def failed(error):
    """The figures of a run that did not come to its end."""
    return {"failure": str(error).splitlines()[0] if str(error) else repr(error),
            "failure_text": str(error)}
