"""Our end of the line to a peer: start it, ask it, count its processor time, stop it."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

#: Seconds that a peer has to do one case.
PATIENCE_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Peer:
    """How a peer is started. ``family`` groups those whose store is the same."""

    name: str
    command: list[str]
    store: str
    environment: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    #: Databases on the server of the benchmark: its processor time counts too.
    database_pid: int | None = None
    #: Why it cannot take part; None if it can.
    absent: str | None = None


class PeerFailed(Exception):
    """A peer ended, or said that it could not do its work."""


class Line:
    """A running peer."""

    def __init__(self, peer: Peer, log: Path) -> None:
        self.peer = peer
        self.log = log
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                peer.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=peer.environment,
                cwd=peer.cwd,
                text=True,
            )
        self._read()

    def ask(self, workload: str, params: dict[str, int]) -> dict[str, Any]:
        """The answer to a request, with the processor time that all took part in it."""
        before = self._cpu_seconds()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"workload": workload, "params": params}) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        if "error" in answer:
            raise PeerFailed(f"{self.peer.name}: {answer['error']} (see {self.log})")
        return answer | {"cpu_seconds": self._cpu_seconds() - before}

    def close(self) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> dict[str, Any]:
        stdout: IO[str] | None = self._process.stdout
        line = stdout.readline() if stdout is not None else ""
        if not line:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise PeerFailed(f"{self.peer.name} ended:\n{tail}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _cpu_seconds(self) -> float:
        roots = [self._process.pid, self.peer.database_pid]
        return sum(_tree_seconds(pid) for pid in roots if pid is not None)


def _tree_seconds(pid: int) -> float:
    """Seconds of processor time of a process and all below it, those that ended included."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
    return total
