"""Two CPU profiles laid upon each other, both in nanoseconds per message: the difference.

Two pollers come to the same TCP functions by different ways. So the difference is drawn twice:
from the socket calls on (like upon like, whoever called), and with whole stacks.
"""
import html
import json
import os

from tools.profile import flame_page, layers, stacks, words

# From these on, two pollers do the same; the heading stands for whoever called.
ANCHORS = {"tcp_sendmsg": "socket send", "tcp_recvmsg": "socket receive",
           "inet_csk_accept": "accept"}
TOP = 12
TOP_PAGE = 40


def layer_rows(first, second):
    """(layer, first, second) in the order of the layers."""
    one, other = layers.sums(first), layers.sums(second)
    return [(name, one.get(name, 0), other.get(name, 0)) for name in layers.NAMES
            if name in one or name in other]


def function_rows(first, second):
    """(frame, first, second) by what each costs itself, the largest difference first."""
    one, other = stacks.by_function(first), stacks.by_function(second)
    rows = [(frame, one.get(frame, (0, 0))[0], other.get(frame, (0, 0))[0])
            for frame in one.keys() | other.keys()]
    return sorted(rows, key=lambda row: (-abs(row[2] - row[1]), row[0]))


def signed(nanoseconds):
    return ("+" if nanoseconds >= 0 else "−") + words.duration(abs(nanoseconds))


def lines(one, other):
    """The difference for a terminal."""
    names = [one.profiled.poller, other.profiled.poller]
    unit = one.profiled.load["unit"]
    rows = layer_rows(one.stacks, other.stacks)
    rows.append(("in all", stacks.total(one.stacks), stacks.total(other.stacks)))
    wide = max(len(row[0]) for row in rows)
    columns = [max(9, len(name)) for name in names]
    result = [f"CPU per {unit} by layer, {names[1]} against {names[0]}:",
              f"  {'':<{wide}}  {names[0]:>{columns[0]}}  {names[1]:>{columns[1]}}  {'':>9}"]
    for name, a, b in rows:
        result.append(f"  {name:<{wide}}  {words.duration(a):>{columns[0]}}  "
                      f"{words.duration(b):>{columns[1]}}  {signed(b - a):>9}")
    result += ["", "functions whose own cost differs most:"]
    for frame, a, b in function_rows(one.stacks, other.stacks)[:TOP]:
        name, kind = stacks.split_frame(frame)
        result.append(f"  {words.duration(a):>9}  {words.duration(b):>9}  {signed(b - a):>9}  "
                      f"{'k' if kind == 'kernel' else ' '} {name}")
    return result


def html_rows(title, names, rows):
    head = (f"<tr><th><th class=number>{html.escape(names[0])}"
            f"<th class=number>{html.escape(names[1])}<th class=number>difference</tr>")
    body = "".join(
        f"<tr><td{css}>{html.escape(name)}</td><td class=number>{words.duration(a)}</td>"
        f"<td class=number>{words.duration(b)}</td>"
        f"<td class='number {'more' if b > a else 'less'}'>{signed(b - a)}</td></tr>"
        for css, name, a, b in rows)
    return f"<table><caption>{html.escape(title)}</caption>{head}{body}</table>"


def page_of(one, other):
    names = [one.profiled.poller, other.profiled.poller]
    unit = one.profiled.load["unit"]
    rows = layer_rows(one.stacks, other.stacks)
    rows.append(("in all", stacks.total(one.stacks), stacks.total(other.stacks)))
    functions = [(" class=name", stacks.split_frame(frame)[0], a, b)
                 for frame, a, b in function_rows(one.stacks, other.stacks)[:TOP_PAGE]]
    anchored = [stacks.anchored(profile.stacks, ANCHORS) for profile in (one, other)]
    return flame_page.Page(
        title=f"CPU per {unit} · {names[1]} against {names[0]}",
        lines=[one.report_line, other.report_line,
               "A frame's colour is its difference; its width the larger side, or the one that "
               "you choose. Samples are few where frames are narrow: trust the wide ones."],
        unit="ns per message", first=names[0], second=names[1],
        views=[("from the socket calls on", stacks.difference_tree(*anchored)),
               ("whole", stacks.difference_tree(one.stacks, other.stacks))],
        tables=[html_rows(f"By layer, CPU per {unit}", names, [("", *row) for row in rows])],
        functions=html_rows("Functions whose own cost differs most", names, functions))


def write(session, one, other):
    """Prints the difference and writes report.txt, result.json and flame.html; the page's path."""
    directory = session.directory(f"{one.profiled.poller}-{other.profiled.poller}")
    said = lines(one, other)
    print("\n".join(said), end="\n\n")
    words.write(directory, "report.txt",
                "\n".join([one.report_line, other.report_line, "", *said]) + "\n")
    words.write(directory, "result.json", json.dumps({
        "schema": "sluice-profile/1", "kind": "cpu difference",
        "pollers": [one.profiled.poller, other.profiled.poller],
        "report_lines": [one.report_line, other.report_line],
        "layers_ns_per_message": {name: [a, b] for name, a, b
                                  in layer_rows(one.stacks, other.stacks)}}, indent=1) + "\n")
    path = flame_page.write(page_of(one, other), os.path.join(directory, "flame.html"))
    return [path] if path else [os.path.join(directory, "report.txt")]
