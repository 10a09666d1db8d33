"""The settings of this app: names, types and defaults in one place.

Read one as ``conf.LEASE_SECONDS``; Django's setting ``RUNS_LEASE_SECONDS`` overrides it, and in
the project's settings an environment variable of that name does. ``runs.checks`` refuses values
that cannot work, at boot and by name.
"""

from __future__ import annotations

from typing import Any

from django.core.signals import setting_changed

#: The values of EXECUTION.
EXECUTIONS = ("background", "inline")


class Conf:
    """Types and defaults."""

    #: Where runs execute: "background" (workers) or "inline" (the calling process).
    EXECUTION: str = "background"
    #: Seconds after which a run whose worker gave no sign of life is taken over.
    LEASE_SECONDS: float = 15.0
    #: Seconds between two signs of life of a worker (leases, cancel requests, presence).
    HEARTBEAT_SECONDS: float = 0.5
    #: Seconds for which a coroutine may keep its worker's event loop before it is told of.
    LOOP_BLOCK_SECONDS: float = 0.25
    #: Seconds between two looks for due timers, dead leases and lost tickets.
    SWEEP_SECONDS: float = 0.5
    #: Runs one worker process drives at the same time.
    WORKER_SLOTS: int = 128
    #: Threads of one worker process for blocking (``def``) steps.
    WORKER_THREADS: int = 16
    #: A wait at most this many seconds long is waited for in memory, without giving up the slot.
    HOLD_SECONDS: float = 0.05
    #: Whether runs whose worker died go on by themselves; else they wait for a restart.
    RECOVERY: bool = True
    #: Take-overs of a run whose worker died before it is failed as a run that kills its workers.
    MAX_RECOVERIES: int = 10
    #: Days for which finished runs are kept; 0 keeps them until somebody deletes them.
    RETENTION_DAYS: float = 0.0
    #: Largest JSON size, in bytes, of one input, output or payload.
    MAX_PAYLOAD_BYTES: int = 4 * 1024 * 1024
    #: Whether statements of the hot path are planned once a connection (PostgreSQL).
    PREPARED_STATEMENTS: bool = True
    #: Seconds between two looks at the event table by who follows a run of another process.
    STREAM_POLL_SECONDS: float = 0.05
    #: Seconds between two looks at all that is followed, in case a bell was lost.
    STREAM_LOOK_SECONDS: float = 1.0
    #: Seconds for which a process goes on listening for the doorbell when nobody follows a run.
    STREAM_LINGER_SECONDS: float = 60.0
    #: Seconds between two signs of life on a websocket, each with a look at its rights.
    STREAM_HEARTBEAT_SECONDS: float = 15.0
    #: Seconds that something may wait for its reader before the reader is cut.
    STREAM_PATIENCE_SECONDS: float = 30.0
    #: Seconds without a sign of life after which a worker counts as gone.
    WORKER_TIMEOUT_SECONDS: float = 10.0
    #: Whether everybody may do everything over HTTP, without a token or an account.
    API_PUBLIC: bool = False
    #: Most requests of one token, session or address, such as "100/s" or "6000/m"; "": no limit.
    API_RATE: str = ""
    #: Largest request body of the API, in bytes.
    MAX_BODY_BYTES: int = 8 * 1024 * 1024
    #: How deep the JSON of a request may be nested.
    MAX_JSON_DEPTH: int = 100
    #: Most runs that one answer lists.
    MAX_PAGE: int = 1000
    #: Origins whose pages may call the API, parted by commas; "": those of this machine.
    CORS_ORIGINS: str = ""
    #: A schedule's fire that comes later than this many seconds counts as missed.
    SCHEDULE_GRACE_SECONDS: float = 60.0
    #: What webhooks are signed with: a secret, or several parted by blanks while one is replaced.
    WEBHOOK_SECRET: str = ""
    #: Seconds that a receiver has to answer.
    WEBHOOK_TIMEOUT_SECONDS: float = 10.0
    #: How often a message is tried, with growing pauses, before it counts as failed.
    WEBHOOK_TRIES: int = 8
    #: Largest message, in bytes; of a larger one the outcome is left out.
    WEBHOOK_MAX_BYTES: int = 256 * 1024
    #: Whether webhooks may go to private addresses, such as those of this machine.
    WEBHOOK_ALLOW_PRIVATE: bool = False


class _Found:
    """What applies: Django's setting of the prefixed name, else the default; looked up once."""

    def __getattr__(self, name: str) -> Any:
        from django.conf import settings

        value = getattr(settings, f"RUNS_{name}", getattr(Conf, name))
        setattr(self, name, value)
        return value


_found = _Found()
conf: Conf = _found  # type: ignore[assignment]


def _forget(*, setting: str, **_: Any) -> None:
    """Django tells so when a test overrides a setting."""
    vars(_found).pop(setting.removeprefix("RUNS_"), None)


setting_changed.connect(_forget)
