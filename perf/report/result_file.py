"""Reads a result.json and says what is wrong with one that cannot be read.

The schema is the contract between the driver, which writes results, and all that reads them. Its
version is part of the file; a reader refuses another version, because a figure that has changed
its meaning looks like any other figure.
"""
import json

SCHEMA = "sluice-bench/1"

# What no reader can do without, with what it must be. The rest is optional: a report shows what
# is there.
REQUIRED = {"schema": str, "id": str, "specs": list, "scenarios": list}
REQUIRED_OF_SCENARIO = {"name": str, "runs": list}


class BadResult(Exception):
    """The file is no result that we can read; the text names the fault and what to do."""


def load(path):
    """The result as a dict; raises BadResult with a text for the user."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise BadResult(f"{path}: {error.strerror}; give the path of a result.json that "
                        "tools/dev bench wrote") from error
    except UnicodeDecodeError as error:
        raise BadResult(f"{path}: is no text; a result.json of tools/dev bench is "
                        "wanted") from error
    try:
        result = json.loads(text)
    except ValueError as error:
        raise BadResult(f"{path}: is no JSON ({error}); a result.json of tools/dev bench is "
                        "wanted, complete: was its run interrupted?") from error
    check(result, path)
    return result


def check(result, where):
    """Raises BadResult unless every reader can rely on the shape of this result."""
    if not isinstance(result, dict) or "schema" not in result:
        raise BadResult(f'{where}: has no "schema"; it is no result of tools/dev bench')
    if result["schema"] != SCHEMA:
        raise BadResult(
            f'{where}: "schema" is {result["schema"]!r}, this program reads "{SCHEMA}"; read it '
            "with the tools/dev of the commit that wrote it, or measure again")
    _check_keys(result, REQUIRED, where)
    if not result["specs"]:
        raise BadResult(f'{where}: "specs" is empty; the first one is the base of every ratio')
    for number, scenario in enumerate(result["scenarios"]):
        place = f"{where}: scenarios[{number}]"
        if not isinstance(scenario, dict):
            raise BadResult(f"{place}: is no object")
        _check_keys(scenario, REQUIRED_OF_SCENARIO, place)


def _check_keys(holder, required, where):
    for key, kind in required.items():
        if not isinstance(holder.get(key), kind):
            wanted = {str: "a text", list: "a list"}[kind]
            raise BadResult(f'{where}: "{key}" is not {wanted}; was the file edited or cut? '
                            "Measure again with tools/dev bench")
