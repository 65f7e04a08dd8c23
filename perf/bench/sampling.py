"""What one run costs the machine: CPU by kind, switches, steal, memory, the poller's counters.

Reads /proc and the server's clocks at the edges of the window that the load names; it neither
starts nor judges anything. What is read inside the window is kept below half a millisecond, since
it runs on a core of the benchmark: /metrics and the memory maps are read outside.

Reading the clock, not the ticks: `total_s` is the sum of what the scheduler booked for all threads
of the process in nanoseconds, io_uring's kernel threads (iou-wrk, iou-sqp) included. The split into
user and system goes by the kernel's ticks (4 or 10 ms) and is scaled to that sum; softirq and steal
are known in ticks only.
"""
import glob
import gzip
import os
import platform
import re
import time

from perf.bench import kernel_memory

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LOOPBACK_BYTES = "/sys/class/net/lo/statistics/rx_bytes"
POLLER = {name: f"sluice_poller_{name}_total" for name in ("calls", "events", "rearms", "starved")}


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def kernel_config():
    """The text of the kernel's configuration, or nothing where it is not to be had."""
    for path in ("/proc/config.gz", f"/boot/config-{platform.release()}"):
        if os.path.exists(path):
            opener = gzip.open if path.endswith(".gz") else open
            with opener(path, "rt", encoding="utf-8") as file:
                return file.read()
    return ""


def softirq_is_extra(config):
    """Whether the kernel books softirq time beside the threads' time (IRQ_TIME_ACCOUNTING), so
    that it has to be added to it. Without it, softirq work counts for the thread that it meets: on
    the loopback, the sender. None where the configuration is not to be had."""
    if not config:
        return None
    return bool(re.search(r"^CONFIG_IRQ_TIME_ACCOUNTING=y$", config, re.MULTILINE))


class Threads:
    """The threads of a process at one moment: names, CPU, switches."""

    def __init__(self, pid):
        self.by_tid = {}
        for directory in glob.glob(f"/proc/{pid}/task/[0-9]*"):
            try:
                name = read(f"{directory}/comm").strip()
                run_ns, wait_ns, slices = map(int, read(f"{directory}/schedstat").split())
                status = read(f"{directory}/status")
            except (FileNotFoundError, ProcessLookupError):
                continue  # A worker of the kernel's that ended between two reads.
            switches = re.findall(r"^(?:non)?voluntary_ctxt_switches:\s+(\d+)$", status, re.M)
            self.by_tid[os.path.basename(directory)] = (
                name, run_ns, wait_ns, slices, int(switches[0]), int(switches[1]))

    def since(self, earlier):
        """{"kernel_threads_s", "delay_s", "voluntary", "involuntary", "wakeups"} since an earlier
        reading; threads that ended in between are lost, those that began count whole."""
        none = ("", 0, 0, 0, 0, 0)
        kernel_ns = 0
        sums = [0, 0, 0, 0]  # waiting for a core, times given one, voluntary and involuntary leaves
        for tid, (name, run_ns, *counts) in self.by_tid.items():
            _, was_run, *were = earlier.by_tid.get(tid, none)
            if name.startswith("iou-"):
                kernel_ns += run_ns - was_run
            sums = [total + now - before for total, now, before in zip(sums, counts, were)]
        delay_ns, slices, voluntary, involuntary = sums
        # A thread gets the CPU after it was woken, or again after it had to give it up.
        return {"kernel_threads_s": kernel_ns / 1e9, "delay_s": delay_ns / 1e9,
                "voluntary": voluntary, "involuntary": involuntary,
                "wakeups": max(0, slices - involuntary)}


def core_ticks():
    """{core: {"softirq": s, "steal": s}}, both in seconds, counted in ticks."""
    result = {}
    for line in read("/proc/stat").splitlines():
        found = re.match(r"cpu(\d+) (.*)", line)
        if found:
            ticks = [int(word) / TICKS_PER_S for word in found[2].split()]
            result[int(found[1])] = {"softirq": ticks[6], "steal": ticks[7]}
    return result


def user_and_system(pid):
    """User and system ticks of the process."""
    words = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(words[11]), int(words[12])


def rss_bytes(pid):
    """Resident memory; a single read, cheap enough for any moment."""
    return int(read(f"/proc/{pid}/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory(pid):
    """Rss and Pss in bytes: the kernel walks all pages for it, so not inside a window."""
    text = read(f"/proc/{pid}/smaps_rollup")
    kilobytes = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    return {"rss_bytes": kilobytes["Rss"] * 1024, "pss_bytes": kilobytes["Pss"] * 1024}


class Moment:
    """The readings at one edge of the window, the clock first: it must be next to the edge."""

    def __init__(self, server):
        self.at_s = time.monotonic()
        self.cpu_ns = server.cpu_ns()
        self.loopback_bytes = int(read(LOOPBACK_BYTES))
        self.ticks = user_and_system(server.pid)
        self.threads = Threads(server.pid)
        self.cores = core_ticks()
        self.rss = rss_bytes(server.pid)


class Sampler:
    """One run's readings: before_load(), opened() or not, at_ready(), at_measure(), at_half(),
    at_done(); then figures()."""

    def __init__(self, server, server_cores, load_cores, softirq_extra):
        self.server = server
        self.server_cores = server_cores
        self.load_cores = load_cores
        self.softirq_extra = softirq_extra
        self.half = None
        self.paused = None

    def before_load(self):
        self.empty = self._memory_now(0, caches=False)

    def opened(self, connections):
        """At the scenario's pause_at: from here to ready is the slope per connection."""
        self.paused = self._memory_now(connections, caches=True)

    def at_ready(self, connections):
        self.full = self._memory_now(connections, caches=self.paused is not None)
        self.metrics_before = self.server.metrics()

    def _memory_now(self, connections, caches):
        return (connections, memory(self.server.pid), kernel_memory.totals()["Slab"],
                kernel_memory.caches() if caches else {})

    def at_measure(self):
        self.first = Moment(self.server)

    def at_half(self):
        self.half = (time.monotonic(), self.server.cpu_ns(), int(read(LOOPBACK_BYTES)))

    def at_done(self):
        self.last = Moment(self.server)
        self.metrics_after = self.server.metrics()

    def figures(self, load):
        """What the RUN of a result has beside the load's own result."""
        first, last = self.first, self.last
        seconds = last.at_s - first.at_s
        threads = last.threads.since(first.threads)
        cpu = self._cpu(threads)
        messages = load["messages"]
        cores = sorted({*self.server_cores, *self.load_cores})
        return {
            "cpu": cpu,
            "cpu_us_per_message": cpu["total_s"] * 1e6 / messages if messages else None,
            "server_busy": cpu["total_s"] / seconds / len(self.server_cores),
            "context_switches": {"voluntary": threads["voluntary"],
                                 "involuntary": threads["involuntary"]},
            "wakeups": threads["wakeups"],
            "delay_s": threads["delay_s"],
            "server_core_seconds": seconds * len(self.server_cores),
            "steal_s": self._grown("steal", cores),
            "core_seconds": seconds * len(cores),
            "sampled_seconds": seconds,
            "poller": self._poller(load),
            "memory": self._memory(),
            "steady": self._steady(),
        }

    def _grown(self, kind, cores):
        return round(sum(self.last.cores[core][kind] - self.first.cores[core][kind]
                         for core in cores), 6)

    def _cpu(self, threads):
        total = (self.last.cpu_ns - self.first.cpu_ns) / 1e9
        user = self.last.ticks[0] - self.first.ticks[0]
        system = self.last.ticks[1] - self.first.ticks[1]
        share = user / (user + system) if user + system else 0.0
        softirq = self._grown("softirq", self.server_cores)
        extra = softirq if self.softirq_extra else 0.0
        return {"total_s": total + extra, "user_s": total * share,
                "system_s": total * (1 - share) + extra,
                "kernel_threads_s": threads["kernel_threads_s"],
                "softirq_s": softirq, "load_softirq_s": self._grown("softirq", self.load_cores)}

    def _poller(self, load):
        """What the poller's counters grew by in the window: in warm-up and window together (reading
        /metrics between the two would disturb), by the window's share of their time."""
        if not self.metrics_after:
            return {}
        share = window_share(load)
        return {name: (self.metrics_after[family] - self.metrics_before[family]) * share
                for name, family in POLLER.items()}

    def _memory(self):
        """Per connection: the slope between pause_at and all, where the load paused, else what the
        connections added to the empty server."""
        low, was, was_slab, was_caches = self.paused or self.empty
        high, now, slab, caches = self.full
        more = max(1, high - low)
        return {**now, "slab_bytes": slab, "rss_end_bytes": self.last.rss,
                "bytes_per_connection": (now["rss_bytes"] - was["rss_bytes"]) / more,
                "slab_bytes_per_connection": (slab - was_slab) / more,
                "caches_per_connection": kernel_memory.growth(was_caches, caches, more),
                "connections": [low, high]}

    def _steady(self):
        """Rates of the window's halves: the server's CPU, and the bytes on the loopback, which are
        everybody's, but cost the server nothing to read."""
        result = {"rss_growth_bytes": self.last.rss - self.first.rss, "halves": {}}
        if self.half is None:
            return result
        at, cpu_ns, sent = self.half
        first, last = at - self.first.at_s, self.last.at_s - at
        result["halves"] = {
            "CPU seconds": [(cpu_ns - self.first.cpu_ns) / 1e9 / first,
                            (self.last.cpu_ns - cpu_ns) / 1e9 / last],
            "loopback bytes": [(sent - self.first.loopback_bytes) / first,
                               (self.last.loopback_bytes - sent) / last]}
        return result


def window_share(load):
    """The window's share of the time in which the load sends."""
    return load["seconds"] / (load["seconds"] + load["scenario"]["warmup_seconds"])
