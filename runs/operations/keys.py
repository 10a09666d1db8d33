"""Idempotency keys: whoever asks twice under one key gets what the first call has made.

A key belongs to one run of its workflow, for as long as the run is kept. Creating under a known key
answers with that run. Starting under a key that a start was made with already starts nothing: with
the same input it leads to the outcome of that start, with another one to IdempotencyConflict.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction

from runs.exceptions import IdempotencyConflict, RequestError
from runs.models import Attempt, Run, RunEvent, RunKey

Json = Any
MAX_KEY_LENGTH = 200


def check(key: str | None) -> None:
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= MAX_KEY_LENGTH):
        raise RequestError(f"An idempotency key is text of 1 to {MAX_KEY_LENGTH} characters")


def created(workflow_id: str, key: str, make: Callable[[], Run]) -> Run:
    """The run of a key, made by ``make`` if it is new. Of callers at the same time one makes it."""
    known = RunKey.objects.filter(workflow_id=workflow_id, key=key).select_related("run")
    if (found := known.first()) is not None:
        return found.run
    try:
        with transaction.atomic():
            run = make()
            RunKey.objects.create(workflow_id=workflow_id, key=key, run=run)
            return run
    except IntegrityError:
        return known.get().run


def check_same(run: Run, key: str, run_id: str | None, resource_id: str | None) -> None:
    """Refuse a second call that means another run than the one its key belongs to."""
    for name, asked, stored in (
        ("run id", run_id, run.run_id),
        ("resource id", resource_id, run.resource_id),
    ):
        if asked is not None and asked != stored:
            raise IdempotencyConflict(
                f"The idempotency key {key!r} belongs to run {run.run_id!r} of workflow "
                f"{run.workflow_id!r}, whose {name} is {stored!r}, not {asked!r}",
                run_id=run.run_id,
            )


def is_started(run: Run, key: str | None) -> bool:
    """Whether this run was started under this key."""
    if key is None:
        return False
    mine = RunKey.objects.filter(workflow_id=run.workflow_id, run_id=run.pk, key=key)
    return mine.filter(attempt__isnull=False).exists()


def first_event(row: Run, key: str, input_data: Json) -> int | None:
    """The event with which the start under this key began; None if there was none yet.

    The run's row must be locked. Raises IdempotencyConflict if the key is another run's, or if that
    start had another input.
    """
    known = RunKey.objects.filter(workflow_id=row.workflow_id, key=key).first()
    if known is None:
        return None
    if known.run_id != row.pk:
        raise _belongs_to_another(row, key)
    if known.attempt is None:
        return None
    if Attempt.objects.get(run=row, attempt=known.attempt).input != input_data:
        raise IdempotencyConflict(
            f"Run {row.run_id!r} of workflow {row.workflow_id!r} was started under the idempotency "
            f"key {key!r} with another input",
            run_id=row.run_id,
        )
    events = RunEvent.objects.filter(run=row, attempt=known.attempt)
    return events.order_by("seq").values_list("seq", flat=True)[0]


def note_start(row: Run, key: str, attempt: int) -> None:
    """Remember that this attempt was started under the key."""
    try:
        with transaction.atomic():
            RunKey.objects.update_or_create(
                workflow_id=row.workflow_id, run=row, key=key, defaults={"attempt": attempt}
            )
    except IntegrityError:
        raise _belongs_to_another(row, key) from None


def _belongs_to_another(row: Run, key: str) -> IdempotencyConflict:
    return IdempotencyConflict(
        f"The idempotency key {key!r} belongs to another run of workflow {row.workflow_id!r}"
    )
