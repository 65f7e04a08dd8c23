"""Where the gateway's threads are when they are not on a CPU: time by stack, from sched_switch.

A thread that leaves the CPU either waits for something (blocked) or was pushed aside although it
had work (preempted: another thread wanted the core). The two are apart at the root. The gateway
runs with frame pointers, which is how the kernel's tracer walks user stacks; Debian's libc has
none, so the caller of a libc function is missing from its stack.
"""
import json
import os

from tools.profile import bpftrace, flame_page, needs, stacks, words

PROGRAM = """
tracepoint:sched:sched_switch {{
  if (pid == {pid} && @open) {{
    @left[tid] = nsecs;
    @kernel[tid] = kstack(perf);
    @user[tid] = ustack(perf);
    @state[tid] = args->prev_state & 0xff;
    @name[tid] = comm;
  }}
  $t = (uint64)args->next_pid;
  $from = @left[$t];
  if ($from != 0) {{
    @away[@name[$t], @state[$t] != 0 ? "blocked" : "preempted", @user[$t], @kernel[$t]]
        = sum(nsecs - $from);
    delete(@left[$t]);
  }}
}}
END {{ clear(@left); clear(@kernel); clear(@user); clear(@state); clear(@name); clear(@open); }}
"""
TOP = 10
TAIL = 4  # frames of a stack that tell where it was
FRAMES_HINT = ("tools/dev profile builds it: meson setup build/profiling -D tests=disabled "
               "-D jemalloc=disabled "
               "-D cpp_args='-fno-omit-frame-pointer -mno-omit-leaf-frame-pointer'")


def recorder(session):
    def attach(server):
        return bpftrace.Bpftrace(PROGRAM.format(pid=server.pid), session.pins.load,
                                 tracepoints=("sched:sched_switch",))
    return attach


def away(text):
    """{(thread, why, frames...): nanoseconds} of what the program printed."""
    result = {}
    for key, user, kernel, nanoseconds in bpftrace.stack_maps(text, "away"):
        thread, why = key[:2]
        stacks.add(result, (thread, why, *bpftrace.frames(user, kernel)), nanoseconds)
    return result


def by_thread(found, seconds):
    """{"reactor-0 blocked": ms per second}, the longest first."""
    sums = {}
    for stack, value in found.items():
        stacks.add(sums, " ".join(stack[:2]), value / seconds / 1e6)
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def amount(milliseconds):
    return f"{milliseconds:.2f} ms/s"


def lines(session, profiled, found):
    scaled = stacks.scaled(found, 1 / profiled.seconds / 1e6)
    said = [session.report_line(profiled, "bpftrace"),
            f"On a CPU {profiled.figures['server_busy']:.1%} of the time. Only sleeps that begin "
            "and end in the window count; a thread that sleeps through it does not show.",
            *session.caveats(profiled), "",
            *words.table("not on a CPU", by_thread(found, profiled.seconds), amount), "",
            "the stacks that take most of it:"]
    for stack, value in sorted(scaled.items(), key=lambda item: -item[1])[:TOP]:
        names = [stacks.split_frame(frame)[0] for frame in stack[2:]]
        # The scheduler's own frames are in each; what called it says where the thread was.
        shown = [name for name in names if name not in ("schedule", "__schedule")][-TAIL:]
        said.append(f"  {amount(value):>12}  {stack[0]} {stack[1]}: … {' > '.join(shown)}")
    return said


def profile(session):
    paths = []
    for poller in session.request.pollers:
        session.say(f"offcpu: {poller}, {session.request.seconds:g} s")
        needs.built(session.request.frames_build, "src/sluice", FRAMES_HINT)
        profiled = session.record(poller, recorder(session), build=session.request.frames_build)
        found = away(profiled.recorder.text)
        if not found:
            raise needs.Missing(f"no thread of the gateway on {poller} left its CPU in the window: "
                                "give more --seconds, or a lower --rate")
        paths.append(write(session, poller, profiled, found))
    return paths


def write(session, poller, profiled, found):
    said = lines(session, profiled, found)
    print("\n".join(said), end="\n\n")
    directory = session.directory(poller)
    words.write(directory, "stacks.folded", stacks.fold(found))
    report = words.write(directory, "report.txt", "\n".join(said) + "\n")
    sums = by_thread(found, profiled.seconds)
    words.write(directory, "result.json", json.dumps({
        "schema": "sluice-profile/1", "kind": "offcpu", "poller": poller, "report_line": said[0],
        "seconds": profiled.seconds, "messages": profiled.messages,
        "ms_per_second": sums}, indent=1) + "\n")
    scaled = stacks.scaled(found, 1 / profiled.seconds / 1e6)
    page = flame_page.Page(
        title=f"Off the CPU · {poller}", lines=said[:2], unit="ms per second",
        views=[("whole", stacks.tree(scaled))],
        tables=[words.html_table("Not on a CPU", sums, amount)])
    return flame_page.write(page, os.path.join(directory, "flame.html")) or report
