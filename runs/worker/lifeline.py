"""End a process when its parent ends, whatever the parent died of.

The parent holds the writing end of a pipe and never writes. Its child inherits the reading end
and waits there: the kernel closes the writing end even of a process killed by SIGKILL, and the
child's read returns. Nobody else may hold the writing end, so it is never inherited over an exec,
and a forked child gives its copy up first.

Run as a script, this file gives a lifeline to programs that know nothing of it::

    python lifeline.py FD exec /path/to/program arguments...
    python lifeline.py FD module daphne arguments...

It is run by its path and imports nothing but the standard library, to cost its programs nothing.
"""

from __future__ import annotations

import os
import runpy
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

#: What a program under a lifeline has to end in peace before it is killed.
GRACE_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Lifeline:
    """The pipe, as the parent sees it."""

    child_end: int = field(init=False)
    _parent_end: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.child_end, self._parent_end = os.pipe()

    def cut(self) -> None:
        """Let go of the parent's end: all children see it as the parent's death.

        A forked child calls this too, on its copy; it must not keep itself alive.
        """
        end, self._parent_end = self._parent_end, None
        if end is not None:
            os.close(end)

    def close(self) -> None:
        self.cut()
        os.close(self.child_end)


def await_cut(child_end: int) -> None:
    """Block until the parent has gone."""
    while os.read(child_end, 1):
        pass


def is_cut(child_end: int) -> bool:
    return bool(select.select([child_end], [], [], 0)[0])


def watch(child_end: int, on_cut: Callable[[], object]) -> threading.Thread:
    """Call the function from a thread of its own when the parent has gone."""

    def wait() -> None:
        await_cut(child_end)
        on_cut()

    thread = threading.Thread(target=wait, name="lifeline", daemon=True)
    thread.start()
    return thread


def launch(argv: list[str], lifeline: Lifeline, *, isolated: bool = False) -> list[str]:
    """Return the command line that runs `exec ...` or `module ...` under the lifeline.

    The caller passes `child_end` on to the process. An isolated interpreter sees no environment.
    """
    # Without -P this file's folder would come first on sys.path, and its neighbours with it.
    flags = ["-I", "-S"] if isolated else ["-P"]
    return [sys.executable, *flags, os.path.abspath(__file__), str(lifeline.child_end), *argv]


def _end_this_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _run_module(child_end: int, module: str, arguments: list[str]) -> None:
    watch(child_end, _end_this_process)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _run_program(child_end: int, argv: list[str]) -> None:
    """Become the program, where the kernel itself can end it with its parent; else guard it."""
    if sys.platform != "linux":
        _guard_program(child_end, argv)
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if is_cut(child_end):  # the parent died before the kernel was told to watch it
        sys.exit(1)
    os.execv(argv[0], argv)


def _guard_program(child_end: int, argv: list[str]) -> None:
    program = subprocess.Popen(argv)
    signal.signal(signal.SIGTERM, lambda *_: program.terminate())
    watch(child_end, program.terminate)
    sys.exit(program.wait())


def main(arguments: list[str]) -> None:
    child_end, kind, *command = arguments
    if kind == "exec":
        _run_program(int(child_end), command)
    else:
        _run_module(int(child_end), command[0], command[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
