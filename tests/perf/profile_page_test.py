"""The page of a flame graph: whole without a network, and deaf to hostile names.

Usage: profile_page_test.py NPM_DIR, where tools/dev installs npm packages. What needs those of
tools/profile is skipped aloud where they are not (exit code 77).
"""
import html.parser
import json
import pathlib
import re
import sys
import tempfile
import unittest

from tests.perf import profile_sample
from tools.profile import flame_page, perf_script, stacks

SKIPPED = 77
HOSTILE = "</script><script>alert(1)</script><!-- & \"quoted\""


class Parsed(html.parser.HTMLParser):
    """Elements, attributes, and the text of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.attributes = []
        self.scripts = []
        self.styles = []
        self.kind = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.kind = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag):
        self.kind = None

    def handle_data(self, data):
        if self.kind == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif self.kind == "style":
            self.styles.append(data)


def page(name="all", title="CPU · epoll", **more):
    found, _ = perf_script.folded(profile_sample.lines("perf.script"))
    return flame_page.Page(title=title, lines=["a line", ""], unit="ns per message",
                           views=[("whole", stacks.tree(found, name))], **more)


def small_modules(folder):
    """Stands for npm's packages where only our own part of the page is looked at."""
    for name in (*flame_page.LIBRARIES, "d3-flame-graph", "internmap"):
        place = pathlib.Path(folder, name, "dist")
        place.mkdir(parents=True)
        (place.parent / "LICENSE").write_text(f"licence of {name} */", encoding="utf-8")
        (place / f"{name}.min.js").write_text(f"// {name}\n", encoding="utf-8")
    pathlib.Path(folder, flame_page.FLAME).write_text("// flame </script>\n", encoding="utf-8")
    return folder


class OurPart(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.modules = small_modules(self.folder.name)

    def parsed(self, made):
        return Parsed(flame_page.render(made, self.modules))

    def test_there_is_no_reference_to_anything_outside(self):
        parsed = self.parsed(page())
        for tag, name, value in parsed.attributes:
            self.assertNotIn(name, ("src", "href", "action", "srcset", "poster", "background"),
                             f"<{tag} {name}={value}>")
            self.assertNotEqual(tag, "link")
        for style in parsed.styles:
            self.assertIsNone(re.search(r"url\(|@import", style))

    def test_the_browser_is_told_to_allow_these_scripts_and_no_request(self):
        parsed = self.parsed(page())
        policy = next(value for tag, name, value in parsed.attributes
                      if tag == "meta" and name == "content" and "default-src" in value)
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe-eval", policy)
        code = [text for attributes, text in parsed.scripts if "type" not in attributes]
        self.assertEqual(len(code), 2)
        for text in code:
            self.assertIn(flame_page.script_hash(text), policy)

    def test_a_hostile_name_stays_data(self):
        parsed = self.parsed(page(name=HOSTILE, title=HOSTILE))
        self.assertEqual(len(parsed.scripts), 3)
        data = json.loads(parsed.scripts[0][1])
        self.assertEqual(data["views"][0]["tree"]["n"], HOSTILE)

    def test_licences_go_with_the_libraries_and_end_no_comment(self):
        libraries = self.parsed(page()).scripts[1][1]
        for name in ("d3-selection", "d3-flame-graph", "internmap"):
            self.assertIn(f"licence of {name} * /", libraries)

    def test_frames_that_nobody_could_see_stay_in_their_parent(self):
        tree = stacks.tree({("t", "big"): 1_000_000, ("t", "tiny"): 1})
        made = page()
        made.views = [("whole", tree)]
        thread = flame_page.data_of(made)["views"][0]["tree"]["c"][0]
        self.assertEqual(thread["v"], 1_000_001)
        self.assertEqual([node["n"] for node in thread["c"]], ["big"])

    def test_without_the_libraries_there_is_no_page_and_a_reason(self):
        with tempfile.TemporaryDirectory() as empty:
            with self.assertRaisesRegex(flame_page.NoPage, "npm"):
                flame_page.render(page(), empty)


class WithLibraries(unittest.TestCase):
    modules = None

    def test_the_real_libraries_are_in_it_and_load_nothing(self):
        parsed = Parsed(flame_page.render(page(), self.modules))
        libraries = parsed.scripts[1][1]
        self.assertGreater(len(libraries), 100_000)
        for word in ("eval(", "new Function(", "importScripts", "sourceMappingURL", "fetch(",
                     "XMLHttpRequest"):
            self.assertFalse(word in libraries, word)
        self.assertFalse(any(name in ("src", "href") for _, name, _ in parsed.attributes))


if __name__ == "__main__":
    WithLibraries.modules = str(pathlib.Path(sys.argv.pop(1), "tools-profile", "node_modules"))
    present = pathlib.Path(WithLibraries.modules, flame_page.FLAME).exists()
    if not present:
        del WithLibraries
    result = unittest.main(exit=False).result
    if not present and result.wasSuccessful():
        print("d3-flame-graph is not installed (tools/dev test does it): its page is not tested")
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)
