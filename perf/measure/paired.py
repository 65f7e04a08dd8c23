"""Two costs side by side on a noisy machine: interleaved pairs, and what their ratio may be.

Not a program. What drifts slowly (clocks, neighbours) falls on both halves of a pair; the order
turns with each pair (ABBA), so that neither always comes first.
"""
import os
import platform
import random
import statistics
import subprocess

DRAWS = 2000


def interleaved(count, run_base, run_other):
    """[(base, other), ...]: `count` pairs of what the two functions return."""
    pairs = []
    for number in range(count):
        if number % 2 == 0:
            base = run_base()
            other = run_other()
        else:
            other = run_other()
            base = run_base()
        pairs.append((base, other))
    return pairs


def ratio_line(pairs):
    """The median of other/base, its 95 % interval by bootstrap, and the extremes."""
    ratios = sorted(other / base for base, other in pairs)
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios)))
                     for _ in range(DRAWS))
    low, high = medians[DRAWS * 25 // 1000], medians[-1 - DRAWS * 25 // 1000]
    return (f"ratio median {statistics.median(ratios):.3f}, "
            f"95 % interval of the median {low:.3f}..{high:.3f}, "
            f"all {ratios[0]:.3f}..{ratios[-1]:.3f}")


def median_costs(pairs):
    return (statistics.median(base for base, _ in pairs),
            statistics.median(other for _, other in pairs))


def revision():
    """The commit of the tree that this file lies in, with a + if files differ from it."""
    def git(*words):
        return subprocess.run(["git", "-C", os.path.dirname(os.path.abspath(__file__)), *words],
                              capture_output=True, text=True, check=False).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if changed else "")


def provenance():
    """Commit, kernel and machine, as every report line ends."""
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"commit {revision()} · Linux {platform.release()} · {os.cpu_count()} x {model}"
