"""Single key presses from a terminal, without Enter and without echo."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def pressed(on_key: Callable[[str], None]) -> Iterator[None]:
    """Call `on_key` from a thread for every key pressed in the block; Enter comes as a newline.

    Keys typed before the block are dropped: nobody means them for what comes now. Ctrl-C goes on
    raising KeyboardInterrupt. The terminal is put back as it was.
    """
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    wake_read, wake_write = os.pipe()

    def read() -> None:
        while True:
            ready, _, _ = select.select([terminal, wake_read], [], [])
            if wake_read in ready:
                return
            typed = os.read(terminal, 64)
            if not typed:
                return
            for key in typed.decode("utf-8", "replace").replace("\r", "\n"):
                on_key(key)

    reader = threading.Thread(target=read, name="keys", daemon=True)
    try:
        tty.setcbreak(terminal)
        termios.tcflush(terminal, termios.TCIFLUSH)
        reader.start()
        yield
    finally:
        os.write(wake_write, b"x")
        if reader.ident is not None:
            reader.join()
        os.close(wake_read)
        os.close(wake_write)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def one_of(keys: str) -> str:
    """Wait for one of `keys` and return it.

    Raises:
        EOFError: the terminal is gone.
    """
    found: list[str] = []
    chosen = threading.Event()

    def on_key(key: str) -> None:
        if not found and key.lower() in keys:
            found.append(key.lower())
            chosen.set()

    with pressed(on_key):
        chosen.wait()
    return found[0]
