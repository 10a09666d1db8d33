"""Reports of bodies as JSON, to travel from the worker that performed to the one that drives."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from runs.engine.outcomes import Answer, Bailed, Succeeded, Suspended, Threw
from runs.worker.perform import Report

Json = Any
_KINDS: dict[str, type[Answer]] = {
    kind.__name__: kind for kind in (Succeeded, Suspended, Bailed, Threw)
}


def to_json(report: Report) -> dict[str, Json]:
    answer = report.answer
    return {"kind": type(answer).__name__, "answer": asdict(answer), "state": report.state}


def of_json(stored: dict[str, Json], receipt: int) -> Report:
    fields: dict[str, Any] = {
        name: tuple(value) if name in ("labels", "assignees") else value
        for name, value in stored["answer"].items()
    }
    return Report(_KINDS[stored["kind"]](**fields), stored["state"], receipt)
