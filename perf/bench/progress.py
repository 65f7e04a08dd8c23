"""What a terminal shows meanwhile: one line, written over and over. In a pipe: nothing.

Warnings are for both: they go to stderr as lines of their own.
"""
import shutil
import sys
import time


def clock(seconds):
    """1:05, or 2:03:09."""
    seconds = max(0, round(seconds))
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


class Progress:
    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.began = time.monotonic()
        self.shown = False

    def show(self, text, left_s=None):
        if not self.live:
            return
        width = shutil.get_terminal_size().columns - 1
        left = f" · about {clock(left_s)} left" if left_s is not None else ""
        line = f"{clock(time.monotonic() - self.began)}  {text}{left}"
        self.stream.write("\r\033[K" + line[:width])
        self.stream.flush()
        self.shown = True

    def clear(self):
        if self.shown:
            self.stream.write("\r\033[K")
            self.stream.flush()
            self.shown = False

    def warn(self, text):
        self.clear()
        print(f"tools/dev bench: {text}", file=self.stream, flush=True)
