from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from runs.models import Run


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """Ctrl-C interrupts as in a terminal; a shell's background jobs are started deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a person saw, and the exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(transactional_db: None) -> Cli:
    """Run ``manage.py runs`` with these arguments."""

    def run(*arguments: str) -> Outcome:
        out, err = StringIO(), StringIO()
        code = 0
        try:
            call_command("runs", *arguments, stdout=out, stderr=err, no_color=True)
        except CommandError as error:
            code = error.returncode
            err.write(str(error))
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Outcome(code, out.getvalue(), err.getvalue())

    return run


def abandon(run: Run, input_data: Any, at: str) -> None:
    """Start a run and let go of it at the first event of this type, as a dying process does."""
    events = iter(run.stream(input_data))
    for event in events:
        if event["type"] == at:
            break
    events.close()
