"""tools/dev bench report RESULT.json: table and HTML page again, of a result that lies there."""
import os
import sys

from perf.bench import main as bench
from perf.report import html, result_file, table

USAGE = "usage: tools/dev bench report RESULT.json"


def main(argv):
    if len(argv) != 1 or argv[0].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        result = result_file.load(argv[0])
        path = os.path.join(os.path.dirname(os.path.abspath(argv[0])), "report.html")
        table.show(result)
        html.write(result, path, bench.NPM_DIR)
    except (result_file.BadResult, html.ReportError) as error:
        print(f"tools/dev bench report: {error}", file=sys.stderr)
        return 1
    print(os.path.relpath(path))
    return 0
