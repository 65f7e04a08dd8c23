"""What is measured and what keeps it busy: the gateway, a bare echo loop, and sluice-load.

Not a program: it starts, leads and ends processes, and says why one failed. It measures nothing
but CPU time and /metrics, and decides nothing about cores: the caller gives them.

    server = start_gateway("build/release", "uring:bundle=on", reactors=1, cores=[1])
    load = start_load("build/release", "perf/scenarios/ping.toml", server, cores=[0])
    load.ready(); load.go()
    load.wait_measure(); before = server.cpu_ns()
    load.wait_done(); spent = server.cpu_ns() - before
    result = load.result(); load.finish(); server.stop()

Every child dies with its parent, whatever ends the parent: `setpriv --pdeathsig` asks the kernel
for it. So start them from the main thread: the kernel goes by the thread that started the child.
"""
import atexit
import collections
import http.client
import json
import os
import queue
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time

# The gateway starts in milliseconds; under valgrind, on a busy machine, it takes many seconds.
START_PATIENCE_S = 120
# The gateway's own drain-timeout is 30 s: whoever needs longer hangs.
STOP_PATIENCE_S = 45
# Connecting, warming up and draining of a load that opens 100,000 connections; and a line that
# does not come at all means that the load hangs.
LINE_PATIENCE_S = 120
# Of a child's output we keep the end: enough to tell why it failed.
LINES_KEPT = 200


class Failure(Exception):
    """Something did not work; the text is for the user, and says which program said what."""


def pinned(cores):
    """The words that make a command run on these cores (None or empty: wherever it likes)."""
    return ["taskset", "-c", ",".join(map(str, cores))] if cores else []


def raise_descriptor_limit():
    """The soft limit up to the hard one, for this process and those it starts."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Lines:
    """The lines of a child's output as they come. A thread reads, so that a child never waits for
    us, and so that we can stop waiting for a child."""

    def __init__(self, stream):
        self.kept = collections.deque(maxlen=LINES_KEPT)
        self.fresh = queue.SimpleQueue()
        self.returned = []
        self.thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self.thread.start()

    def _read(self, stream):
        with stream:
            for line in stream:
                self.kept.append(line)
                self.fresh.put(line.rstrip("\n"))
        self.fresh.put(None)

    def next(self, patience):
        """The next line, None at the end of the output; raises queue.Empty without patience."""
        if self.returned:
            return self.returned.pop()
        return self.fresh.get(timeout=patience)

    def unread(self, line):
        """Gives a line (or the end) back to the next next()."""
        self.returned.append(line)

    def text(self):
        """The end of what was said, complete if the child has ended."""
        self.thread.join(timeout=1)
        return "".join(self.kept)


def spawn(words, cores, **options):
    """Starts a command on its cores; it dies with us."""
    command = ["setpriv", "--pdeathsig", "KILL", *pinned(cores), *map(str, words)]
    try:
        process = subprocess.Popen(command, text=True, errors="replace", **options)
    except FileNotFoundError as error:
        raise Failure(f"{error.filename} is missing: install util-linux") from error
    atexit.register(process.kill)
    return process


def kill(process):
    """Ends a child of ours, also one that has ended."""
    process.kill()
    process.wait()
    atexit.unregister(process.kill)


def program(build, name):
    """The path of a built program, or a Failure that says how to build it."""
    path = os.path.join(build, name)
    if not os.access(path, os.X_OK):
        raise Failure(f"{path} is not built: run tools/dev build, or ninja -C {build} {name}")
    return path


class Server:
    """A server that has said where it listens; the caller stops it, or else it ends with ours.

    pid, port, admin_port (None for an echo), cores, name; `effective` are the poller options that
    the gateway logged: {"name": "uring", "multishot": "on", ...}, empty for an echo.
    """

    def __init__(self, name, process, log, port, *, admin_port=None, cores=None, effective=None):
        self.name = name
        self.process = process
        self.log = log
        self.pid = process.pid
        self.port = port
        self.admin_port = admin_port
        self.cores = cores
        self.effective = effective or {}
        self.clean_codes = (0,) if admin_port else (0, -signal.SIGTERM)

    def cpu_ns(self):
        """CPU time of all its threads in nanoseconds: the process's CPU clock.

        It is the sum of /proc/PID/task/*/schedstat and of the threads that have ended; threads
        that the kernel makes for it (iou-wrk, iou-sqp) are among them.
        """
        return time.clock_gettime_ns((~self.pid << 3) | 2)

    def metrics_text(self):
        """/metrics as it is; the gateway's admin thread pays for it with CPU of this process."""
        if self.admin_port is None:
            return ""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=30)
        try:
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            body = answer.read().decode()
        except OSError as error:
            raise Failure(f"{self.name}: /metrics does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise Failure(f"{self.name}: /metrics answers {answer.status}")
        return body

    def metrics(self):
        """{family: value}, summed over labels (reactors, reasons); empty for an echo."""
        return metrics_from(self.metrics_text())

    def kill(self):
        """Ends it at once, whatever it is doing; for whoever gives up."""
        kill(self.process)

    def stop(self):
        """SIGTERM, and its end. A server that crashed or does not end is a Failure."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            self.process.wait()
            raise Failure(f"{self.name} did not end {STOP_PATIENCE_S} s after SIGTERM:\n"
                          f"{self.log.text()}") from error
        finally:
            atexit.unregister(self.process.kill)
        if code not in self.clean_codes:
            raise Failure(f"{self.name} ended with {code}:\n{self.log.text()}")


def metrics_from(text):
    """Sums the samples of a Prometheus text by family."""
    sums = {}
    for line in text.splitlines():
        found = re.match(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})? ([-+0-9.eE]+)$", line)
        if found:
            sums[found[1]] = sums.get(found[1], 0.0) + float(found[2])
    return sums


def wait_for(name, process, lines, pattern):
    """The first line that matches, and the lines before it; a Failure if it does not come."""
    passed = []
    end = time.monotonic() + START_PATIENCE_S
    while True:
        try:
            line = lines.next(max(0.0, end - time.monotonic()))
        except queue.Empty:
            kill(process)
            raise Failure(f"{name} did not start within {START_PATIENCE_S} s:\n"
                          f"{lines.text()}") from None
        if line is None:
            code = process.wait()
            raise Failure(f"{name} does not start (exit code {code}):\n{lines.text()}")
        found = re.search(pattern, line)
        if found:
            return found, passed
        passed.append(line)


def start_gateway(build, spec, *, reactors=1, cores=None, flags=(), wrapper=()):
    """A gateway with --poller=spec on ports of the kernel's choice, listening.

    `flags` are further flags of the gateway, which must still log at info: its ports are read from
    the log. `wrapper` are words in front of it, of a program that replaces itself by the gateway
    (valgrind, nice, ...), so that the pid stays the same.
    """
    raise_descriptor_limit()
    name = f"the gateway with --poller={spec}"
    words = [*wrapper, program(build, "src/sluice"), "--listen=tcp://127.0.0.1:0",
             "--admin=127.0.0.1:0", f"--poller={spec}", f"--reactors={reactors}", *flags]
    process = spawn(words, cores, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE)
    log = Lines(process.stderr)
    found, passed = wait_for(name, process, log, r"listening address=tcp://127\.0\.0\.1:(\d+)")
    before = "\n".join(passed)
    admin = re.search(r"admin port open address=127\.0\.0\.1:(\d+)", before)
    if not admin:
        kill(process)
        raise Failure(f"{name} did not log the address of its admin port:\n{before}")
    # With several reactors each logs its poller; they are equal.
    options = re.search(r" poller (name=.*)$", before, re.MULTILINE)
    effective = dict(word.partition("=")[::2] for word in options[1].split()) if options else {}
    return Server(name, process, log, int(found[1]), admin_port=int(admin[1]), cores=cores,
                  effective=effective)


def start_echo(build, kind, *, cores=None):
    """A bare echo loop of perf/baseline, kind 'epoll' or 'uring', listening."""
    raise_descriptor_limit()
    name = f"{kind}_echo"
    process = spawn([program(build, f"perf/{name}")], cores, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    log = Lines(process.stdout)
    found, _ = wait_for(name, process, log, r"^(\d+)$")
    return Server(name, process, log, int(found[1]), cores=cores)


class Load:
    """A sluice-load that we lead through its steps (--control); see perf/load.

        opened N* → ready → go() → warm-up → measure → done → result → finish()

    * only where the scenario has pause_at; ready() passes over it, opened() waits for it.
    """

    def __init__(self, process, json_path, own_directory):
        self.process = process
        self.lines = Lines(process.stdout)
        self.errors = Lines(process.stderr)
        self.json_path = json_path
        self.own_directory = own_directory

    def _wait(self, word, patience=LINE_PATIENCE_S):
        """The line that begins with `word`, as a list of words."""
        end = time.monotonic() + patience
        while True:
            try:
                line = self.lines.next(max(0.0, end - time.monotonic()))
            except queue.Empty:
                self.kill()
                raise Failure(f"sluice-load did not say '{word}' within {patience:.0f} s"
                              f"{self._said()}") from None
            if line is None:
                code = self.process.wait()
                raise Failure(f"sluice-load ended with {code} before it said '{word}'"
                              f"{self._said()}")
            words = line.split()
            if words and words[0] == word:
                return words
            if words and words[0] == "opened":
                self.go()

    def _said(self):
        text = self.errors.text().strip()
        return f":\n{text}" if text else ""

    def opened(self):
        """The number of connections that stand open at pause_at; go() lets it go on."""
        return int(self._wait("opened")[1])

    def ready(self):
        """All connections are open; it waits for go()."""
        self._wait("ready")

    def go(self):
        """Answers `opened` and `ready`."""
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # It has ended: whoever waits for its next word says so.

    def wait_measure(self):
        """The measured window begins now."""
        self._wait("measure")

    def done_within(self, seconds):
        """Whether the window ended within so many seconds; if so, wait_done() returns at once."""
        try:
            line = self.lines.next(seconds)
        except queue.Empty:
            return False
        self.lines.unread(line)
        return True

    def wait_done(self, seconds=0):
        """The measured window, which takes about `seconds`, has ended."""
        self._wait("done", LINE_PATIENCE_S + 2 * seconds)

    def result(self):
        """Its JSON, when everything in flight has come; see "correct" and "faults" in it."""
        self._wait("result")
        with open(self.json_path, encoding="utf-8") as file:
            return json.load(file)

    def kill(self):
        """Ends it at once, whatever it is doing; for whoever gives up."""
        kill(self.process)
        if self.own_directory:
            self.own_directory.cleanup()

    def finish(self):
        """Closes its connections and ends it. 1 is the code of a run that the JSON calls wrong;
        any other than 0 and 1 is a Failure."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # It has ended already: the code tells.
        try:
            code = self.process.wait(STOP_PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            self.process.wait()
            raise Failure(f"sluice-load did not end within {STOP_PATIENCE_S} s"
                          f"{self._said()}") from error
        finally:
            atexit.unregister(self.process.kill)
            if self.own_directory:
                self.own_directory.cleanup()
        if code not in (0, 1):
            raise Failure(f"sluice-load ended with {code}{self._said()}")
        return code


def start_load(build, scenario_path, server, *, settings=None, workers=1, cores=None, seed=1,
               json_path=None):
    """A sluice-load against a server, connecting; `settings` are keys of the scenario to set."""
    raise_descriptor_limit()
    own_directory = None
    if json_path is None:
        own_directory = tempfile.TemporaryDirectory(prefix="sluice-load-")
        json_path = os.path.join(own_directory.name, "result.json")
    words = [program(build, "perf/sluice-load"), scenario_path,
             f"--server=127.0.0.1:{server.port}", f"--workers={workers}", f"--seed={seed}",
             f"--json={json_path}", "--control"]
    if cores:
        words.append("--cpus=" + ",".join(map(str, cores)))
    for key, value in (settings or {}).items():
        words += ["--set", f"{key}={value}"]
    process = spawn(words, cores, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE)
    return Load(process, json_path, own_directory)


def run_hiccups(build, core, seconds):
    """What a thread on this core sees that only reads the clock: {"core", "seconds", "hiccups"}."""
    words = [*pinned([core]), program(build, "perf/sluice-load"), f"--hiccups={seconds}",
             f"--cpus={core}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False,
                          timeout=seconds + START_PATIENCE_S)
    if done.returncode != 0:
        raise Failure(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout)
