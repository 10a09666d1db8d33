"""One program that the supervisor keeps running: its process, its output, and its deaths."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

#: A program that ran this long was well; what kills it next is a new trouble, not the old one.
HEALTHY_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
#: What is left of a program whose main process died has this long to leave.
REMAINS_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. Its main process must end at SIGTERM, within `stop_seconds`."""

    name: str
    argv: tuple[str, ...]
    stop_seconds: float
    environment: Mapping[str, str] = field(default_factory=dict)
    inherited: tuple[int, ...] = ()


class Restarts:
    """When to start again what died: at once, then after a pause that grows with each death."""

    def __init__(self) -> None:
        self._pause_seconds = 0.0
        self._started_at = self._due_at = 0.0

    def started(self, now: float) -> None:
        self._started_at = now

    def died(self, now: float) -> float:
        """Return the pause; a healthy life before this death forgets the earlier ones."""
        if now - self._started_at >= HEALTHY_SECONDS:
            self._pause_seconds = 0.0
        pause = self._pause_seconds
        self._pause_seconds = min(max(2 * pause, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        self._due_at = now + pause
        return pause

    def are_due(self, now: float) -> bool:
        return now >= self._due_at


class Lines:
    """The output of a process and its descendants, cut into lines."""

    LONGEST = 64 * 1024

    def __init__(self, fd: int, on_line: Callable[[str], None]) -> None:
        self.fd = fd
        self._on_line = on_line
        self._rest = b""
        os.set_blocking(fd, False)

    def read(self) -> bool:
        """Pass on what has come; say whether more can."""
        try:
            chunk = os.read(self.fd, 65536)
        except BlockingIOError:
            return True
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > self.LONGEST or (not chunk and self._rest):
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._on_line(line.decode(errors="replace").rstrip())
        return bool(chunk)


class Child:
    """A program in a session of its own, so that a Ctrl-C in the terminal is not meant for it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._restarts = Restarts()
        #: Process groups that lost their main process, with the time at which they are killed.
        self._remains: dict[int, float] = {}

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def is_due(self) -> bool:
        return self._process is None and self._restarts.are_due(time.monotonic())

    def start(self) -> int:
        """Start the process; return where its output is to be read."""
        process = subprocess.Popen(
            self.program.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.program.environment},
            pass_fds=self.program.inherited,
            start_new_session=True,
        )
        assert process.stdout is not None
        output = os.dup(process.stdout.fileno())
        process.stdout.close()
        self._process = process
        self._restarts.started(time.monotonic())
        return output

    def reap(self) -> str | None:
        """Say what became of the process, if it died since the last look."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        now = time.monotonic()
        pause = self._restarts.died(now)
        self._remains[self._process.pid] = now + REMAINS_SECONDS
        self._process = None
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"ended ({how}); starting it again {f'in {pause:g} s' if pause else 'now'}"

    def sweep_remains(self) -> bool:
        """Kill what outstayed its welcome; say whether anything is still there."""
        for group, deadline in list(self._remains.items()):
            overdue = time.monotonic() >= deadline
            # Forget a group that was killed, too: its number may soon be another's.
            if not _signal_group(group, signal.SIGKILL if overdue else 0) or overdue:
                del self._remains[group]
        return bool(self._remains)

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """Kill all that is or was part of the program, at once."""
        if self._process is not None:
            self._remains[self._process.pid] = 0.0
        for group in self._remains:
            _signal_group(group, signal.SIGKILL)
        self._remains.clear()
        if self._process is not None:
            self._process.wait()
            self._process = None


def _signal_group(group: int, number: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False
