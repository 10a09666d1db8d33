"""What is recorded of an attempt, without the data: enough to draw it, and one query to read.

A row is one entry of the journal. What users put in and got out is read for one step at a time
(see ``inspector``), so a run of a thousand steps costs what its thousand rows cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from runs.engine import path as paths
from runs.engine.journal import Kind, Status
from runs.models import Run, StepSnapshot
from runs.models.fields import to_ms
from runs.ui.graph import graph_path

Json = Any

_TIMES = frozenset({"started_at", "ended_at", "suspended_at", "resumed_at", "wake_at"})
_GOING = (Status.PENDING.value, Status.RUNNING.value, Status.RESUMED.value)


@dataclass(frozen=True)
class Row:
    """One entry of the journal without its values; times are milliseconds since the epoch."""

    path: str
    step_id: str
    kind: str
    status: str
    position: str
    iteration: int | None
    begun: int
    ended: int
    starts: int
    tries: int
    started_at: int | None
    ended_at: int | None
    suspended_at: int | None
    resumed_at: int | None
    wake_at: int | None
    kept_from: int | None
    extra: dict[str, Json]
    #: For a decision: the recorded answer of its functions.
    answer: Json = None
    #: The run has ended although this was going on: it was canceled.
    was_stopped: bool = False

    @cached_property
    def place(self) -> str:
        """The path in the graph: without what tells repetitions apart."""
        return graph_path(self.path)

    @property
    def scope(self) -> str:
        return paths.parent(self.path)

    @property
    def depth(self) -> int:
        return self.path.count("/")

    @property
    def is_item(self) -> bool:
        return self.path.endswith("]")

    @property
    def index(self) -> int | None:
        """Which item of a foreach it is."""
        return int(self.path[self.path.rindex("[") + 1 : -1]) if self.is_item else None

    @property
    def is_container(self) -> bool:
        return self.kind in (Kind.WORKFLOW, Kind.FOREACH)

    @property
    def taken(self) -> bool:
        return bool(self.extra.get("taken"))

    @property
    def assignees(self) -> list[str]:
        return list(self.extra.get("assignees", ()))

    @property
    def labels(self) -> list[str]:
        return list(self.extra.get("labels", ()))

    @property
    def tried(self) -> list[dict[str, Json]]:
        return list(self.extra.get("tried", ()))

    @property
    def is_going(self) -> bool:
        return self.status in _GOING and not self.was_stopped

    @property
    def waits_for_answer(self) -> bool:
        return self.status == Status.SUSPENDED and self.kind == Kind.STEP and not self.taken

    @property
    def shown_status(self) -> str:
        """The status in the words that pages have for it."""
        if self.was_stopped or self.extra.get("was_canceled"):
            return Status.CANCELED.value
        if self.status == Status.RESUMED or self.status == Status.PENDING:
            return Status.RUNNING.value
        if self.is_going and self.wake_at is not None:
            return Status.WAITING.value
        return Status.SUCCESS.value if self.status == Status.BAILED else self.status

    @property
    def ends_at(self) -> int | None:
        """When it settled; None while it has not."""
        return self.ended_at if self.status not in (*_GOING, Status.SUSPENDED) else None


#: What is read of each entry: the fields of a row that are columns of its table.
_COLUMNS = tuple(field.name for field in fields(Row) if field.name not in ("answer", "was_stopped"))


def load(run: Run, attempt: int) -> list[Row]:
    """The entries of an attempt in the order in which they began, the attempt's own one first."""
    stored = StepSnapshot.objects.filter(run_id=run.pk, attempt=attempt).order_by("begun")
    found = stored.values_list(*_COLUMNS)
    answers = dict(stored.filter(kind=Kind.DECISION.value).values_list("path", "output"))
    over = run.ended_at is not None or attempt != run.attempt
    return [_row(values, answers, over) for values in found]


def _row(values: tuple[Any, ...], answers: dict[str, Json], over: bool) -> Row:
    known = dict(zip(_COLUMNS, values, strict=True))
    for name in _TIMES:
        known[name] = to_ms(known[name])
    known["extra"] = known["extra"] or {}
    going = known["status"] in _GOING
    return Row(**known, answer=answers.get(known["path"]), was_stopped=over and going)


def root_of(rows: Iterable[Row]) -> Row | None:
    return next((row for row in rows if row.path == paths.ROOT), None)


def began_at(rows: Iterable[Row], attempt: int) -> int | None:
    """When the attempt began; after time travel its root still has the beginning of the run."""
    listed = list(rows)
    root = root_of(listed)
    if attempt == 1 or root is None:
        return root.started_at if root is not None else None
    fresh = [row for row in steps_of(listed) if not row.taken and row.kept_from is None]
    return min((row.started_at for row in fresh if row.started_at), default=root.started_at)


def steps_of(rows: Iterable[Row]) -> list[Row]:
    """What people call steps: all but the attempt itself and the answers of conditions."""
    return [row for row in rows if row.path != paths.ROOT and row.kind != Kind.DECISION]
