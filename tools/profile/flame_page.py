"""A flame graph as one HTML file that needs no network: d3-flame-graph and its data inside.

The libraries come from npm (package.json here; tools/dev installs them into build/npm). They are
put one behind the other, as they are. A Content-Security-Policy in the page allows exactly these
scripts and no request, so that the browser keeps the promise, and a hostile name in a stack can do
nothing. Where the libraries are missing there is no page, but the folded stacks are there.
"""
import base64
import dataclasses
import hashlib
import html
import json
import os
import sys

from tools.profile.session import ROOT

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page")
MODULES = os.path.join(ROOT, "build", "npm", "tools-profile", "node_modules")
# In the order in which they need each other; each adds itself to the global `d3`.
LIBRARIES = ("d3-color", "d3-interpolate", "d3-dispatch", "d3-timer", "d3-ease", "d3-selection",
             "d3-transition", "d3-array", "d3-format", "d3-time", "d3-time-format", "d3-scale",
             "d3-hierarchy")
FLAME = os.path.join("d3-flame-graph", "dist", "d3-flamegraph.umd.min.js")
# Frames below this share of the whole are narrower than a pixel on any screen.
SMALLEST_SHARE = 1 / 5000


@dataclasses.dataclass
class Page:
    title: str
    lines: list              # sentences below the title
    unit: str                # what the weights are: "ns per message", "allocations per message"
    views: list              # [(name, tree)]; the first is shown
    tables: list = dataclasses.field(default_factory=list)  # HTML above the graph
    functions: str = ""      # HTML below it
    first: str = ""          # a difference: the names of its sides
    second: str = ""


class NoPage(Exception):
    """The page cannot be made; the text says what to do."""


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def libraries(modules=MODULES):
    """All libraries as one script, with their licences."""
    if not os.path.exists(os.path.join(modules, FLAME)):
        raise NoPage(f"no flame graph page: {modules} has no d3-flame-graph. tools/dev profile "
                     "installs it with npm: can npm reach its registry?")
    scripts = [read(modules, name, "dist", f"{name}.min.js") for name in LIBRARIES]
    scripts.append(read(modules, FLAME))
    return "\n".join([*scripts, licences(modules)])


def licences(modules):
    """What these licences ask for: that their text goes with the code."""
    texts = [f"{name}\n{read(modules, name, 'LICENSE')}" for name in
             (*LIBRARIES, "d3-flame-graph", "internmap")]
    return "/*\n" + "\n".join(texts).replace("*/", "* /") + "\n*/"


def pruned(node, least):
    """The tree without frames too small to be seen; their weight stays in their parent's."""
    return {**node, "c": [pruned(child, least) for child in node["c"] if child["v"] >= least]}


def rounded(node):
    """Three digits behind the point are more than any profile knows, and half the file."""
    return {key: [rounded(child) for child in value] if key == "c" else
            round(value, 3) if isinstance(value, float) else value for key, value in node.items()}


def data_of(page):
    views = [{"name": name, "tree": rounded(pruned(tree, tree["v"] * SMALLEST_SHARE))}
             for name, tree in page.views]
    return {"unit": page.unit, "first": page.first, "second": page.second, "views": views}


def in_script(text):
    """Text that cannot end the script element it stands in."""
    return text.replace("</", "<\\/").replace("<!--", "<\\!--")


def script_hash(script):
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def render(page, modules=MODULES):
    scripts = {"LIBRARIES": in_script(libraries(modules)),
               "SCRIPT": in_script(read(PAGE, "flame.js"))}
    data = json.dumps(data_of(page), ensure_ascii=False, separators=(",", ":"))
    parts = {
        **scripts, "SCRIPT_HASHES": " ".join(map(script_hash, scripts.values())),
        "TITLE": html.escape(page.title), "STYLE": read(PAGE, "flame.css"),
        "LINES": "\n".join(f"<p>{html.escape(line)}</p>" for line in page.lines if line),
        "TABLE": "\n".join(page.tables), "FUNCTIONS": page.functions,
        "DATA": data.replace("<", "\\u003c")}
    # Split first: what is put in may itself contain what looks like a place for something.
    pieces = read(PAGE, "flame.html").split("@")
    return "".join(parts[piece] if at % 2 else piece for at, piece in enumerate(pieces))


def write(page, path, modules=MODULES):
    """Writes the page; its path, or None where it cannot be made, which is said."""
    try:
        text = render(page, modules)
    except NoPage as reason:
        print(reason, file=sys.stderr)
        return None
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path
