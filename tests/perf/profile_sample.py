"""Where the recorded output of the tracers lies, which the tests of tools/profile read."""
import pathlib

SAMPLES = pathlib.Path(__file__).resolve().parent / "samples" / "profile"


def text(name):
    return (SAMPLES / name).read_text(encoding="utf-8")


def lines(name):
    return text(name).splitlines()
