"""On what was measured: machine, kernel, limits, build. All that makes two results comparable.

Pure reading, but for the hiccup meter, which runs sluice-load on each core for a moment. What
cannot be known here is None and never a guess.
"""
import glob
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import time

from perf.bench import processes, sampling

SYSCTLS = (
    "net/core/somaxconn", "net/core/netdev_budget", "net/core/netdev_max_backlog",
    "net/core/rmem_max", "net/core/wmem_max", "net/core/busy_poll", "net/core/default_qdisc",
    "net/ipv4/tcp_rmem", "net/ipv4/tcp_wmem", "net/ipv4/tcp_congestion_control",
    "net/ipv4/tcp_max_syn_backlog", "net/ipv4/tcp_tw_reuse", "net/ipv4/ip_local_port_range",
    "net/ipv4/tcp_slow_start_after_idle", "kernel/io_uring_disabled", "kernel/perf_event_paranoid",
    "kernel/numa_balancing", "kernel/sched_autogroup_enabled", "kernel/timer_migration",
    "kernel/randomize_va_space", "vm/overcommit_memory", "fs/nr_open", "fs/file-max",
)
LIMITS = {"nofile": resource.RLIMIT_NOFILE, "memlock": resource.RLIMIT_MEMLOCK,
          "nproc": resource.RLIMIT_NPROC, "stack": resource.RLIMIT_STACK}
DEPENDENCIES = ("liburing", "jemalloc", "spdlog", "absl_strings")
# Options of the build that change what the compiler makes of the code.
BUILD_OPTIONS = ("buildtype", "optimization", "debug", "b_ndebug", "b_lto", "b_sanitize",
                 "cpp_std", "cpp_args", "cpp_link_args", "io_uring", "jemalloc", "frame_tax")
# A core of ours that is busy by more than this before we begin has company.
BUSY_SHARE_MAX = 0.10
LOAD_PER_CORE_MAX = 0.5
HICCUP_CORES_MAX = 8


def first_line(path):
    try:
        return sampling.read(path).splitlines()[0].strip()
    except (OSError, IndexError):
        return None


def said(*words):
    """The first line that a program says, or None."""
    if shutil.which(words[0]) is None:
        return None
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else None


# ── Machine ──

def cpu_info():
    """{"cpu_model", "hypervisor", ...} from /proc/cpuinfo and what firmware tells."""
    text = sampling.read("/proc/cpuinfo")
    model = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    flags = re.search(r"^flags\s*:\s*(.*)$", text, re.MULTILINE)
    virtual = bool(flags and "hypervisor" in flags[1].split())
    vendor = (first_line("/sys/class/dmi/id/sys_vendor") or first_line("/sys/hypervisor/type")
              or said("systemd-detect-virt"))
    return {"cpu_model": model[1] if model else platform.machine(),
            "hypervisor": (vendor or "unknown") if virtual else None}


def scaling():
    """Governor and turbo; None where the machine does not tell, as in most virtual ones."""
    base = "/sys/devices/system/cpu"
    turbo = first_line(f"{base}/intel_pstate/no_turbo")
    boost = first_line(f"{base}/cpufreq/boost")
    return {"governor": first_line(f"{base}/cpu0/cpufreq/scaling_governor"),
            "turbo": (turbo == "0") if turbo is not None else
                     (boost == "1") if boost is not None else None}


def mitigations():
    return {os.path.basename(path): first_line(path)
            for path in sorted(glob.glob("/sys/devices/system/cpu/vulnerabilities/*"))}


def siblings(core):
    return first_line(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")


def machine():
    clock = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    return {"kernel": platform.release(), "cmdline": first_line("/proc/cmdline"),
            "mitigations": mitigations(), **scaling(), "clocksource": first_line(clock),
            **cpu_info(), "cores": os.cpu_count(),
            "cores_allowed": sorted(os.sched_getaffinity(0)),
            "smt": first_line("/sys/devices/system/cpu/smt/active") == "1",
            "loopback_mtu": first_line("/sys/class/net/lo/mtu"),
            "transparent_hugepage": first_line("/sys/kernel/mm/transparent_hugepage/enabled")}


def limits():
    named = {}
    for name, number in LIMITS.items():
        soft, hard = resource.getrlimit(number)
        named[name] = ["unlimited" if value == resource.RLIM_INFINITY else value
                       for value in (soft, hard)]
    named["cgroup_cpu_max"] = first_line("/sys/fs/cgroup/cpu.max")
    named["cgroup_memory_max"] = first_line("/sys/fs/cgroup/memory.max")
    return named


def sysctls():
    values = {name.replace("/", "."): first_line(f"/proc/sys/{name}") for name in SYSCTLS}
    return {name: value for name, value in values.items() if value is not None}


# ── Build ──

def introspected(build, what):
    path = os.path.join(build, "meson-info", f"intro-{what}.json")
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise processes.Failure(f"{path} is missing: {build} is no build directory of Meson; run "
                                "tools/dev build") from error


def build_facts(build):
    """Compiler, flags and options of the gateway in this build directory."""
    options = {option["name"]: option["value"] for option in introspected(build, "buildoptions")}
    target = next(target for target in introspected(build, "targets")
                  if target["name"] == "sluice" and target["type"] == "executable")
    source = next(source for source in target["target_sources"] if "compiler" in source)
    compiler = [word for word in source["compiler"] if os.path.basename(word) != "ccache"]
    # Where headers lie and what is warned of changes nothing.
    flags = [word for word in source["parameters"]
             if not word.startswith(("-I", "-W", "-isystem", "-fdiagnostics"))]
    versions = {found["name"]: found["version"] for found in introspected(build, "dependencies")
                if found["name"] in DEPENDENCIES}
    return {"compiler": said(*compiler, "--version") or " ".join(compiler),
            "flags": " ".join(flags), "build_type": options["buildtype"],
            "build_options": {name: options[name] for name in BUILD_OPTIONS if name in options},
            "versions": versions}


def commit(root):
    """{"commit", "dirty"}; None where no git tells them."""
    def git(*words):
        if shutil.which("git") is None:
            return None
        done = subprocess.run(["git", "-C", root, *words], capture_output=True, text=True,
                              check=False)
        return done.stdout.strip() if done.returncode == 0 else None
    changed = git("status", "--porcelain", "--untracked-files=no")
    return {"commit": git("rev-parse", "HEAD"),
            "dirty": None if changed is None else bool(changed)}


def tools():
    asked = {"python": platform.python_version(), "bpftrace": said("bpftrace", "--version"),
             "valgrind": said("valgrind", "--version"), "perf": said("perf", "--version")}
    return {name: version for name, version in asked.items() if version}


# ── Company ──

def busy_share(seconds=0.3):
    """{core: share of the last moment that it was busy}, measured while we sleep."""
    def read_cores():
        cores = {}
        for line in sampling.read("/proc/stat").splitlines():
            found = re.match(r"cpu(\d+) (.*)", line)
            if found:
                ticks = [int(word) for word in found[2].split()]
                cores[int(found[1])] = (ticks[3] + ticks[4], sum(ticks[:8]))
        return cores
    before = read_cores()
    time.sleep(seconds)
    after = read_cores()
    shares = {}
    for core, (idle, whole) in after.items():
        passed = whole - before[core][1]
        shares[core] = 1 - (idle - before[core][0]) / passed if passed else 0.0
    return {str(core): share for core, share in shares.items()}


def company(cores):
    """(facts, warnings): who else is at work on the cores that we are going to use."""
    shares = busy_share()
    average = os.getloadavg()
    warnings = [f"core {core} is {shares[str(core)]:.0%} busy before we begin: somebody else is at "
                f"work there, and runs will be thrown out or differ" for core in cores
                if shares.get(str(core), 0) > BUSY_SHARE_MAX]
    if average[0] > LOAD_PER_CORE_MAX * (os.cpu_count() or 1):
        warnings.append(f"the load average is {average[0]:.2f} on {os.cpu_count()} cores: what ran "
                        "in the last minute may still run")
    return {"load_average": list(average), "busy_before": shares}, warnings


def hiccups(build, cores, seconds):
    """What each core of ours keeps from a thread that only reads the clock."""
    return [processes.run_hiccups(build, core, seconds) for core in cores[:HICCUP_CORES_MAX]]


def capture(root, build, pinning, hiccup_seconds):
    """(the result's "environment", warnings)."""
    cores = sorted({*pinning.server, *pinning.load})
    facts, warnings = company(cores)
    build_of = build_facts(build)
    versions = {**build_of.pop("versions"), **tools()}
    environment = {
        **machine(), **facts, **build_of, **commit(root), "versions": versions,
        "limits": limits(), "sysctls": sysctls(),
        "softirq_booked_apart": sampling.softirq_is_extra(sampling.kernel_config()),
        "pinning": pinning.as_json(), "cores_shared": pinning.shared,
        "siblings": {str(core): siblings(core) for core in cores},
        "hiccups": hiccups(build, cores, hiccup_seconds)}
    return environment, warnings
