"""Which cores the gateway and the load get. Pure but for asking which cores there are."""
import dataclasses
import os

from perf.bench.processes import Failure

# What one worker of the load serves before it should have company (its own manual says why).
CONNECTIONS_PER_WORKER = 20_000
# Workers for each reactor, where there are cores: building a message costs more than routing it.
WORKERS_PER_REACTOR = 2


@dataclasses.dataclass(frozen=True)
class Pinning:
    server: list
    load: list
    shared: bool  # the two stand on common cores

    def workers(self, connections, reactors):
        """How many workers a load of so many connections gets; never more than cores."""
        wanted = max(-(-connections // CONNECTIONS_PER_WORKER), WORKERS_PER_REACTOR * reactors)
        return max(1, min(len(self.load), wanted))

    def as_json(self):
        return {"server": self.server, "load": self.load}


def choose(reactors, cores=None):
    """The reactors on the upper cores, the load on the others; where that leaves none, both share
    all of them. One core is a Failure: there load and gateway measure each other's waiting."""
    cores = sorted(os.sched_getaffinity(0)) if cores is None else sorted(cores)
    if len(cores) < 2:
        raise Failure("this machine has one core for us (see nproc): the load would take its time "
                      "from the gateway, and no figure would mean anything. Use a machine with two "
                      "or more, or widen the affinity mask")
    if reactors >= len(cores):
        return Pinning(cores, cores, True)
    return Pinning(cores[-reactors:], cores[:-reactors], False)
