"""`python3 -m perf.bench`, from the root of the tree; see main.py."""
import sys

from perf.bench import main

COMMANDS = ("compare", "report", "selfcheck")


def dispatch(argv):
    if argv[:1] == ["compare"]:
        from perf.report import compare
        return compare.main(argv[1:])
    if argv[:1] == ["report"]:
        from perf.bench import again
        return again.main(argv[1:])
    if argv[:1] == ["selfcheck"]:
        from perf.selfcheck import main as selfcheck
        return selfcheck.main(argv[1:])
    return main.main(argv)


if __name__ == "__main__":
    sys.exit(dispatch(sys.argv[1:]))
