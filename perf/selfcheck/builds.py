"""Build directories for the selfcheck: gateways that differ from the released one in what is known.

Configured as build/release is, with one option changed; only the gateway is built.
"""
import json
import os
import re
import subprocess

from perf.bench import environment, instructions
from perf.bench.processes import Failure, pinned, program

# What a frame shall cost more, in nanoseconds.
TAX_NS = 1000.0
# Rounds for the first look at what one costs.
TRIAL_ROUNDS = 1000
# A slice is a millisecond or two; rounds are chosen by the cheapest one, which has no tick in it.
FRAMES = 1000
SLICES = 50
# A build whose tax is off by less need not be made anew: what it costs is measured anyway.
TAX_OFF_MAX = 0.25


def alone(build, rounds, core):
    """CPU time in ns that the tax's loop takes a frame, alone on the core; one value a slice."""
    words = [*pinned([core]), program(build, "perf/frame_tax_alone"), str(rounds), str(FRAMES),
             str(SLICES)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return [float(line) for line in done.stdout.split()]


def instructions_alone(build, rounds):
    """Instructions that the loop alone takes a frame, by callgrind: a slope, as for a gateway."""
    counts = [instructions.of_program([program(build, "perf/frame_tax_alone"), str(rounds),
                                       str(frames)]) for frames in (1000, 2000)]
    return (counts[1] - counts[0]) / 1000


def rounds_for_tax(build, core):
    """Rounds that cost TAX_NS on this machine."""
    per_round = min(alone(build, TRIAL_ROUNDS, core)) / TRIAL_ROUNDS
    return max(1, round(TAX_NS / per_round))


def configured_tax(directory):
    """The tax of a build directory, or None where there is none."""
    path = os.path.join(directory, "meson-info", "intro-buildoptions.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return next((option["value"] for option in json.load(file)
                     if option["name"] == "frame_tax"), None)


def compiler_of(build):
    """CXX as that build directory was configured with."""
    target = next(target for target in environment.introspected(build, "targets")
                  if target["name"] == "sluice")
    return " ".join(next(source["compiler"] for source in target["target_sources"]
                         if "compiler" in source))


def run(words, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-20:]
        raise Failure(f"{' '.join(words)} failed:\n" + "\n".join(said))


def make(root, build, directory, tax):
    """Brings a gateway with this tax into the build directory; returns its rounds."""
    had = configured_tax(directory)
    if had is None:
        run(["meson", "setup", directory, root, f"-Dframe_tax={tax}", "-Dtests=disabled",
             "-Dperf=disabled"], env={**os.environ, "CXX": compiler_of(build)})
    elif (had == 0) != (tax == 0) or abs(had - tax) > TAX_OFF_MAX * tax:
        run(["meson", "configure", directory, f"-Dframe_tax={tax}"])
    else:
        tax = had
    run(["ninja", "-C", directory, "src/sluice"])
    if not re.search(rf"\bkFrameTax = {tax};", header(directory)):
        raise Failure(f"{directory} was not built with frame_tax={tax}; remove it and try again")
    return tax


def header(directory):
    with open(os.path.join(directory, "src", "gateway", "frame_tax.h"), encoding="utf-8") as file:
        return file.read()
