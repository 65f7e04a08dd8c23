"""What happens between the poller and the kernel, call by call.

io_uring: submissions and completions per enter, what was submitted (in the window no connection
comes, so every submitted accept, recv or poll is a multishot armed again), how multishots ended,
what went to worker threads (io-wq) or overflowed, from the io_uring tracepoints; and the ring's
state after the window, from /proc/PID/fdinfo. epoll: events per wait.
"""
import errno
import glob
import json
import os
import re

from tools.profile import bpftrace, histogram_text, needs, words

# Which of the ring's poller made a submission stands in no completion's tracepoint; the poller's
# own mark in the top byte of user_data does, and each submission tells which opcodes it has.
URING = """
tracepoint:io_uring:io_uring_submit_req /pid == {pid} && @open/ {{
  @sqes[tid] += 1;
  @submitted[args->opcode] = count();
  @marks[args->user_data >> 56, args->opcode] = count();
}}
tracepoint:io_uring:io_uring_complete /pid == {pid} && @open/ {{
  @cqes[tid] += 1;
  @completed[args->user_data >> 56, args->cflags & 2, args->res < 0 ? args->res : 0] = count();
}}
tracepoint:io_uring:io_uring_queue_async_work /pid == {pid} && @open/ {{
  @punted[args->opcode] = count();
}}
tracepoint:io_uring:io_uring_cqe_overflow /pid == {pid} && @open/ {{ @overflows = count(); }}
tracepoint:io_uring:io_uring_local_work_run /pid == {pid} && @open/ {{
  @work = lhist(args->count, 0, {many}, {step});
}}
tracepoint:syscalls:sys_enter_io_uring_enter /pid == {pid} && @open/ {{
  @inside[tid] = 1;
  @wanted = lhist(args->min_complete, 0, {many}, {step});
}}
tracepoint:syscalls:sys_exit_io_uring_enter /pid == {pid} && @open/ {{
  if (@inside[tid] == 1) {{
    @calls = count();
    if (args->ret < 0) {{ @failed[args->ret] = count(); }}
    @sqes_per_enter = lhist(@sqes[tid], 0, {many}, {step});
    @cqes_per_enter = lhist(@cqes[tid], 0, {many}, {step});
  }}
  @sqes[tid] = 0;
  @cqes[tid] = 0;
  @inside[tid] = 0;
}}
END {{ clear(@sqes); clear(@cqes); clear(@inside); clear(@open); }}
"""
EPOLL_CALLS = ("epoll_wait", "epoll_pwait", "epoll_pwait2")
EPOLL = """
{exits} /pid == {pid} && @open/ {{
  @calls = count();
  if (args->ret >= 0) {{ @events_per_wait = lhist(args->ret, 0, {many}, {step}); }}
  else {{ @failed[args->ret] = count(); }}
}}
tracepoint:syscalls:sys_enter_epoll_ctl /pid == {pid} && @open/ {{ @controls[args->op] = count(); }}
END {{ clear(@open); }}
"""
# Buckets: one number each up to a batch of connections that a call may bring.
MANY, STEP = 256, 1
# The kernel's numbers, include/uapi/linux/io_uring.h.
OPCODES = {0: "nop", 6: "poll_add", 7: "poll_remove", 9: "sendmsg", 10: "recvmsg", 11: "timeout",
           13: "accept", 14: "async_cancel", 19: "close", 22: "read", 23: "write", 26: "send",
           27: "recv", 34: "shutdown", 40: "msg_ring", 47: "send_zc", 48: "sendmsg_zc"}
CONTROLS = {"1": "add", "2": "delete", "3": "modify"}
TITLES = {"cqes_per_enter": "completions per enter", "sqes_per_enter": "submissions per enter",
          "wanted": "completions that an enter asked for", "work": "deferred tasks run at a time",
          "events_per_wait": "events per wait"}
MERGE_FROM = 8  # above it, buckets are as wide as half their beginning


class Recorder(bpftrace.Bpftrace):
    """Chooses by what the gateway really uses; reads the rings' state at the end of the window."""

    def __init__(self, server, cores):
        self.pid = server.pid
        self.name = server.effective.get("name", "")
        self.rings = []
        if self.name == "uring":
            points = ["io_uring:io_uring_" + name for name in
                      ("submit_req", "complete", "queue_async_work", "cqe_overflow",
                       "local_work_run")]
            program = URING
            exits = ""
        else:
            points = [f"syscalls:sys_exit_{call}" for call in EPOLL_CALLS]
            program = EPOLL
            exits = ",\n".join(f"tracepoint:{point}" for point in points)
        super().__init__(program.format(pid=server.pid, many=MANY, step=STEP, exits=exits), cores,
                         tracepoints=points)

    def end(self):
        super().end()
        self.rings = rings_of(self.pid)


def rings_of(pid):
    """[{name: value}] of each ring of a process, as /proc/PID/fdinfo tells it; empty without the
    right to read it."""
    result = []
    for link in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            if os.readlink(link) != "anon_inode:[io_uring]":
                continue
            with open(link.replace("/fd/", "/fdinfo/"), encoding="utf-8") as file:
                result.append(ring_from(file.read()))
        except OSError:
            continue  # a descriptor that was closed meanwhile
    return result


def ring_from(text):
    """One ring of its fdinfo: the numbers, polls that wait, completions that overflowed."""
    numbers = {found[1]: int(found[2]) for found in
               re.finditer(r"^(User\w+|SQEs|CQEs):\s+(\d+)$", text, re.MULTILINE)}
    polls = re.search(r"^PollList:\n((?:\s+op=.*\n?)*)", text, re.MULTILINE)
    overflow = re.search(r"^CqOverflowList:\n((?:\s+user_data=.*\n?)*)", text, re.MULTILINE)
    return {**numbers, "polls": polls[1].count("op=") if polls else 0,
            "overflowed": overflow[1].count("user_data=") if overflow else 0}


def opcode(number):
    return OPCODES.get(int(number), f"opcode {number}")


def marks(counted):
    """{mark: name of its opcodes}: what the poller calls Recv may be recv and recvmsg."""
    names = {}
    for mark, code in counted.get("marks", {}):
        names.setdefault(mark, set()).add(opcode(code))
    return {mark: "/".join(sorted(codes)) for mark, codes in names.items()}


def ended(counted):
    """{"recv: ends, ECANCELED": number}: completions by what was asked and how it went on."""
    names = marks(counted)
    result = {}
    for (mark, more, failure), count in counted.get("completed", {}).items():
        name = names.get(mark, f"mark {mark}, armed before")
        word = "goes on" if int(more) else "ends"
        if int(failure):
            word += f", {errno.errorcode.get(-int(failure), failure)}"
        result[f"{name}: {word}"] = result.get(f"{name}: {word}", 0) + count
    return dict(sorted(result.items(), key=lambda item: -item[1]))


def merged(buckets):
    """Single numbers up to MERGE_FROM, then buckets that widen, so that a page holds them."""
    result = []
    low, wide, count, high_seen = None, 0, 0, 0
    for start, end, number in buckets:
        if start is None or end is None or start < MERGE_FROM:
            result.append((start, end, number))
            continue
        if low is None or start >= low + wide:
            if low is not None:
                result.append((low, high_seen, count))
            low, count = start, 0
            wide = max(1, 1 << (start.bit_length() - 2))
        high_seen, count = end, count + number
    if low is not None:
        result.append((low, high_seen, count))
    return sorted(result, key=lambda bucket: (bucket[0] is not None, bucket[0] or 0))


def lines(session, profiled, counted, shapes):
    load = profiled.load
    unit, messages = load["unit"], profiled.messages
    calls = counted.get("calls", {}).get((), 0)
    is_uring = profiled.recorder.name == "uring"
    call = "io_uring_enter" if is_uring else "epoll wait"
    said = [session.report_line(profiled, "bpftrace"), *session.caveats(profiled), "",
            f"{call}: {calls / messages:.4f} per {unit}, {calls / profiled.seconds:,.0f} a second"]
    failed = counted.get("failed", {})
    for (number,), count in sorted(failed.items()):
        said.append(f"  {errno.errorcode.get(-int(number), number)}: {count:,}")
    for name, title in TITLES.items():
        if (name, ()) in shapes:
            said += ["", *histogram_text.lines(title, merged(shapes[name, ()]))]
    said += uring_lines(profiled, counted) if is_uring else epoll_lines(counted)
    return said


def uring_lines(profiled, counted):
    unit, messages = profiled.load["unit"], profiled.messages

    def each(counts):
        return {name: count / messages for name, count in counts.items()}

    def opcodes(name):
        return {opcode(number): count for (number,), count in
                sorted(counted.get(name, {}).items(), key=lambda item: -item[1])}

    said = ["", *words.table(f"submissions per {unit}; with no newcomers, accept, recv and "
                             "poll_add are multishots armed again", each(opcodes("submitted")),
                             digits),
            "", *words.table(f"completions per {unit}", each(ended(counted)), digits), ""]
    punted = opcodes("punted")
    said.append("went to a worker thread (io-wq): "
                + (", ".join(f"{name} {count:,}" for name, count in punted.items()) or "nothing"))
    starved = sum(count for (_, _, failure), count in counted.get("completed", {}).items()
                  if int(failure) == -errno.ENOBUFS)
    said.append(f"found no block (ENOBUFS): {starved:,}; completions that overflowed: "
                f"{counted.get('overflows', {}).get((), 0):,}")
    for at, ring in enumerate(profiled.recorder.rings):
        said.append(f"ring {at} after the window: {ring['polls']:,} polls wait, "
                    f"{ring.get('UserFiles', 0):,} fixed files, {ring['overflowed']:,} overflowed "
                    f"completions wait")
    return said


def epoll_lines(counted):
    controls = {CONTROLS.get(op, op): count for (op,), count in counted.get("controls", {}).items()}
    return ["", "epoll_ctl: " + (", ".join(f"{name} {count:,}" for name, count in controls.items())
                                 or "none")]


def digits(value):
    return f"{value:.4f}"


def profile(session):
    paths = []
    for poller in session.request.pollers:
        session.say(f"uring: {poller}, {session.request.seconds:g} s")
        profiled = session.record(poller, lambda server: Recorder(server, session.pins.load))
        text = profiled.recorder.text
        counted, shapes = bpftrace.maps(text), bpftrace.histograms(text)
        if not counted.get("calls"):
            raise needs.Missing(f"the gateway on {poller} made no call in the window: with sqpoll "
                                "or busy_poll it makes few; give more --seconds")
        said = lines(session, profiled, counted, shapes)
        print("\n".join(said), end="\n\n")
        directory = session.directory(poller)
        words.write(directory, "result.json", json.dumps({
            "schema": "sluice-profile/1", "kind": "uring", "poller": poller,
            "report_line": said[0], "seconds": profiled.seconds, "messages": profiled.messages,
            "counts": {name: {", ".join(key): count for key, count in counts.items()}
                       for name, counts in counted.items()},
            "histograms": {name: histogram_text.as_json(buckets)
                           for (name, _), buckets in shapes.items()},
            "rings": profiled.recorder.rings}, indent=1) + "\n")
        words.write(directory, "report.txt", "\n".join(said) + "\n")
        paths.append(os.path.join(directory, "report.txt"))
    return paths
