"""What this process itself is driving, outside of a worker's runner.

The sessions are kept by run, so that a cancel in the same process reaches the body at once. While
there are any, one thread keeps their leases alive, however long a body blocks.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import close_old_connections, connection

from runs.conf import conf
from runs.store import lease
from runs.worker.session import Session

logger = logging.getLogger("runs.worker")
_lock = threading.Lock()
_sessions: dict[int, Session] = {}
_pulse: threading.Thread | None = None
_owner: tuple[int, str] | None = None


def owner() -> str:
    """The name under which this process holds leases; a forked child has its own."""
    global _owner
    if _owner is None or _owner[0] != os.getpid():
        _owner = os.getpid(), f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    return _owner[1]


def forget_owner() -> str:
    """Take a new name, as a new process would; returns the old one."""
    global _owner
    before, _owner = owner(), None
    return before


@contextmanager
def driving(session: Session) -> Iterator[None]:
    """Be known as driving this session, and keep its lease alive, while inside."""
    register(session)
    try:
        yield
    except BaseException:
        # Interrupted, or its stream is read no further: somebody else may go on with it at once.
        lease.give_up(session.run_pk, owner())
        raise
    finally:
        unregister(session)


def register(session: Session) -> None:
    with _lock:
        _sessions[session.run_pk] = session
    # In a transaction of the caller's nobody else can see the run, let alone take it over.
    if not connection.in_atomic_block:
        _start_pulse()


def unregister(session: Session) -> None:
    with _lock:
        if _sessions.get(session.run_pk) is session:
            del _sessions[session.run_pk]


def cancel(run_pk: int) -> None:
    """Tell the session that drives this run here, if one does."""
    session = _sessions.get(run_pk)
    if session is not None:
        session.cancel()


def _start_pulse() -> None:
    global _pulse
    with _lock:
        if _pulse is None or not _pulse.is_alive():
            _pulse = threading.Thread(target=_keep_alive, name="runs-pulse", daemon=True)
            _pulse.start()


def _keep_alive() -> None:
    global _pulse
    done = threading.Event()
    while True:
        done.wait(conf.HEARTBEAT_SECONDS)
        with _lock:
            held = list(_sessions)
            if not held:
                _pulse = None
                break
        try:
            for run_pk, is_canceled in lease.heartbeat(owner(), held).items():
                if is_canceled:
                    cancel(run_pk)
        except Exception:
            logger.exception("No sign of life could be given; trying again")
            close_old_connections()
    connection.close()
