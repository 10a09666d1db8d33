"""Reading one run's row, which goes past the ORM and must not be told from it."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from runs.models import Run, Workflow
from runs.models.fields import from_ms
from runs.store import row

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored() -> Run:
    """A run that has something in all its columns."""
    workflow = Workflow.objects.create(id="w", description="")
    return Run.objects.create(
        workflow=workflow,
        run_id="r",
        resource_id="customer-7",
        request_context={"tier": "gold"},
        webhooks=[{"url": "https://example.org"}],
        execution={"kind": "start", "number": 1},
        canceled_at=from_ms(1_700_000_000_001),
        due_at=from_ms(1_700_000_000_002),
        limit_key="line",
        limit_size=2,
        queued_at=from_ms(1_700_000_000_003),
        started_at=timezone.now(),
        ended_at=timezone.now(),
    )


def _values(run: Run) -> dict[str, object]:
    return {field.attname: getattr(run, field.attname) for field in Run._meta.concrete_fields}


def test_a_row_is_read_as_the_orm_reads_it(stored: Run) -> None:
    found = row.read(stored.pk)

    assert found is not None
    assert _values(found) == _values(Run.objects.get(pk=stored.pk))
    assert not found._state.adding


def test_a_row_without_values_is_read_as_the_orm_reads_it(stored: Run) -> None:
    bare = Run.objects.create(workflow_id="w", run_id="bare")

    found = row.read(bare.pk)

    assert found is not None
    assert _values(found) == _values(Run.objects.get(pk=bare.pk))


def test_a_row_is_read_under_a_lock(stored: Run) -> None:
    with transaction.atomic():
        found = row.read(stored.pk, lock=True)

    assert found == stored


def test_a_run_that_is_not_there_is_none(stored: Run) -> None:
    assert row.read(stored.pk + 1) is None
