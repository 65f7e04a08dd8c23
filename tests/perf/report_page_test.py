"""The page with its real script, bound together from npm's packages.

Usage: report_page_test.py NPM_DIR, where tools/dev installs npm packages. Exit code 77, with the
reason, where those of perf/report are not.
"""
import pathlib
import re
import sys
import tempfile
import unittest

from perf.report import html as report_html
from tests.perf import report_sample
from tests.perf.report_html_test import Page

SKIPPED = 77


class RealPage(unittest.TestCase):
    npm_dir = None

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "deep", "report.html")
            report_html.write(report_sample.result(), path, cls.npm_dir)
            cls.page = Page(path.read_text(encoding="utf-8"))
        cls.script = cls.page.scripts[1]  # too long to be shown when an assertion fails

    def test_the_library_is_in_it(self):
        self.assertGreater(len(self.script), 300_000)
        self.assertEqual(len(self.page.scripts), 2)
        self.assertEqual(self.page.open, [])

    def test_it_runs_no_text_and_loads_nothing(self):
        found = re.search(r"\beval\(|new Function\(|importScripts|sourceMappingURL|fetch\(\"|"
                          r"XMLHttpRequest", self.script)
        self.assertIsNone(found)

    def test_licences_go_with_what_they_are_for(self):
        for notice in ("echarts 6", "Apache License", "zrender", "BSD 3-Clause", "tslib"):
            self.assertTrue(notice in self.script, f"the licences lack {notice}")


if __name__ == "__main__":
    RealPage.npm_dir = pathlib.Path(sys.argv.pop(1))
    if not (RealPage.npm_dir / "perf-report/node_modules/echarts").is_dir():
        print(f"echarts is not in {RealPage.npm_dir}; `tools/dev test` installs it")
        sys.exit(SKIPPED)
    unittest.main()
