"""What a profile needs of the machine, and what to do where it is missing.

Each check raises Missing with both. Trying is believed more than reading settings.
"""
import os
import shutil
import subprocess

from perf.bench.processes import Failure

# Beside the program's name: how it comes here.
PACKAGES = {"perf": "linux-perf", "bpftrace": "bpftrace", "valgrind": "valgrind",
            "heaptrack_print": "heaptrack", "strace": "strace"}
TRACEFS = "/sys/kernel/tracing"


class Missing(Failure):
    """Something that this profile needs is not here; says what, and what to do."""


def program(name):
    """The program's path."""
    path = shutil.which(name)
    if path is None:
        raise Missing(f"{name} is not installed: apt-get install {PACKAGES[name]}, or start "
                      "through tools/dev profile, which installs it")
    return path


def sysctl(name):
    try:
        with open(f"/proc/sys/{name.replace('.', '/')}", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return None


def root(what):
    if os.geteuid() != 0:
        raise Missing(f"{what} needs root: run it with sudo, or as a container with "
                      "--privileged (CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN)")


def works(words):
    """(whether a command ends well, what it said)."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def perf_event():
    """(event, sentence about it): cycles where the processor's counters are to be had, else the
    kernel's clock, which does not interrupt code that has interrupts off."""
    perf = program("perf")
    good, said = works([perf, "stat", "-x,", "-e", "cycles:P", "--", "true"])
    if good and "<not" not in said:
        return "cycles:P", "sampled by the processor's cycle counter"
    good, said = works([perf, "stat", "-x,", "-e", "cpu-clock", "--", "true"])
    if not good:
        raise Missing(
            f"perf cannot count here: {said.splitlines()[0] if said else 'it says nothing'}. "
            f"kernel.perf_event_paranoid is {sysctl('kernel.perf_event_paranoid')}: be root, or "
            "sysctl kernel.perf_event_paranoid=-1; in a container it takes CAP_PERFMON, and a "
            "seccomp profile that lets perf_event_open through")
    return "cpu-clock", ("sampled by a timer, as there are no cycle counters here: kernel code "
                         "that has interrupts off shows where it turns them on again "
                         "(_raw_spin_unlock_irqrestore and the like)")


def kernel_symbols():
    """A sentence to warn with where kernel functions will have no names, else None."""
    if os.geteuid() == 0 and sysctl("kernel.kptr_restrict") in ("0", "1"):
        return None
    return ("kernel functions may have no names here: be root, and sysctl kernel.kptr_restrict=0 "
            f"(it is {sysctl('kernel.kptr_restrict')})")


def with_tracefs(words):
    """The command with a tracefs to read, mounted for it alone where it is not mounted: in a mount
    namespace of its own, so that the machine stays as it is."""
    if os.path.isdir(f"{TRACEFS}/events"):
        return words
    return ["unshare", "--mount", "sh", "-c",
            f'mount -t tracefs none {TRACEFS} && exec "$@"', "sh", *words]


def tracepoints(*names):
    """The kernel has these tracepoints ("sched:sched_switch"), and we may see them."""
    root("tracing the kernel")
    good, said = works(with_tracefs(["ls", f"{TRACEFS}/events"]))
    if not good:
        reason = said.splitlines()[-1] if said else "mount fails"
        raise Missing(f"there is no tracefs here: {reason}. Mount it (mount -t tracefs none "
                      f"{TRACEFS}); in a container that takes --privileged; a kernel without "
                      "CONFIG_TRACING has none")
    wanted = [f"{TRACEFS}/events/{name.replace(':', '/')}" for name in names]
    good, said = works(with_tracefs(["ls", "-d", *wanted]))
    if not good:
        missing = [name for name, path in zip(names, wanted) if f"{path}'" in said]
        raise Missing(f"this kernel has no tracepoint {', '.join(missing) or said}: it is too old, "
                      "or built without it (CONFIG_FTRACE_SYSCALLS, CONFIG_IO_URING)")


def built(build, path, how):
    """A file of the build."""
    full = os.path.join(build, path)
    if not os.path.exists(full):
        raise Missing(f"{full} is not built: {how}")
    return full
