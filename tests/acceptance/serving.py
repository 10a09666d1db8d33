"""A real ``manage.py serve`` (or another command) with all its processes, on a folder of data."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil

from runs.worker.valkey import socket_path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 120.0

T = TypeVar("T")


def until(question: Callable[[], T], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Ask until the answer is true and return it; this is a deadline, not a nap."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := question():
            return answer
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.05)


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class Served:
    """One start of a command. Several may share a data folder; `processes` tells none apart."""

    def __init__(
        self,
        data: Path,
        command: tuple[str, ...] = ("serve",),
        program: tuple[str, ...] = ("manage.py",),
        **environment: str,
    ) -> None:
        self.data = data
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("RUNS_")},
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "RUNS_DATA": str(data),
            "PORT": "0",
            **environment,
        }
        self._log = data.with_name(f"{data.name}-{time.monotonic_ns()}.log")
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, *command],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # stands for the terminal that a Ctrl-C goes to
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def url(self) -> str:
        found = until(lambda: re.search(r"http://\S+", self.output), f"an URL in {self.output}")
        return found.group()

    def health(self) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"{self.url}health/", timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:  # the web server is being started again
            return 0, {}

    def becomes_healthy(self) -> dict[str, Any]:
        """Wait until every part is well and both workers take part."""

        def healthy() -> dict[str, Any] | None:
            status, report = self.health()
            return report if status == 200 and len(self.workers()) == 2 else None

        return until(healthy, f"health; it printed {self.output}")

    def shell(self, code: str) -> str:
        """Run code as another process of the same installation would; return what it printed."""
        outcome = subprocess.run(
            [sys.executable, "manage.py", "shell", "--verbosity=0", "--command", code],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout.strip()

    def command(self, *arguments: str) -> str:
        """Run a command of ``manage.py`` as another process of the same installation."""
        outcome = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    def processes(self) -> dict[int, list[str]]:
        """Return all live processes on this data folder, whoever their parent is by now."""
        found: dict[int, list[str]] = {}
        valkey = f"unixsocket:{socket_path(self.data)}"
        for process in psutil.process_iter():
            try:
                command = process.cmdline()
                mine = process.environ().get("RUNS_DATA") == str(self.data)
                # Valkey writes its title over its environment.
                if (mine or valkey in " ".join(command)) and process.status() != "zombie":
                    found[process.pid] = command
            except psutil.Error:
                continue
        return found

    def _children(self, parent: int, word: str) -> list[int]:
        commands = self.processes()
        return [
            child.pid
            for child in psutil.Process(parent).children()
            if any(word in part for part in commands.get(child.pid, []))
        ]

    def cluster(self) -> int:
        return self._children(self.process.pid, "runs.worker.cluster")[0]

    def workers(self) -> list[int]:
        """Return the worker processes: those of the cluster that said so when they were ready."""
        known = {int(pid) for pid in re.findall(r"worker-\d+ is process (\d+)", self.output)}
        return sorted(known & set(self.processes()))

    def valkey(self) -> int:
        return self._children(self.process.pid, "valkey-server")[0]

    def web(self) -> int:
        return self._children(self.process.pid, "daphne")[0]

    def press_ctrl_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def ends(self) -> tuple[int, dict[int, list[str]]]:
        """Wait for the end of the supervisor; return its exit code and what it left behind."""
        code = self.process.wait(PATIENCE_SECONDS)
        return code, self.processes()

    def signal_everything(self, number: signal.Signals) -> None:
        known = []
        for pid in self.processes():
            with suppress(psutil.NoSuchProcess):  # gone because of the ones before
                known.append(psutil.Process(pid))
                known[-1].send_signal(number)
        if number is signal.SIGKILL:
            # What is dying shows no environment any more, and yet may be there for a moment.
            until(lambda: not any(is_alive(process) for process in known), "their death")

    def everything_goes(self) -> None:
        until(lambda: not self.processes(), "the end of all processes")

    def clean_up(self) -> None:
        self.signal_everything(signal.SIGKILL)
        self.process.kill()  # it may have been told another data folder
        self.process.wait()
