"""Reads what `perf script -F comm,tid,ip,sym,dso` prints: one stack a sample, leaf first.

    reactor-0 24308
            ffffffff82203a31 _raw_spin_unlock_irq ([kernel.kallsyms])
                      10ac4d __libc_sendmsg (/usr/lib/x86_64-linux-gnu/libc.so.6)
                       534ab sluice::Presence::UidEqual::operator() (inlined)

Pure: text in, {stack: samples} out.
"""
import re

from tools.profile import stacks

HEADER = re.compile(r"^(\S.*?)\s+(-?\d+)\s*:?\s*$")
FRAME = re.compile(r"^\s+([0-9a-f]+) (.*) \((.*)\)$")
# A stack that ends in one of these is whole: the root of a thread, or of the kernel's own.
ROOTS = ("clone", "clone3", "_start", "start_thread", "ret_from_fork_asm", "__libc_start_main")


def frame_of(address, symbol, place):
    """One frame with its suffix; what has no name gets that of its file."""
    kernel = int(address, 16) >= stacks.KERNEL_FROM
    if symbol == "[unknown]":
        file = place.rpartition("/")[2].strip("[]")
        symbol = f"[{file}]" if file and file != "unknown" else "[unknown]"
        return symbol + (stacks.KERNEL if kernel else "")
    if place == "inlined":
        return stacks.plain_name(symbol) + (stacks.KERNEL if kernel else stacks.INLINED)
    return stacks.plain_name(symbol) + (stacks.KERNEL if kernel else "")


def samples(lines):
    """(thread, [frame from root to leaf]) of each sample. Lines before the first are a FormatError
    that shows them: perf says there what went wrong."""
    thread, frames, last = None, [], None
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\n")
        if not line.strip():
            if thread is not None:
                yield thread, frames[::-1]
            thread, frames, last = None, [], None
            continue
        found = FRAME.match(line)
        if found and thread is not None:
            frame = frame_of(*found.groups())
            # A function that was inlined into its own wrapper has the same name at the same place.
            named = (found[1], stacks.split_frame(frame)[0])
            if named != last:
                frames.append(frame)
            last = named
            continue
        header = HEADER.match(line)
        if not header or thread is not None:
            raise stacks.FormatError(f"line {number} is neither a sample nor a frame of perf "
                                     f"script: {line[:120]!r}")
        thread = header[1].strip()
    if thread is not None:
        yield thread, frames[::-1]


def folded(lines):
    """({stack with the thread as its root: samples}, share of stacks that reach their root)."""
    result = {}
    count = whole = 0
    for thread, frames in samples(lines):
        count += 1
        if frames and stacks.split_frame(frames[0])[0] in ROOTS:
            whole += 1
        stacks.add(result, (thread, *frames), 1)
    return result, whole / count if count else 0.0
