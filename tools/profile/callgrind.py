"""Reads callgrind's own format: instructions of each function, itself and with what it calls.

    ob=(1) /usr/bin/sluice          the object of the functions that follow
    fn=(7) sluice::Reactor::turn    a function; the name stands only where its number is new
    120 35                          line 120: 35 instructions
    cfn=(9) sluice::Shard::flush    it calls this one
    calls=3 64                      three times; the next line's cost is the callee's, with all
    125 4000                        that it calls

Pure: text in, numbers out. https://valgrind.org/docs/manual/cl-format.html
"""
import dataclasses
import re

from tools.profile import stacks

NAME = re.compile(r"^(\w+)=\s*(?:\((\d+)\))?\s*(.*)$")
COST = re.compile(r"^(?:[+-]?(?:0x[0-9a-f]+|\d+)|\*)\s+(\d+)(?:\s|$)")


@dataclasses.dataclass
class Cost:
    own: int = 0
    whole: int = 0


class Reader:
    """One callgrind.out file, line by line."""

    def __init__(self):
        self.functions = {}  # name: Cost
        self.objects = {}    # path: own instructions
        self.total = 0
        self._names = {}     # (kind, number): name
        self._function = None
        self._object = "unknown"
        self._callee = None
        self._in_call = False

    def read(self, lines):
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            cost = COST.match(line)
            if cost:
                self._cost(int(cost[1]), number)
                continue
            self._word(line, number)
        if not self.functions:
            raise stacks.FormatError("this is no file of callgrind: no function in it")
        return self

    def _word(self, line, number):
        found = NAME.match(line)
        if not found:
            heading = re.match(r"^(\w[\w ]*):\s*(.*)$", line)
            if not heading:
                raise stacks.FormatError(f"line {number} is none of callgrind's: {line[:100]!r}")
            if heading[1] == "positions" and heading[2].strip() != "line":
                raise stacks.FormatError(f"line {number}: positions are {heading[2]}, and only "
                                         "lines can be read (no --dump-instr)")
            return
        key, index, name = found.groups()
        if key == "calls":
            self._in_call = True
        elif key in ("fn", "cfn"):
            name = self._named("fn", index, name)
            if key == "fn":
                self._function = name
                self.functions.setdefault(name, Cost())
            else:
                self._callee = name
        elif key in ("ob", "cob"):
            name = self._named("ob", index, name)
            if key == "ob":
                self._object = name

    def _named(self, kind, index, name):
        if index is None:
            return name
        if name:
            self._names[kind, index] = name
        return self._names[kind, index]

    def _cost(self, count, number):
        if self._function is None:
            raise stacks.FormatError(f"line {number}: instructions of no function")
        function = self.functions[self._function]
        if not self._in_call:
            function.own += count
            function.whole += count
            self.total += count
            self.objects[self._object] = self.objects.get(self._object, 0) + count
        elif self._callee != self._function:
            # What a function costs inside its own recursion is in its cost already.
            function.whole += count
        self._in_call = False


def read(lines):
    """A Reader that has read."""
    return Reader().read(lines)


def by_name(functions):
    """{name as people say it: Cost}: overloads, instances of templates and depths of recursion
    together. The deeper levels of a recursion (`run'2`) cost nothing that is not in the first
    one's whole already. Where one instance calls another of its name, their wholes are summed."""
    result = {}
    for name, cost in functions.items():
        plain, deeper = re.subn(r"'\d+$", "", name)
        known = result.setdefault("[no name]" if re.match(r"0x[0-9a-f]+$", plain)
                                  else stacks.plain_name(plain), Cost())
        known.own += cost.own
        known.whole += 0 if deeper else cost.whole
    return result


def slopes(few, many, messages):
    """{name: (own, whole)} per message: the difference of two runs through their difference in
    messages. What does not grow is left out."""
    if messages <= 0:
        raise ValueError("the second run had no more messages than the first")
    result = {}
    for name in few.keys() | many.keys():
        before, after = few.get(name, Cost()), many.get(name, Cost())
        own = (after.own - before.own) / messages
        whole = (after.whole - before.whole) / messages
        if own or whole:
            result[name] = (own, whole)
    return result
