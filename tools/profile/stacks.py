"""Call stacks with a weight: folded text, names for people, trees, differences.

Pure: text and numbers in, values out. A stack is a tuple of frames from the root (the thread) to
the leaf; a frame is a name with the suffix that FlameGraph's tools know: `_[k]` for the kernel,
`_[i]` for a function that the compiler inlined, nothing for other user code. Stacks stand in a
dict {stack: weight}; the folded text has one per line, `thread;main;run;tcp_sendmsg_[k] 42`.
"""
import re

KERNEL = "_[k]"
INLINED = "_[i]"
KINDS = {KERNEL: "kernel", INLINED: "inlined"}

# Kernel addresses have the upper half of the address space.
KERNEL_FROM = 1 << 63

# Longer names say nothing more; they are whole in the result of the recorder.
NAME_LENGTH_MAX = 200


class FormatError(ValueError):
    """A text is not what it should be; names line and reason."""


def split_frame(frame):
    """(name, kind) of a frame, kind one of "user", "kernel", "inlined"."""
    for suffix, kind in KINDS.items():
        if frame.endswith(suffix):
            return frame[:-len(suffix)], kind
    return frame, "user"


def without_templates(name):
    """`raw_hash_set<P>::find<K>` becomes `raw_hash_set<>::find<>`; operators keep their signs."""
    result = []
    depth = 0
    at = 0
    while at < len(name):
        operator = re.compile(r"operator(<=>|<<=|>>=|<<|>>|<=|>=|->\*|->|<|>)").match(name, at)
        if operator:
            if depth == 0:
                result.append(operator[0])
            at = operator.end()
            continue
        sign = name[at]
        if sign == "<":
            if depth == 0:
                result.append("<>")
            depth += 1
        elif sign == ">" and depth > 0:
            depth -= 1
        elif depth == 0:
            result.append(sign)
        at += 1
    return "".join(result)


def without_arguments(name):
    """`sluice::Reactor::run(int) const` becomes `sluice::Reactor::run`; `operator()` stays, and so
    does `(anonymous namespace)`, which is no list of arguments but part of the name."""
    name = re.sub(r"\s+(const|volatile|&&?|noexcept)$", "", name.strip())
    if not name.endswith(")"):
        return name
    depth = 0
    for at in range(len(name) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(name[at], 0)
        if depth == 0:
            break
    if at == 0 or name[at:] == "(anonymous namespace)" or name[:at].endswith("operator"):
        return name
    return name[:at]


def plain_name(name):
    """A function's name as people say it: no arguments, no contents of templates, no versioned
    inline namespaces, no suffixes of the compiler's clones; no `;`, which separates frames."""
    name = without_templates(re.sub(r" \[clone [^\]]*\]", "", name))
    name = without_arguments(name)
    name = name.replace("absl::debian3::", "absl::").replace("std::__cxx11::", "std::")
    name = re.sub(r"\.(isra|part|constprop|cold|lto_priv)(\.\d+)*(?=\.|$)", "", name)
    # A return type stands before the name where the symbol is that of a template.
    if " " in name and not name.startswith(("operator", "(")):
        head, _, tail = name.rpartition(" ")
        if "::" in tail and "operator" not in head and "(anonymous" not in name:
            name = tail
    name = name.replace(";", ",")
    return name if len(name) <= NAME_LENGTH_MAX else name[:NAME_LENGTH_MAX] + "…"


# ── Folded text ──

def fold(stacks):
    """The folded text of {stack: weight}, heaviest first."""
    lines = []
    for stack, weight in sorted(stacks.items(), key=lambda item: (-item[1], item[0])):
        lines.append(f"{';'.join(stack)} {weight:g}" if isinstance(weight, float)
                     else f"{';'.join(stack)} {weight}")
    return "".join(line + "\n" for line in lines)


def unfold(text):
    """{stack: weight} of a folded text; a FormatError names the line that is none."""
    stacks = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        found = re.match(r"(.*\S)\s+(\d+(?:\.\d+)?(?:e[+-]?\d+)?)$", line)
        if not found:
            raise FormatError(f"line {number} is no folded stack (`a;b;c 42`): {line[:80]!r}")
        stack = tuple(frame.strip() for frame in found[1].split(";") if frame.strip())
        weight = float(found[2])
        add(stacks, stack, int(weight) if weight.is_integer() else weight)
    return stacks


def add(stacks, stack, weight):
    stacks[stack] = stacks.get(stack, 0) + weight


def total(stacks):
    return sum(stacks.values())


def scaled(stacks, factor):
    """Each weight times factor: samples into nanoseconds per message, say."""
    return {stack: weight * factor for stack, weight in stacks.items()}


def subtracted(more, less):
    """`more` without `less`, stack by stack; what grew smaller stays, negative."""
    result = dict(more)
    for stack, weight in less.items():
        add(result, stack, -weight)
    return {stack: weight for stack, weight in result.items() if weight}


# ── By function ──

def by_function(stacks):
    """{frame: (self, inclusive)}: a frame that is twice in a stack counts once."""
    own, whole = {}, {}
    for stack, weight in stacks.items():
        if not stack:
            continue
        add(own, stack[-1], weight)
        for frame in set(stack):
            add(whole, frame, weight)
    return {frame: (own.get(frame, 0), weight) for frame, weight in whole.items()}


# ── Trees, as the page draws them ──

def tree(stacks, name="all"):
    """Nested {"n": name, "k": kind, "v": weight with all children, "c": [...]}."""
    root = {"n": name, "k": "root", "v": 0, "c": {}}
    for stack, weight in stacks.items():
        _grow(root, stack, "v", weight)
    return _listed(root)


def difference_tree(first, second, name="all"):
    """The union of two trees: "a" and "b" are the weights of both, "v" the larger one of what is
    drawn. Weights must have one unit already (per message).

    The width of a frame must hold its children's, so it is the larger of the two sides or of the
    children together.
    """
    root = {"n": name, "k": "root", "v": 0, "a": 0, "b": 0, "c": {}}
    for stacks, side in ((first, "a"), (second, "b")):
        for stack, weight in stacks.items():
            _grow(root, stack, side, weight)
    listed = _listed(root)
    _widen(listed)
    return listed


def _grow(root, stack, side, weight):
    node = root
    node[side] = node.get(side, 0) + weight
    for frame in stack:
        node = node["c"].setdefault(frame, _fresh(frame))
        node[side] = node.get(side, 0) + weight


def _fresh(frame):
    name, kind = split_frame(frame)
    return {"n": name, "k": kind, "c": {}}


def _listed(node):
    children = [_listed(child) for child in node["c"].values()]
    node["c"] = sorted(children, key=lambda child: child["n"])
    return node


def _widen(node):
    """Fills "a", "b" and "v" from the leaves up."""
    node["a"] = node.get("a", 0)
    node["b"] = node.get("b", 0)
    inside = sum(_widen(child) for child in node["c"])
    node["v"] = max(node["a"], node["b"], inside)
    return node["v"]


def anchored(stacks, anchors):
    """Stacks that begin at the outermost frame of `anchors` ({name: heading}): thread, heading,
    and what follows. Others stay as they are.

    Two pollers reach the same kernel functions by different ways; from the anchor on, like can be
    laid upon like.
    """
    result = {}
    for stack, weight in stacks.items():
        for at, frame in enumerate(stack):
            heading = anchors.get(split_frame(frame)[0])
            if heading is not None and at > 0:
                add(result, (stack[0], heading) + stack[at:], weight)
                break
        else:
            add(result, stack, weight)
    return result
