"""The ledger of what steps did outside of the database: a file that lines are appended to.

A line is written by one call, so that a kill leaves it whole or absent.
"""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "DRILL_EFFECTS"


@dataclass(frozen=True, slots=True)
class Effect:
    """One time that a body was begun; `mark` is also in what that try returns."""

    run_id: str
    step: str
    mark: str
    at_ms: int


def note(run_id: str, step: str) -> str:
    """Append an effect and return its mark."""
    mark = uuid.uuid4().hex
    line = f"{run_id} {step} {mark} {time.time_ns() // 1_000_000}\n"
    file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)
    return mark


def read(path: Path) -> list[Effect]:
    lines = path.read_text().splitlines() if path.exists() else []
    parts = [line.split(" ") for line in lines]
    return [Effect(run_id, step, mark, int(at)) for run_id, step, mark, at in parts]
