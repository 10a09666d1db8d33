"""Keeps the processes of one machine running, and leaves none behind.

The supervisor is a single thread around one ``select``: output of its children, signals, and the
time of the next restart. It starts every child in a session of its own and under a lifeline, so:

* Ctrl-C and SIGTERM reach the supervisor alone; it ends its children in order and waits for them.
  A second one means "at once".
* SIGKILL of the supervisor cuts the lifeline, and the children end by themselves.
* A child that dies is started again, at once if it had been well for a while, else after a pause
  that grows. What its death leaves over (workers of a killed cluster) is given time to leave.

Everything that must not be done twice at a time on one data folder is done under ``sole_user``.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runs.exceptions import RunsError
from runs.worker.child import Child, Lines, Program, Restarts
from runs.worker.lifeline import Lifeline, launch
from runs.worker.valkey import EmbeddedValkey, ValkeyDidNotStart

#: The longest nap; children's deaths, signals and output end it early.
TICK_SECONDS = 1.0
WORKERS_STOP_SECONDS = 20.0
WEB_STOP_SECONDS = 5.0
#: A second request to stop means "at once", unless it is an echo: some wrappers repeat Ctrl-C.
ECHO_SECONDS = 1.0
LAST_WORDS_SECONDS = 0.5
#: A port may still be held by the children of a supervisor that was killed a moment ago.
PORT_PATIENCE_SECONDS = 3.0

Say = Callable[[str, str], None]


class CannotServe(RunsError):
    """The data folder or the port is taken; the message says what to do."""

    code = "cannot_serve"


@contextmanager
def sole_user(data_dir: Path) -> Iterator[None]:
    """Hold the data folder's lock, which the kernel frees whatever this process dies of."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with open(data_dir / "serve.lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CannotServe(
                f"Process {file.read().strip() or '?'} already serves the data folder {data_dir}. "
                "Stop it first, or set RUNS_DATA to another folder."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def listen(host: str, port: int) -> socket.socket:
    """Open the web server's socket here: it stays open while the server is started again."""
    deadline = time.monotonic() + PORT_PATIENCE_SECONDS
    while True:
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            return socket.create_server(address[:2], family=family, backlog=1024)
        except OSError as error:
            if time.monotonic() > deadline or isinstance(error, socket.gaierror):
                raise CannotServe(
                    f"Cannot listen on {host} port {port}: {error.strerror}. "
                    "Set PORT (and HOST) to something free."
                ) from None
            time.sleep(0.1)


def web_program(asgi_application: str, listener: socket.socket, lifeline: Lifeline) -> Program:
    """Return daphne under the lifeline, on the given socket."""
    module, _, name = asgi_application.rpartition(".")
    host, port = listener.getsockname()[:2]
    where = [f"--fd={listener.fileno()}"]
    if listener.family == socket.AF_INET6:  # daphne takes every passed socket for IPv4
        listener.close()
        where = [f"--bind={host}", f"--port={port}"]
    options = ["--verbosity=0", "--websocket_timeout=-1", *where, f"{module}:{name}"]
    inherited = [lifeline.child_end, listener.fileno()]
    return Program(
        name="web",
        argv=tuple(launch(["module", "daphne", *options], lifeline)),
        stop_seconds=WEB_STOP_SECONDS,
        environment=_python_environment(),
        inherited=tuple(fd for fd in inherited if fd >= 0),
    )


def workers_program(workers: int, lifeline: Lifeline) -> Program:
    """Return the cluster; it watches the lifeline itself, to drain before it ends."""
    arguments = ["-P", "-m", "runs.worker.cluster", str(lifeline.child_end), str(workers)]
    return Program(
        name="workers",
        argv=(sys.executable, *arguments),
        stop_seconds=WORKERS_STOP_SECONDS,
        environment=_python_environment(),
        inherited=(lifeline.child_end,),
    )


def _python_environment() -> Mapping[str, str]:
    """Let a child find what this process found, in the same order, and print at once."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


class Supervisor:
    """Keeps the programs running, and the embedded Valkey if there is one, until told to stop."""

    def __init__(
        self, programs: Sequence[Program], *, say: Say, valkey: EmbeddedValkey | None = None
    ) -> None:
        self._children = [Child(program) for program in programs]
        self._valkey = valkey
        self._valkey_is_down = False
        self._valkey_restarts = Restarts()
        self._say = say
        self._outputs: dict[int, Lines] = {}
        self._stop_asked_at: float | None = None
        self._at_once = False
        self._wakeup, self._wake = socket.socketpair()

    def run(self) -> None:
        """Return when a signal has asked for it and every process has gone."""
        with self._listening_to_signals():
            try:
                while self._stop_asked_at is None:
                    self._keep_valkey()
                    for child in self._children:
                        self._keep(child)
                    self._wait(TICK_SECONDS)
            finally:
                self._stop()

    def _keep(self, child: Child) -> None:
        if death := child.reap():
            self._say(child.program.name, death)
        child.sweep_remains()
        if child.is_due:
            name = child.program.name
            output = child.start()
            self._outputs[output] = Lines(output, lambda line: self._say(name, line))

    def _keep_valkey(self) -> None:
        if self._valkey is None or (not self._valkey_is_down and self._valkey.is_alive()):
            return
        if not self._valkey_is_down:
            self._valkey_is_down = True
            self._valkey_restarts.died(time.monotonic())
            self._say("valkey", "ended; starting it again")
        if not self._valkey_restarts.are_due(time.monotonic()):
            return
        try:
            self._valkey.start()
        except ValkeyDidNotStart as error:
            self._valkey_restarts.died(time.monotonic())
            self._say("valkey", error.message)
        else:
            self._valkey_is_down = False
            self._valkey_restarts.started(time.monotonic())

    def _wait(self, seconds: float) -> None:
        """Sleep until something happens; pass output on and count requests to stop."""
        sources: list[Any] = [self._wakeup, *self._outputs]
        ready, _, _ = select.select(sources, [], [], seconds)
        for source in ready:
            if source is self._wakeup:
                self._note_signals(source.recv(4096))
            elif not self._outputs[source].read():
                del self._outputs[source]
                os.close(source)

    def _note_signals(self, numbers: bytes) -> None:
        if set(numbers) <= {signal.SIGCHLD}:
            return
        now = time.monotonic()
        if self._stop_asked_at is None:
            self._stop_asked_at = now
        self._at_once = now - self._stop_asked_at > ECHO_SECONDS

    def _stop(self) -> None:
        """End all children together. What they talk to is not ours to end before they are."""
        self._say("serve", "stopping (again to stop at once)")
        for child in self._children:
            child.terminate()
        stop_at = time.monotonic()
        for child in self._children:
            deadline = stop_at + child.program.stop_seconds
            while self._is_leaving(child) and time.monotonic() < deadline and not self._at_once:
                self._wait(0.1)
            child.kill()
        self._read_last_words()
        self._say("serve", "stopped")

    def _read_last_words(self) -> None:
        """Pass on what the children said last; something of theirs may keep the pipe open."""
        deadline = time.monotonic() + LAST_WORDS_SECONDS
        while self._outputs and time.monotonic() < deadline:
            self._wait(0.05)

    def _is_leaving(self, child: Child) -> bool:
        child.reap()
        return child.sweep_remains() or child.is_running

    @contextmanager
    def _listening_to_signals(self) -> Iterator[None]:
        """Turn signals into bytes that the select sees; a handler could interrupt anything."""
        self._wake.setblocking(False)
        numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGCHLD]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, lambda *_: None) for number in numbers}
        fd = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(fd)
            for number, handler in before.items():
                signal.signal(number, handler)
