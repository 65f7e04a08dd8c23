"""The parts of the page, each a function from a result to HTML.

Everything the charts show stands in a table too: for readers of screens, of paper and of text.
"""
import math

from perf.report import chart_data, figures, rules, table
from perf.report.markup import Raw, element, folded, identifier, joined, link
from perf.report.markup import table as html_table

# A mark beside the word, so that nothing depends on colour.
MARKS = {"lower": "▼", "higher": "▲", "no difference": "=", "inconclusive": "?"}

# The scale of the small ratio plots in the summary, as factors to both sides of 1: the least one
# that holds every interval with a verdict. One without a verdict may reach beyond, with an arrow.
SCALES = (1.1, 1.2, 1.5, 2.0, 4.0, 10.0)


def scenario_id(result, scenario):
    """The number makes it unique, whatever a name holds."""
    return f"s{result['scenarios'].index(scenario) + 1}-{identifier(scenario['name'])}"


# ── Summary ──

def headline(result):
    """What came out on CPU per message, by the names of the scenarios."""
    base, *others = result["specs"]
    if not others:
        return f"{base}, measured alone in {figures.count(len(result['scenarios']), 'scenario')}."
    return " ".join(_came_out(result, base, other) for other in others)


def _came_out(result, base, other):
    names = {}
    for scenario in result["scenarios"]:
        found = figures.headline(scenario, other)
        verdict = found.get("verdict") if found else "inconclusive"
        names.setdefault(verdict, []).append(scenario["name"])
    sentences = []
    differs = [f"{word} in {_listed(names[verdict])}" for verdict, word
               in (("lower", "less"), ("higher", "more")) if verdict in names]
    if differs:
        differs[0] = differs[0].replace(" in", f" CPU per message than {base} in", 1)
        sentences.append(f"{other} takes {' and '.join(differs)}.")
    if "no difference" in names:
        sentences.append(f"In {_listed(names['no difference'])} this machine can show no "
                         f"difference{'' if differs else f' between {other} and {base}'}.")
    if "inconclusive" in names:
        subject = _listed(names["inconclusive"])
        sentences.append(f"{subject} {'is' if len(names['inconclusive']) == 1 else 'are'} "
                         f"inconclusive{'' if sentences else f' for {other} against {base}'}.")
    return " ".join(sentences)


def _listed(parts):
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def summary(result):
    """A row for each scenario and spec: the verdict on CPU per message, and its interval drawn."""
    base = result["specs"][0]
    rows = [(scenario, other, figures.headline(scenario, other))
            for scenario in result["scenarios"] for other in result["specs"][1:]]
    if not rows:
        return Raw("")
    scale = _scale([found for _, _, found in rows if found])
    looks = chart_data.appearance(result)
    several = len(result["specs"]) > 2
    head = ["Scenario", *(["Poller"] if several else []), "CPU per message",
            joined([f"Times that of {base}", _axis(scale)]), "Verdict", "p99 latency"]
    body = []
    for scenario, other, found in rows:
        name = element("a", scenario["name"], href="#" + scenario_id(result, scenario))
        body.append([name, *([other] if several else []), _ratio_words(found),
                     _plot(scenario, found, scale, looks[other]["colour"]),
                     _verdict(found, {"lower": "less", "higher": "more"}),
                     _latency_words(scenario, other)])
    return html_table(f"CPU per message in times of {base}’s, with 95 % intervals", head, body,
                      class_="summary")


def _scale(found):
    ends = [end for one in found if one.get("verdict") != "inconclusive"
            for end in (one.get("low"), one.get("high")) if end]
    reach = max((max(end, 1 / end) for end in ends), default=SCALES[1])
    return next((scale for scale in SCALES if scale >= reach), SCALES[-1])


def _ratio_words(found):
    if not found or found.get("ratio") is None:
        return "–"
    return joined([element("b", figures.ratio(found["ratio"])), " ",
                   element("span", figures.interval(found.get("low"), found.get("high")),
                           class_="quiet")])


def _verdict(found, words=None):
    """A verdict with its mark and its colour; 12 % lower, where it is one."""
    if not found:
        return "not compared"
    verdict = found.get("verdict", "inconclusive")
    shown = verdict
    if verdict in ("lower", "higher"):
        shown = f"{figures.percent(found['ratio'])} {(words or {}).get(verdict, verdict)}"
    return element("span", element("span", MARKS.get(verdict, "?"), aria_hidden="true"), " ", shown,
                   class_=f"verdict {table.kind_of(found)}")


def _latency_words(scenario, other):
    found = figures.comparisons(scenario, other, "p99")
    if not found or found[0].get("ratio") is None:
        return element("span", "closed loop" if scenario.get("loop") == "closed" else "–",
                       class_="quiet")
    return _verdict(found[0])


def _place(value, scale):
    """Where a ratio lies on the logarithmic scale, in per cent of its width."""
    share = 0.5 + math.log(value) / math.log(scale) / 2
    return f"{100 * min(max(share, 0.0), 1.0):.2f}%"


def _axis(scale):
    ends = [f"{1 / scale:.2f}", "1", f"{scale:.4g}"]
    return element("span", *(element("span", end) for end in ends), class_="axis",
                   aria_hidden="true")


def _plot(scenario, found, scale, colour):
    """One interval around 1, with what the base shows against itself behind it."""
    if not found or not found.get("low") or not found.get("high"):
        return "–"
    low, high, middle = (_place(found[key], scale) for key in ("low", "high", "ratio"))
    pieces = []
    band = chart_data.band(scenario, "cpu_us_per_message")
    if band:
        left, right = (_place(end, scale) for end in band)
        pieces.append(Raw(f'<rect class="band" x="{left}" width="{_width(left, right)}" y="0" '
                          'height="100%"/>'))
    pieces.append(Raw('<line class="one" x1="50%" x2="50%" y1="0" y2="100%"/>'))
    pieces.append(Raw(f'<line class="whisker" x1="{low}" x2="{high}" y1="50%" y2="50%"/>'))
    for end, sign, beyond in (("0%", -1, found["low"] < 1 / scale),
                              ("100%", 1, found["high"] > scale)):
        if beyond:
            pieces.append(Raw(f'<svg x="{end}" y="50%" overflow="visible"><path class="whisker" '
                              f'd="M{-7 * sign} -6 L0 0 L{-7 * sign} 6"/></svg>'))
    if 1 / scale <= found["ratio"] <= scale:
        pieces.append(Raw(f'<circle cx="{middle}" cy="50%" r="4.5"/>'))
    words = (f"ratio {figures.ratio(found['ratio'])}, interval "
             f"{figures.interval(found['low'], found['high'])}")
    return element("svg", *pieces, role="img", aria_label=words, class_="interval",
                   style=f"--colour: var({colour})")


def _width(left, right):
    return f"{float(right[:-1]) - float(left[:-1]):.2f}%"


# ── A scenario ──

def scenario(result, number):
    """Everything about one scenario."""
    found = result["scenarios"][number]
    sentence = found["why"]
    name = scenario_id(result, found)
    title = found.get("title") or found["name"]
    body = [element("h2", found["name"], id=f"{name}-title"),
            element("p", title, class_="subtitle"),
            element("p", table.load_line(found), class_="load"),
            element("p", sentence, class_="why"),
            *(element("p", note, class_="remark") for note in found.get("notes") or [])]
    body += _charts(result, found, number)
    body += [element("h3", "Pollers side by side"), _counters(result, found),
             _floors(result, found), _thrown_out(found), _every_run(found)]
    return element("section", *body, id=name, class_="scenario", aria_labelledby=f"{name}-title")


def _legend(result, found):
    looks = chart_data.appearance(result)
    items = [element("li", element("span", class_="swatch " + (
        "floor" if looks[spec]["floor"] else looks[spec]["symbol"]), style="--colour: "
        f"var({looks[spec]['colour']})"), spec) for spec in figures.specs_shown(result, found)]
    items += [element("li", element("span", class_="stroke"), "from the intended time"),
              element("li", element("span", class_="stroke dashed"), "from the actual time")]
    return element("ul", *items, class_="legend")


def _figure(number, kind, title, note, legend, fallback, part=0, wide=False):
    """A place for a chart, its words, and its figures as a table."""
    label = f"figure-{number}-{kind}-{part}"
    place = element("div", class_="chart", data_chart=kind, data_scenario=number, data_part=part,
                    role="img", aria_labelledby=label)
    return element("figure", element("figcaption", element("h3", title, id=label),
                                     element("p", note, class_="note")),
                   legend, place, folded("The figures of this chart", fallback),
                   class_="wide" if wide else None)


def _charts(result, found, number):
    data = chart_data.of_scenario(result, found)
    pieces = []
    closed = found.get("loop") == "closed"
    for part, chart in enumerate(data["latency"]):
        which = f" of the {chart['title'].lower()}" if len(data["latency"]) > 1 else ""
        note = ("Closed loop: a message waits for the one before it, so these show the queue of "
                "the load, and no verdict comes from them." if closed else
                "Across, the share of messages that were at least this fast: each step to the "
                "right is ten times rarer. Solid lines count from the intended time of sending.")
        pieces.append(_figure(number, "latency", f"Latency{which} by percentile", note,
                              _legend(result, found),
                              _latency_table(found, chart), part, wide=True))
    pair = []
    if data["cpu"]:
        pair.append(_figure(number, "cpu", f"CPU per {figures.unit(found)}",
                            "Median and 95 % interval; small dots are runs. Full: in the kernel; "
                            "pale: user space; hatched: kernel threads.",
                            Raw(""), _cpu_table(data["cpu"], figures.unit(found))))
    if data["rates"]:
        note = ("Median and 95 % interval; small dots are runs. Client bound: the gateway had time "
                "left, so its maximum lies higher." if closed else
                "The closed loop that the open loop's rate was taken from: one run each. Client "
                "bound: the gateway had time left, so its maximum lies higher.")
        pair.append(_figure(number, "rates", "Throughput", note, Raw(""),
                            _rate_table(data["rates"], figures.unit(found))))
    if pair:
        pieces.append(element("div", *pair, class_="pair"))
    if data["ratios"]:
        pieces.append(_figure(
            number, "ratios", f"Ratios to {result['specs'][0]}, pair by pair",
            "A dot is a pair of neighbouring runs, the bar the median and its 95 % interval. "
            f"Shaded: what {result['specs'][0]} shows against itself; nothing smaller is claimed.",
            Raw(""), _ratio_table(found, data["ratios"]), wide=True))
    return pieces


def _latency_table(found, chart):
    names = ("p50", "p90", "p99", "p99_9", "p99_99", "max")
    rows = []
    for curve in chart["curves"]:
        for way in ("corrected", "uncorrected"):
            one = figures.dig(found, "latency", curve["spec"], chart["kind"], way)
            if one:
                rows.append([curve["spec"], "intended" if way == "corrected" else "actual",
                             *(figures.duration(one.get(name)) for name in names),
                             f"{one.get('count', 0):,}"])
    return html_table("Latency by percentile",
                      ["Poller", "Counted from", "p50", "p90", "p99", "p99.9", "p99.99", "Max",
                       "Messages"], rows)


def _cpu_table(rows, unit):
    return html_table(f"CPU per {unit} in µs",
                      ["Poller", "Median", "95 % interval", "User", "Kernel", "Kernel threads"],
                      [[row["spec"], figures.number(row["median"]),
                        _interval_of(row), *(figures.number((row["parts"] or {}).get(part))
                                             for part in ("user", "kernel", "threads"))]
                       for row in rows])


def _interval_of(row):
    return "–" if row.get("low") is None else (f"{figures.number(row['low'])}.."
                                               f"{figures.number(row['high'])}")


def _rate_table(rows, unit):
    return html_table(f"Rate in {figures.plural(unit)} per second",
                      ["Poller", "Median", "95 % interval", "Bound by"],
                      [[row["spec"], figures.number(row["median"]), _interval_of(row),
                        "the client" if row["bound"] else "the gateway"] for row in rows])


def _ratio_table(found, rows):
    written = []
    for row in rows:
        comparison = figures.comparisons(found, row["other"], row["metric"])[0]
        own = figures.dig(found, "resolution", row["metric"]) or {}
        written.append([row["label"], row["other"], figures.ratio(row["ratio"]),
                        figures.interval(row["low"], row["high"]), comparison.get("pairs", 0),
                        figures.interval(own.get("low"), own.get("high")), _verdict(comparison),
                        comparison.get("reason", "")])
    return html_table("Ratios, intervals and verdicts",
                      ["Metric", "Poller", "Ratio", "95 % interval", "Pairs", "A against A",
                       "Verdict", "Because"], written, class_="words-last")


# What the counters' table shows: label, figure, divisor.
COUNTERS = (
    ("CPU, µs per {unit}", "cpu_us_per_message", 1),
    ("  in user space", "user_us_per_message", 1),
    ("  in the kernel", "system_us_per_message", 1),
    ("    of it kernel threads (iou-wrk, iou-sqp)", "kernel_threads_us_per_message", 1),
    ("Softirqs on its cores, µs per {unit}", "softirq_us_per_message", 1),
    ("Context switches per {unit}", "context_switches_per_message", 1),
    ("Wake-ups per {unit}", "wakeups_per_message", 1),
    ("Collecting calls per {unit}", "calls_per_message", 1),
    ("Events or completions per call", "events_per_call", 1),
    ("Receives armed anew per {unit}", "rearms_per_message", 1),
    ("Receives without a block per {unit}", "starved_per_message", 1),
    ("Instructions in user space per {unit}", "instructions_per_message", 1),
    ("Rss, MiB", "rss_bytes", 2 ** 20),
    ("Rss per connection, bytes", "bytes_per_connection", 1),
    ("Slab per connection, bytes", "slab_bytes_per_connection", 1),
)


def _counters(result, found):
    specs = figures.specs_shown(result, found)
    unit = figures.unit(found)
    rows = []
    for label, name, divisor in COUNTERS:
        if name == "context_switches_per_message":
            rows += _syscall_rows(found, specs, unit)
        values = [figures.median(found, spec, name) for spec in specs]
        if any(value is not None for value in values):
            depth = (len(label) - len(label.lstrip())) // 2
            words = element("span", label.strip().format(unit=unit), class_=f"depth{depth}")
            rows.append([words, *figures.aligned([None if value is None else value / divisor
                                                  for value in values])])
    return html_table("Medians of the valid runs; system calls are those of one extra, traced run",
                      ["Counter", *specs], rows, class_="counters")


# A call that no spec makes once in two hundred messages is one of "others".
RARE_CALL = 0.005


def _syscall_rows(found, specs, unit):
    counted = [figures.dig(found, "counted", spec) or {} for spec in specs]
    if not any(counted):
        return []
    most = {}
    for one in counted:
        for name, amount in (one.get("by_name") or {}).items():
            most[name] = max(amount, most.get(name, 0))
    names = [name for name in sorted(most, key=lambda name: -most[name])
             if most[name] >= RARE_CALL]
    rows = [[f"System calls per {unit}",
             *figures.aligned([one.get("syscalls_per_message") for one in counted])]]
    for name in names:
        rows.append([element("span", element("code", name), class_="depth1"),
                     *figures.aligned([(one.get("by_name") or {}).get(name) for one in counted])])
    if len(names) < len(most):
        rest = [sum(amount for name, amount in one["by_name"].items() if name not in names)
                if one.get("by_name") else None for one in counted]
        rows.append([element("span", f"{len(most) - len(names)} others", class_="depth1"),
                     *figures.aligned(rest)])
    return rows


def _floors(result, found):
    words = table.floor_text(found, result["specs"])
    return element("p", f"CPU above the floor: {words}." if words else
                   "No bare echo loop ran here, so there is no floor to show.",
                   class_="note")


def _thrown_out(found):
    thrown = figures.thrown_out(found)
    if not thrown:
        return element("p", f"All {figures.count(len(found['runs']), 'run')} count.",
                       class_="note")
    return joined([element("h3", f"Thrown out: {len(thrown)} of "
                                 f"{figures.count(len(found['runs']), 'run')}"),
                   html_table("Runs that do not count, by what was wrong with them",
                              ["Reason", "Runs", "Which", "The first of them"],
                              [_kind_row(kind, runs) for kind, runs
                               in figures.thrown_out_by_kind(found).items()], class_="words")])


def _kind_row(kind, runs):
    names = {}
    for run, _ in runs:
        names.setdefault(run.get("spec", "?"), []).append(str(run.get("id", "?")))
    which = "; ".join(f"{spec}: {', '.join(ids)}" for spec, ids in names.items())
    return [kind, len(runs), which, runs[0][1]]


def _every_run(found):
    rows = [[run.get("id", "?"), run.get("spec", "?"), run.get("purpose", "?"),
             "–" if run.get("pair") is None else run["pair"],
             figures.number(figures.dig(run, "load", "rate")),
             figures.number(run.get("cpu_us_per_message")),
             figures.duration(figures.of_run("p50", run)),
             figures.duration(figures.of_run("p99", run)),
             figures.duration(figures.dig(run, "load", "lateness", "p99") or None),
             figures.number(figures.dig(run, "load", "generator", "busy")),
             "yes" if run.get("valid") else "; ".join(run.get("invalid_reasons") or ["no"])]
            for run in found["runs"]]
    return folded(f"Every run ({len(rows)})", html_table(
        "Every run, in its order", ["Run", "Poller", "Purpose", "Pair", "Rate", "CPU, µs", "p50",
                                    "p99", "Lateness p99", "Generator busy", "Counts"], rows,
        class_="words-last"))


# ── The end of the page ──

def flame_graphs(result):
    found = result.get("flame_graphs") or []
    if not found:
        return Raw("")
    items = (element("li", link(one.get("title", one.get("href", "")), one.get("href", "")))
             for one in found)
    return element("section", element("h2", "Flame graphs"), element("ul", *items), id="flames")


def environment(result):
    """The machine and the build, all of it, folded away."""
    rows = list(_flat(result.get("environment") or {}))
    rows += [(f"{spec}: {key}", value) for spec, options in (result.get("effective") or {}).items()
             for key, value in options.items()]
    if result.get("command"):
        rows.insert(0, ("command", result["command"]))
    return element("section", element("h2", "Environment"),
                   element("p", table.environment_line(result)),
                   folded("All of it", html_table("Environment", ["What", "Value"], rows,
                                              class_="words")),
                   id="environment")


def _flat(found, prefix=""):
    """('limits: nofile', 1048576) …: nested objects as rows; histograms by what people read."""
    for key, value in found.items():
        name = f"{prefix}{key}" if prefix else key.replace("_", " ")
        if key == "hiccups" and isinstance(value, list):
            yield from _hiccups(value)
        elif isinstance(value, dict):
            yield from _flat(value, f"{name}: ")
        elif isinstance(value, list):
            yield name, ", ".join(map(str, value))
        else:
            yield name, {True: "yes", False: "no"}.get(value, value) if isinstance(
                value, bool) else value


def _hiccups(cores):
    for one in cores:
        seen = one.get("hiccups") or {}
        yield (f"hiccups of idle core {one.get('core', '?')}",
               f"p99 {figures.duration(seen.get('p99'))}, p99.99 "
               f"{figures.duration(seen.get('p99_99'))}, max {figures.duration(seen.get('max'))} "
               f"in {figures.number(one.get('seconds'))} s")


def rule_list(result):
    """The seventeen rules, each kept or bent, with what bent it."""
    items = []
    for rule, reasons in rules.judged(result):
        state = "bent" if reasons else "kept"
        words = [element("b", state), " ", rule.text]
        if reasons:
            words.append(element("span", "; ".join(reasons), class_="reason"))
        items.append(element("li", *words, class_=state))
    loose = [reason for rule, reason in rules.bent(result) if rule is None]
    more = element("ul", *(element("li", reason) for reason in loose)) if loose else Raw("")
    bent = sum(1 for _, reasons in rules.judged(result) if reasons)
    return joined([element("h3", f"The {len(rules.RULES)} rules: "
                                 f"{len(rules.RULES) - bent} kept, {bent} bent"),
                   element("ol", *items, class_="rules"), more])


def lead(result):
    """The words above the summary."""
    base, *others = result["specs"]
    title = f"{', '.join(others)} against {base}" if others else base
    return joined([element("p", "Sluice · benchmark of poller strategies", class_="eyebrow"),
                   element("h1", title), element("p", headline(result), class_="lead"),
                   element("p", table.environment_line(result), class_="machine")])


def warnings(result):
    """What was wrong with the machine before it began."""
    return joined(element("p", warning, class_="remark")
                  for warning in figures.dig(result, "environment", "warnings") or [])
