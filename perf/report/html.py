"""The page of a result: one HTML file with everything in it, which needs no network.

    html.write(result, "build/bench/report.html", "build/npm")

The charts are drawn by Apache ECharts (npm, see package.json), which esbuild binds together with
our scripts in page/. A Content-Security-Policy in the page allows exactly that script and no
request at all, so that a hostile title in a result can do nothing, and the claim of "no network"
is kept by the browser. Everything but the charts is HTML, and reads without a script too.
"""
import base64
import hashlib
import json
import os
import pathlib
import subprocess

from perf.report import chart_data, rules, sections, why
from perf.report.markup import Raw, element, text

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE / "page"
# A bundle takes a quarter of a second; a minute means that something hangs.
BUNDLE_PATIENCE_S = 60
# The packages that the script is made of.
BOUND = ("echarts", "zrender", "tslib")


class ReportError(Exception):
    """The page could not be made; the text says why and what to do."""


def write(result, path, npm_dir):
    """Writes the page; raises ReportError. `npm_dir` is where tools/dev installs npm packages:
    perf-report/node_modules in it has what package.json here names."""
    made = page(result, bundle(npm_dir))
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(made, encoding="utf-8")


def bundle(npm_dir):
    """ECharts and our scripts as one script, by esbuild."""
    modules = pathlib.Path(npm_dir).resolve() / "perf-report" / "node_modules"
    program = modules / ".bin" / "esbuild"
    if not program.exists() or not (modules / "echarts").is_dir():
        raise ReportError(f"{modules} has no esbuild and echarts; tools/dev bench installs them: "
                          "can npm reach its registry?")
    command = [str(program), str(PAGE / "main.js"), "--bundle", "--minify", "--format=iife",
               "--target=es2020", "--charset=utf8", "--legal-comments=none", "--log-level=warning"]
    try:
        done = subprocess.run(command, env={**os.environ, "NODE_PATH": str(modules)}, timeout=
                              BUNDLE_PATIENCE_S, capture_output=True, text=True, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ReportError(f"esbuild did not run: {error}") from error
    if done.returncode != 0:
        raise ReportError(f"esbuild failed:\n{done.stderr.strip()}")
    return done.stdout + licences(modules)


def licences(modules):
    """What is bound into the page may be passed on with these texts; so they go with it."""
    pieces = []
    for package in BOUND:
        about = json.loads((modules / package / "package.json").read_text(encoding="utf-8"))
        pieces.append(f"{package} {about['version']}, {about.get('license', 'see below')}")
        for name in ("NOTICE", "LICENSE", "LICENSE.txt"):
            path = modules / package / name
            if path.exists():
                pieces.append(path.read_text(encoding="utf-8").strip())
    return "\n/*!\n" + "\n\n".join(pieces).replace("*/", "* /") + "\n*/\n"


def page(result, script):
    """The whole page, with this text as its script."""
    result = with_sentences(result)
    style = (PAGE / "style.css").read_text(encoding="utf-8")
    script = escaped_script(script)
    pieces = {
        "title": text(" against ".join(reversed(result["specs"])) + " · Sluice benchmark"),
        "policy": policy(script),
        "style": Raw(style),
        "lead": sections.lead(result),
        "summary": sections.summary(result),
        "about": about(result),
        "warnings": sections.warnings(result),
        "scenarios": Raw("".join(sections.scenario(result, number)
                                 for number in range(len(result["scenarios"])))),
        "flames": sections.flame_graphs(result),
        "environment": sections.environment(result),
        "rules": sections.rule_list(result),
        "data": Raw(embedded(chart_data.of_result(result))),
        "script": Raw(script),
    }
    made = (PAGE / "template.html").read_text(encoding="utf-8")
    head, *rest = made.split("{{")
    for part in rest:
        name, _, after = part.partition("}}")
        head += pieces[name] + after
    return head


def with_sentences(result):
    """The result with a sentence in each scenario: the driver's, or one made now."""
    scenarios = [{**scenario, "why": scenario.get("why") or why.sentence(scenario,
                                                                         result["specs"])}
                 for scenario in result["scenarios"]]
    return {**result, "scenarios": scenarios}


def about(result):
    """When, how long, in which mode, with which rules bent: one quiet line."""
    words = [result.get("started", "").replace("T", " ").replace("Z", " UTC")]
    if result.get("mode"):
        words.append(f"{result['mode']} mode")
    if result.get("elapsed_seconds"):
        words.append(f"{result['elapsed_seconds'] / 60:.1f} minutes")
    if result.get("reactors"):
        words.append(f"{result['reactors']} reactor" + ("s" if result["reactors"] > 1 else ""))
    line = " · ".join(word for word in words if word)
    bent = sum(1 for _, reasons in rules.judged(result) if reasons)
    if bent:
        return element("p", line + " · ", element(
            "a", f"{bent} of {len(rules.RULES)} rules bent", href="#method"), class_="about")
    return element("p", line, class_="about")


def embedded(data):
    """JSON that can stand inside a script element: no < that could end it, no & that could begin
    an entity, no line end that only JavaScript knows."""
    written = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        written = written.replace(char, f"\\u{ord(char):04x}")
    return written


def escaped_script(script):
    """A script may hold </script in a text; < can be written as an escape there, and only there."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def policy(script):
    """What the page may do: run this very script, be styled, and ask nobody for anything."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return text(f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
                "img-src data:; base-uri 'none'; form-action 'none'")
