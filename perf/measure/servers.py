"""What is measured and what keeps it busy: the gateway or the bare echo, and a load against it.

Not a program. Servers run alone on core 1 where the caller asks for it, loads on core 0.
"""
import atexit
import re
import resource
import signal
import subprocess
import threading
import time

SERVER_CORE = 1
LOAD_CORE = 0


def pinned(core):
    return [] if core is None else ["taskset", "-c", str(core)]


def raise_descriptor_limit():
    """For this process and those it starts."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Server:
    """A process that has said where it listens; the caller stops it, or else it ends with ours."""

    def __init__(self, process, port):
        self.process = process
        self.pid = process.pid
        self.port = int(port)
        atexit.register(process.kill)

    def cpu_ns(self):
        """CPU time of all its threads in nanoseconds.

        The process's CPU clock is the sum of /proc/PID/task/*/schedstat and of the threads that
        have ended; threads that the kernel makes for it (iou-wrk, iou-sqp) are among them.
        """
        return time.clock_gettime_ns((~self.pid << 3) | 2)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def start_echo(build):
    process = subprocess.Popen(pinned(SERVER_CORE) + [f"{build}/perf/epoll_echo"],
                               stdout=subprocess.PIPE, text=True)
    return Server(process, process.stdout.readline())


def start_gateway(build, poller, reactors=1, core=None, flags=()):
    """A gateway on a port of the kernel's choice; exits with its log if it does not start."""
    raise_descriptor_limit()
    process = subprocess.Popen(
        pinned(core) + [f"{build}/src/sluice", "--listen=tcp://127.0.0.1:0",
                        f"--poller={poller}", f"--reactors={reactors}", *flags],
        stderr=subprocess.PIPE, text=True)
    log = []
    for line in process.stderr:
        log.append(line)
        found = re.search(r"listening address=tcp://127\.0\.0\.1:(\d+)", line)
        if found:
            break
    else:
        raise SystemExit(f"the gateway does not start with --poller={poller}:\n" + "".join(log))
    # The log goes on: somebody has to read it.
    threading.Thread(target=process.stderr.read, daemon=True).start()
    return Server(process, found.group(1))


class Load:
    """A load that has connected; see load_client.h for its steps."""

    def __init__(self, build, program, server, *words):
        raise_descriptor_limit()
        self.process = subprocess.Popen(
            pinned(LOAD_CORE) + [f"{build}/perf/{program}", str(server.port), *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise SystemExit(f"{program} could not connect")

    def run(self):
        """The messages; returns the numbers that it prints after them."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            self.finish()
        return [int(word) for word in line.split() if word.isdigit()]

    def finish(self):
        """Closes its connections."""
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise SystemExit(f"{self.process.args} found something wrong")


def cpu_us_per_message(server, load):
    """Runs the load's messages, and ends both."""
    before = server.cpu_ns()
    done = load.run()
    spent = server.cpu_ns() - before
    load.finish()
    server.stop()
    return spent / done[0] / 1000
