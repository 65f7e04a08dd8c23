"""What the tests of the reports share: the sample, copies of it, and small scenarios by hand."""
import copy
import functools
import json
import pathlib

PATH = pathlib.Path(__file__).resolve().parent / "samples" / "bench_result.json"


@functools.cache
def _read():
    return json.loads(PATH.read_text(encoding="utf-8"))


def result():
    """The sample, to be changed at will."""
    return copy.deepcopy(_read())


def scenario_named(name, whole=None):
    return next(one for one in (whole or result())["scenarios"] if one["name"] == name)


def spread(median, share=0.01):
    """A level whose interval is this share wide to both sides."""
    return {"median": median, "low": median * (1 - share), "high": median * (1 + share),
            "mad": 0.0, "min": median * (1 - share), "max": median * (1 + share), "runs": 6}


def comparison(ratio, verdict, metric="cpu_us_per_message", **changed):
    return {"base": "epoll", "other": "uring", "metric": metric, "pairs": 6, "ratio": ratio,
            "low": ratio * 0.98, "high": ratio * 1.02, "verdict": verdict, "reason": "", **changed}


def scenario(verdict, ratio, epoll, uring, *, syscalls=None, runs=(), **changed):
    """A scenario with these levels (figure: median) and the CPU's verdict."""
    return {"name": "ping", "loop": "open", "kind": "ping", "unit": "ping", "rate": 20000,
            "connections": 1000, "payload_bytes": 0, "runs": list(runs),
            "resolution": {"cpu_us_per_message": {"pairs": 5, "ratio": 1.0, "low": 0.98,
                                                  "high": 1.02}},
            "comparisons": [comparison(ratio, verdict)],
            "levels": {"epoll": {name: spread(value) for name, value in epoll.items()},
                       "uring": {name: spread(value) for name, value in uring.items()}},
            "counted": {spec: {"syscalls_per_message": sum(names.values()), "by_name": names}
                        for spec, names in (syscalls or {}).items()}, **changed}
