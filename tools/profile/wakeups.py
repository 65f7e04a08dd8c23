"""How often each thread of the gateway is woken, how long it then waits for a CPU, how long it
runs, and who wakes it: from the scheduler's tracepoints."""
import glob
import json
import os
import re

from tools.profile import bpftrace, histogram_text, needs, words

# sched_waking is seen in the waker's context, and by nobody else; sched_switch tells the rest.
PROGRAM = """
BEGIN {{ {mine} }}
tracepoint:sched:sched_waking /@open/ {{
  $t = (uint64)args->pid;
  if (@mine[$t] == 1) {{
    if (@woken[$t] == 0) {{ @woken[$t] = nsecs; }}
    if (@last[$t] != 0) {{ @gap[$t] = hist(nsecs - @last[$t]); }}
    @last[$t] = nsecs;
    @wakes[$t] = count();
    @by[$t, comm] = count();
  }}
}}
tracepoint:sched:sched_switch {{
  $t = (uint64)args->next_pid;
  if (@woken[$t] != 0) {{
    @queued[$t] = hist(nsecs - @woken[$t]);
    @began[$t] = nsecs;
    delete(@woken[$t]);
  }}
  $p = (uint64)args->prev_pid;
  if (@began[$p] != 0 && (args->prev_state & 0xff) != 0) {{
    @ran[$p] = hist(nsecs - @began[$p]);
    delete(@began[$p]);
  }}
}}
END {{ clear(@mine); clear(@woken); clear(@last); clear(@began); clear(@open); }}
"""
TITLES = {"gap": "time between wake-ups", "queued": "from wake-up to CPU (run queue)",
          "ran": "from CPU to next sleep"}


def threads_of(pid):
    """{tid: name} of the gateway's threads."""
    result = {}
    for path in glob.glob(f"/proc/{pid}/task/[0-9]*/comm"):
        with open(path, encoding="utf-8") as file:
            result[int(path.split("/")[4])] = file.read().strip()
    return result


class Recorder(bpftrace.Bpftrace):
    """Remembers the names of the threads that it watches: the tracer knows numbers."""

    def __init__(self, server, cores):
        self.threads = threads_of(server.pid)
        mine = " ".join(f"@mine[{tid}] = 1;" for tid in self.threads)
        super().__init__(PROGRAM.format(mine=mine), cores,
                         tracepoints=("sched:sched_waking", "sched:sched_switch"))


def figures(text, threads):
    """{thread name: {"wakes", "by", "gap", "queued", "ran"}} of threads that were woken; the
    reactors first."""
    counted = bpftrace.maps(text)
    shapes = bpftrace.histograms(text)
    result = {}
    for tid, name in sorted(threads.items(), key=lambda item: (not item[1].startswith("reactor"),
                                                               item[0])):
        wakes = counted.get("wakes", {}).get((str(tid),), 0)
        if not wakes:
            continue
        by = {", ".join(key[1:]): count for key, count in counted.get("by", {}).items()
              if key[0] == str(tid)}
        label = name if name not in result else f"{name} ({tid})"
        result[label] = {"wakes": wakes, "by": dict(sorted(by.items(), key=lambda at: -at[1])),
                         **{shape: shapes.get((shape, (str(tid),)), []) for shape in TITLES}}
    return result


def lines(session, profiled, found):
    unit = profiled.load["unit"]
    said = [session.report_line(profiled, "bpftrace"), *session.caveats(profiled)]
    for name, thread in found.items():
        wakes = thread["wakes"]
        by = ", ".join(f"{who} {count / wakes:.0%}" for who, count in thread["by"].items()
                       if count / wakes >= 0.005)
        said += ["", f"{name}: {wakes / profiled.messages:.4f} wake-ups per {unit}, "
                     f"{wakes / profiled.seconds:,.0f} a second; woken by {by}"]
        if not re.match(r"reactor|acceptor|iou-", name):
            continue
        for shape, title in TITLES.items():
            said += histogram_text.lines(f"{name}, {title}", thread[shape], words.duration)
    return said


def profile(session):
    paths = []
    for poller in session.request.pollers:
        session.say(f"wakeups: {poller}, {session.request.seconds:g} s")
        profiled = session.record(poller, lambda server: Recorder(server, session.pins.load))
        found = figures(profiled.recorder.text, profiled.recorder.threads)
        if not found:
            raise needs.Missing(f"no thread of the gateway on {poller} was woken in the window: it "
                                "was busy all the time (a lower --rate lets it sleep), or polls")
        said = lines(session, profiled, found)
        print("\n".join(said), end="\n\n")
        directory = session.directory(poller)
        words.write(directory, "result.json", json.dumps({
            "schema": "sluice-profile/1", "kind": "wakeups", "poller": poller,
            "report_line": said[0], "seconds": profiled.seconds, "messages": profiled.messages,
            "threads": {name: {**thread, **{shape: histogram_text.as_json(thread[shape])
                                            for shape in TITLES}}
                        for name, thread in found.items()}}, indent=1) + "\n")
        words.write(directory, "report.txt", "\n".join(said) + "\n")
        paths.append(os.path.join(directory, "report.txt"))
    return paths
