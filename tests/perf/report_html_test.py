"""The page: whole without a network, safe with hostile names, readable without its charts.

The script in it is a stand-in here; report_page_test.py has the real one.
"""
import base64
import hashlib
import html.parser
import json
import pathlib
import re
import tempfile
import unittest

from perf.report import chart_data, html as report_html, markup
from tests.perf import report_sample

VOID = {"meta", "link", "img", "br", "hr", "input", "line", "circle", "rect", "path"}
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&<!--"


class Page(html.parser.HTMLParser):
    """A page's elements with their attributes, its texts, and whether its tags match."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.words, self.scripts, self.open = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            raise AssertionError(f"</{tag}> inside {self.open[-3:]}")
        self.open.pop()

    def handle_data(self, data):
        kept = self.scripts if self.open and self.open[-1] == "script" else self.words
        kept.append(data)

    def named(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def page_of(result, script="/* no script */"):
    return report_html.page(result, script)


class Whole(unittest.TestCase):
    """Nothing comes from elsewhere."""

    @classmethod
    def setUpClass(cls):
        cls.html = page_of(report_sample.result())
        cls.page = Page(cls.html)

    def test_tags_match(self):
        self.assertEqual(self.page.open, [])

    def test_nothing_is_loaded(self):
        for tag, attributes in self.page.elements:
            self.assertNotIn("src", attributes, tag)
            self.assertNotIn("srcset", attributes, tag)
            self.assertNotIn(tag, ("link", "iframe", "object", "embed", "base", "form"))
        style = (report_html.PAGE / "style.css").read_text(encoding="utf-8")
        self.assertNotRegex(style, r"url\(|@import")

    def test_links_lead_into_the_page_or_to_files_beside_it(self):
        names = {attributes["id"] for _, attributes in self.page.elements if "id" in attributes}
        for attributes in self.page.named("a"):
            self.assertNotRegex(attributes["href"], r"^(\w+:|//)")
            if attributes["href"].startswith("#"):
                self.assertIn(attributes["href"][1:], names)

    def test_the_policy_allows_the_script_that_is_there_and_no_request(self):
        policy = next(one["content"] for one in self.page.named("meta")
                      if one.get("http-equiv") == "Content-Security-Policy")
        digest = hashlib.sha256(self.page.scripts[1].encode()).digest()
        self.assertIn(f"script-src 'sha256-{base64.b64encode(digest).decode()}'", policy)
        self.assertIn("default-src 'none'", policy)
        self.assertNotRegex(policy, r"https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline")

    def test_the_data_of_the_charts_is_valid_json_and_whole(self):
        data = json.loads(self.page.scripts[0])
        self.assertEqual(data, chart_data.of_result(report_sample.result()))
        self.assertEqual([one["name"] for one in data["scenarios"]],
                         ["ping", "chat", "large_16k", "pipelined"])

    def test_a_script_that_ends_itself_cannot(self):
        page = Page(page_of(report_sample.result(), "x = '</script><b>'; y = '<!--'"))
        self.assertEqual(len(page.scripts), 2)
        self.assertEqual(page.scripts[1], "x = '<\\/script><b>'; y = '<\\!--'")


class Hostile(unittest.TestCase):
    """A result may come from anybody."""

    def setUp(self):
        result = report_sample.result()
        for found in result["scenarios"]:
            found.update(name=HOSTILE + found["name"], title=HOSTILE, why=HOSTILE, unit=HOSTILE,
                         notes=[HOSTILE])
            found["thrown_out"] = []
            for run in found["runs"]:
                run["invalid_reasons"] = [HOSTILE]
            for comparison in found["comparisons"]:
                comparison["reason"] = HOSTILE
            for counted in found["counted"].values():
                counted["by_name"][HOSTILE] = 1.0
        result["environment"][HOSTILE] = {HOSTILE: [HOSTILE]}
        result["environment"]["warnings"] = [HOSTILE]
        result["bent_rules"] = [HOSTILE, "rule 6: " + HOSTILE]
        result["command"] = result["mode"] = result["started"] = HOSTILE
        result["flame_graphs"] = [{"title": HOSTILE, "href": "javascript:alert(1)"},
                                  {"title": "far", "href": "https://example.org/x"},
                                  {"title": "farther", "href": "//example.org/x"},
                                  {"title": HOSTILE, "href": 'a"onclick="b.html'}]
        text = json.dumps(result).replace('"uring"', json.dumps("uring:" + HOSTILE))
        self.page = Page(page_of(json.loads(text)))

    def test_no_element_or_attribute_comes_from_a_text(self):
        self.assertEqual(self.page.open, [])
        self.assertEqual(len(self.page.named("script")), 2)
        self.assertEqual(self.page.named("img"), [])
        for tag, attributes in self.page.elements:
            for name in attributes:
                self.assertFalse(name.startswith("on"), f"{tag} {name}")

    def test_no_link_leads_elsewhere(self):
        for attributes in self.page.named("a"):
            self.assertNotRegex(attributes["href"], r"^(\w+:|//)")
        self.assertIn("(https://example.org/x)", self.page.text())  # as text it may stand there

    def test_the_texts_are_there_unchanged(self):
        self.assertIn(HOSTILE, self.page.text())
        self.assertIn("uring:" + HOSTILE, json.loads(self.page.scripts[0])["looks"])


class Content(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.result = report_sample.result()
        cls.page = Page(page_of(cls.result))
        cls.text = cls.page.text()

    def test_the_first_words_say_what_came_out(self):
        self.assertIn("uring takes less CPU per message than epoll in ping and more in large_16k. "
                      "In chat this machine can show no difference. pipelined is inconclusive.",
                      self.text)

    def test_every_scenario_has_its_sentence_and_all_its_charts(self):
        for found in self.result["scenarios"]:
            self.assertIn(found["why"], self.text)
        charts = [(attributes["data-scenario"], attributes["data-chart"])
                  for attributes in self.page.named("div") if "data-chart" in attributes]
        for number, found in enumerate(self.result["scenarios"]):
            kinds = {kind for scenario, kind in charts if scenario == str(number)}
            self.assertEqual(kinds, {"latency", "cpu", "rates", "ratios"}, found["name"])
        self.assertEqual(charts.count(("1", "latency")), 2)  # chat: the answer and the delivery

    def test_losses_and_thrown_out_runs_are_shown(self):
        self.assertIn("▲ 10 % more", self.text)
        self.assertIn("uring loses", self.text)
        self.assertIn("Thrown out: 3 of 32 runs", self.text)
        self.assertIn("wrong: 3 of 20,800 deliveries were lost", self.text)

    def test_rules_and_what_is_not_claimed_stand_at_the_end(self):
        self.assertIn("The 17 rules: 13 kept, 4 bent", self.text)
        self.assertIn("bent Warm-up is left out, the state is steady, a point lasts 30 s at least. "
                      "runs of 4 s instead of 30 s", self.text)
        self.assertLess(self.text.index("What is not claimed"), self.text.index("The 17 rules"))

    def test_the_environment_is_there(self):
        for word in ("6.18.44", "AMD EPYC 9R14", "net.core.somaxconn", "jemalloc 5.3.0",
                     "45e4a39d0c1f7a22", "hiccups of idle core 1"):
            self.assertIn(word, self.text)

    def test_flame_graphs_are_linked(self):
        self.assertIn("flames/ping-uring.html",
                      [attributes["href"] for attributes in self.page.named("a")])

    def test_a_result_with_nothing_in_it_is_still_a_page(self):
        bare = {"schema": "sluice-bench/1", "id": "x", "specs": ["epoll", "uring"], "scenarios": [
            {"name": "ping", "runs": [{"id": 1, "spec": "uring", "purpose": "compare",
                                       "valid": False, "failure": "it died",
                                       "invalid_reasons": ["failed: it died"]}]}]}
        text = Page(page_of(bare)).text()
        self.assertIn("ping is inconclusive for uring against epoll.", text)
        self.assertIn("failed: it died", text)

    def test_three_specs_have_a_row_each_and_colours_of_their_own(self):
        result = report_sample.result()
        result["specs"].append("uring:bundle=on")
        for found in result["scenarios"]:
            found["comparisons"] += [{**one, "other": "uring:bundle=on"}
                                     for one in found["comparisons"]]
            found["levels"]["uring:bundle=on"] = found["levels"]["uring"]
            found["runs"] += [{**run, "spec": "uring:bundle=on"} for run in found["runs"]
                              if run["spec"] == "uring"]
        looks = chart_data.appearance(result)
        self.assertEqual(len({one["colour"] for one in looks.values()}), len(looks))
        self.assertEqual(looks["uring"]["colour"], "--uring")
        self.assertIn("uring:bundle=on loses", Page(page_of({**result, "scenarios": [
            {**found, "why": ""} for found in result["scenarios"]]})).text())


class Accessible(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = Page(page_of(report_sample.result()))

    def test_headings_go_down_one_step_at_a_time(self):
        steps = [int(tag[1]) for tag, _ in self.page.elements if re.fullmatch("h[1-6]", tag)]
        self.assertEqual(steps[0], 1)
        self.assertEqual(steps.count(1), 1)
        for before, after in zip(steps, steps[1:]):
            self.assertLessEqual(after, before + 1)

    def test_names_are_unique_and_labels_exist(self):
        names = [attributes["id"] for _, attributes in self.page.elements if "id" in attributes]
        self.assertEqual(len(names), len(set(names)))
        for _, attributes in self.page.elements:
            if "aria-labelledby" in attributes:
                self.assertIn(attributes["aria-labelledby"], names)

    def test_every_chart_has_a_label_and_its_figures_as_a_table(self):
        open_figures, inside = 0, []
        for tag, attributes in self.page.elements:
            if tag == "figure":
                inside.append([])
                open_figures += 1
            if inside:
                inside[-1].append((tag, attributes))
        self.assertGreater(open_figures, 15)
        for elements in inside:
            chart = next(attributes for _, attributes in elements if "data-chart" in attributes)
            self.assertEqual(chart["role"], "img")
            self.assertIn("aria-labelledby", chart)
            self.assertIn("table", [tag for tag, _ in elements])

    def test_the_language_and_the_title_are_set(self):
        self.assertEqual(self.page.named("html")[0]["lang"], "en")
        self.assertIn("uring against epoll · Sluice benchmark", self.page.text())


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                        for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, two):
    bright, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


class Contrast(unittest.TestCase):
    """WCAG 2.2 AA: 4.5 for words, 3 for what must be told apart in a picture."""

    def test_in_light_and_dark(self):
        style = (report_html.PAGE / "style.css").read_text(encoding="utf-8")
        blocks = re.findall(r":root[^{]*\{([^}]*--ground[^}]*)\}", style)
        self.assertEqual(len(blocks), 2)
        for block in blocks:
            colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
            for name in ("ink", "muted", "link", "good", "bad", "unsure"):
                self.assertGreaterEqual(contrast(colours[name], colours["ground"]), 4.5, name)
            for name in ("epoll", "uring", "third", "fourth", "fifth", "sixth"):
                self.assertGreaterEqual(contrast(colours[name], colours["ground"]), 4.5, name)
            for name in ("floor-epoll", "floor-uring"):
                self.assertGreaterEqual(contrast(colours[name], colours["ground"]), 3, name)
            self.assertGreaterEqual(contrast(colours["ink"], colours["band"]), 4.5)


class Curves(unittest.TestCase):
    def test_a_curve_ends_with_the_maximum_and_never_falls(self):
        ping = report_sample.scenario_named("ping")
        summary = ping["latency"]["uring"]["answer"]["corrected"]
        curve = chart_data.curve(summary)
        self.assertEqual(curve[-1][1], summary["max"] / 1000)
        self.assertAlmostEqual(10 ** curve[-1][0], summary["count"], delta=summary["count"] / 1000)
        self.assertEqual(curve, sorted(curve))
        at = dict(map(tuple, curve))
        self.assertEqual(at[2.0], summary["p99"] / 1000)
        self.assertEqual(at[3.0], summary["p99_9"] / 1000)

    def test_no_counts_make_no_curve(self):
        self.assertEqual(chart_data.curve({"count": 0, "log": ""}), [])
        self.assertEqual(chart_data.curve(None), [])

    def test_ratios_are_those_of_valid_pairs(self):
        large = report_sample.scenario_named("large_16k")
        rows = chart_data.ratios(large, "epoll", ["uring"])
        self.assertEqual([row["metric"] for row in rows],
                         ["cpu_us_per_message", "p50", "p99", "p99_9"])
        for row in rows:
            self.assertEqual(len(row["pairs"]), 6)  # of nine, three were thrown out
            self.assertLessEqual(min(row["pairs"]), row["ratio"])
            self.assertGreaterEqual(max(row["pairs"]), row["ratio"])
            self.assertAlmostEqual(row["band"][0] * row["band"][1], 1)

    def test_the_parts_of_a_bar_add_up_to_its_median(self):
        large = report_sample.scenario_named("large_16k")
        row = next(row for row in chart_data.cpu(large, ["uring"]))
        self.assertAlmostEqual(sum(row["parts"].values()), row["median"])
        self.assertGreater(row["parts"]["threads"], 1)


class Markup(unittest.TestCase):
    def test_text_is_escaped_and_html_is_not(self):
        self.assertEqual(markup.element("p", "<b>", markup.Raw("<i>"), title='"'),
                         '<p title="&quot;">&lt;b&gt;<i></p>')


class Written(unittest.TestCase):
    def test_missing_packages_are_named_with_what_to_do(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(report_html.ReportError) as caught:
                report_html.write(report_sample.result(), f"{folder}/x.html", folder)
            self.assertIn("perf-report/node_modules has no esbuild and echarts",
                          str(caught.exception))
            self.assertFalse(pathlib.Path(folder, "x.html").exists())


if __name__ == "__main__":
    unittest.main()
