"""Where the gateway's CPU time goes: perf's samples as a flame graph, by layer and by function."""
import json
import os

from tools.profile import (compare, flame_page, layers, needs, perf_script, recorder_perf, stacks,
                           words)

TOP = 15
SAMPLES_MIN = 1000  # fewer make a frame of one percent a matter of luck
TOP_PAGE = 60
OVERHEAD_MAX = 0.1


class CpuProfile:
    """One poller's: the stacks in nanoseconds of CPU per message."""

    def __init__(self, session, profiled, samples, whole, sampled, unrecorded_us):
        self.unrecorded_us = unrecorded_us
        self.profiled = profiled
        self.samples = stacks.total(samples)
        self.whole = whole
        self.sampled = sampled
        self.run_caveats = session.caveats(profiled)
        self.report_line = session.report_line(profiled, "perf record")
        per_sample = profiled.cpu_us_per_message * 1000 / self.samples
        self.stacks = stacks.scaled(samples, per_sample)
        self.folded = stacks.fold(samples)

    def lines(self):
        """The summary for a terminal."""
        return [self.report_line, *self.caveats(), "", *words.table(
            f"CPU per {self.profiled.load['unit']} by layer", layers.sums(self.stacks)), "",
            *words.functions(stacks.by_function(self.stacks), TOP)]

    def caveats(self):
        lines = [f"{self.samples:,} samples, {self.whole:.0%} of the stacks whole; {self.sampled}"]
        if self.unrecorded_us:
            more = self.profiled.cpu_us_per_message / self.unrecorded_us - 1
            lines.append(f"without perf it was {self.unrecorded_us:.2f} µs: recording, and chance, "
                         f"make it {more:+.0%}" + ("; trust shares, not sums"
                                                   if abs(more) > OVERHEAD_MAX else ""))
        lines += self.run_caveats
        if self.samples < SAMPLES_MIN:
            lines.append("few samples: give more --seconds, or a higher --rate")
        if self.whole < 0.95:
            lines.append("many stacks are cut: what hangs at the root beside the beginning of the "
                         "threads belongs somewhere inside")
        return lines


def record(session, poller):
    """Runs one poller under perf; its CpuProfile, with its files written."""
    event, sentence = needs.perf_event()
    directory = session.directory(poller)
    unrecorded_us = session.unrecorded(poller)
    profiled = session.record(poller, lambda server: recorder_perf.PerfRecorder(
        server, directory, event, session.pins))
    samples, whole = perf_script.folded(
        recorder_perf.script(profiled.recorder.path, profiled.recorder.pid))
    if not samples:
        raise needs.Missing(f"perf took no sample of {poller}: the gateway did nothing in the "
                            "window, or perf may not see it (kernel.perf_event_paranoid)")
    return CpuProfile(session, profiled, samples, whole, sentence, unrecorded_us), directory


def write(profile, directory):
    """stacks.folded, report.txt, result.json and flame.html; the path to show."""
    files = [words.write(directory, "stacks.folded", profile.folded),
             words.write(directory, "report.txt", "\n".join(profile.lines()) + "\n"),
             words.write(directory, "result.json", json.dumps(as_json(profile), indent=1) + "\n")]
    unit = profile.profiled.load["unit"]
    page = flame_page.Page(
        title=f"CPU per {unit} · {profile.profiled.poller}",
        lines=[profile.report_line, *profile.caveats()], unit="ns per message",
        views=[("whole", stacks.tree(profile.stacks))],
        tables=[words.html_table(f"By layer: {words.duration(stacks.total(profile.stacks))} of CPU "
                                 f"per {unit}", layers.sums(profile.stacks))],
        functions=words.html_functions(stacks.by_function(profile.stacks), TOP_PAGE))
    files.append(flame_page.write(page, os.path.join(directory, "flame.html")))
    return [file for file in files[-1:] if file] or files[:1]


def as_json(profile):
    load = profile.profiled.load
    return {"schema": "sluice-profile/1", "kind": "cpu", "poller": profile.profiled.poller,
            "report_line": profile.report_line, "samples": profile.samples,
            "whole_stacks": profile.whole, "unit": load["unit"],
            "messages": profile.profiled.messages,
            "cpu_us_per_message": profile.profiled.cpu_us_per_message,
            "cpu_us_per_message_unrecorded": profile.unrecorded_us,
            "layers_ns_per_message": layers.sums(profile.stacks),
            "functions_ns_per_message": {
                frame: {"self": own, "inclusive": whole}
                for frame, (own, whole) in stacks.by_function(profile.stacks).items()}}


def profile(session):
    """All pollers of the request, and their difference if it was asked for; the pages' paths."""
    profiles, pages = [], []
    for poller in session.request.pollers:
        session.say(f"cpu: {poller}, {session.request.seconds:g} s")
        made, directory = record(session, poller)
        profiles.append(made)
        print("\n".join(made.lines()), end="\n\n")
        pages += write(made, directory)
    if session.request.compare:
        pages += compare.write(session, *profiles)
    return pages
