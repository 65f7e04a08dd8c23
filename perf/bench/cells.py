"""What is measured: scenario files, and the cells that a request makes of them.

A cell is one scenario with its settings (connections, payload, loop, level of load). Reads files,
starts nothing. The keys are sluice-load's (perf/load); those for the driver are capacity_fraction,
rate (without the former: as written), echo and gateway_flags.
"""
import dataclasses
import os
import tomllib

from perf.bench.processes import Failure

SCENARIOS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scenarios")
QUICK = ("ping", "pipelined", "chat", "fanout_100")
LEVELS = (0.1, 0.5, 0.7, 0.9)
# These follow a clock: their rate comes from their file, and a window of a second shows nothing.
CLOCKED = ("idle", "mixed")


@dataclasses.dataclass(frozen=True)
class Cell:
    name: str       # unique in a result: "chat", or "chat, 100 connections, at 90 %"
    scenario: str   # the file's name without .toml
    path: str
    keys: dict      # the file's keys with our settings over them
    settings: dict  # ours: what the load gets by --set
    level: float | None = None  # open loop: the share of the capacity; None: a fixed rate or closed

    @property
    def title(self):
        return self.keys.get("title") or self.scenario

    @property
    def kind(self):
        return self.keys.get("kind", "ping")

    @property
    def loop(self):
        return self.keys.get("loop", "open")

    @property
    def is_clocked(self):
        return self.kind in CLOCKED

    @property
    def connections(self):
        return self.keys.get("connections", 1000)

    @property
    def flags(self):
        """Flags that the gateway needs for this scenario."""
        return tuple(str(self.keys.get("gateway_flags", "")).split())

    @property
    def echo(self):
        """Whether the bare echo loops can serve it."""
        return bool(self.keys.get("echo", False))


def known():
    """The names of all scenarios."""
    return sorted(entry[:-5] for entry in os.listdir(SCENARIOS) if entry.endswith(".toml"))


def read_scenario(name):
    path = os.path.join(SCENARIOS, f"{name}.toml")
    if not os.path.exists(path):
        raise Failure(f"--scenario {name}: there is no such scenario; there are "
                      f"{', '.join(known())}")
    try:
        with open(path, "rb") as file:
            return path, tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise Failure(f"{path}: {error}") from error


def variants(name, overrides):
    """(suffix, settings) of each combination of --connections and --payload."""
    connections = overrides.get("connections") or [None]
    payloads = overrides.get("payload") or [None]
    for count in connections:
        for size in payloads:
            settings, words = {}, []
            if count is not None:
                settings["connections"] = count
                words.append(f"{count} connections")
            if size is not None:
                settings["payload_bytes"] = size
                words.append(f"{size} bytes")
            # Without a choice the name is the plain one, so that results can be compared by it.
            plain = len(connections) == 1 and len(payloads) == 1
            yield ", ".join([name] + ([] if plain else words)), settings


def cells(names, *, overrides=None, closed=False, depth=None, levels=None):
    """The cells of these scenarios, in their order."""
    result = []
    for name in names:
        path, keys = read_scenario(name)
        for label, settings in variants(name, overrides or {}):
            if closed:
                if keys.get("kind") in CLOCKED:
                    raise Failure(f"--closed: {name} follows a clock and has no closed loop")
                settings["loop"] = "closed"
                if depth is not None:
                    settings["depth"] = depth
            result += leveled(label, name, path, {**keys, **settings}, settings, levels)
    return result


def leveled(label, name, path, keys, settings, levels):
    """One cell, or one for each level of load where the rate goes by the capacity."""
    fraction = keys.get("capacity_fraction", None if "rate" in keys else 0.5)
    if keys.get("loop", "open") == "closed" or keys.get("kind") in CLOCKED or fraction is None:
        return [Cell(label, name, path, keys, settings)]
    if not levels:
        return [Cell(label, name, path, keys, settings, fraction)]
    return [Cell(f"{label}, at {level:.0%} of capacity", name, path, keys, settings, level)
            for level in levels]
