"""Deleting old runs with all that hangs on them, a few at a time and without loading a row.

A batch is one short transaction: the runs are locked and looked at once more, what refers to them
is deleted by statements that name them, then they are. No signals are sent. Runs are walked through
in the order of their keys, so however many there are, each is looked at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Count, QuerySet

from runs.models import Run


@dataclass(frozen=True, slots=True)
class Condition:
    """Which runs go: those nobody works on, unchanged since ``before``, of these statuses."""

    before: datetime
    statuses: Sequence[str]
    workflows: Sequence[str] = ()

    def runs(self) -> QuerySet[Run]:
        found = Run.objects.filter(
            updated_at__lt=self.before, status__in=self.statuses, lease_owner=""
        )
        return found.filter(workflow_id__in=self.workflows) if self.workflows else found


@dataclass(slots=True)
class Pruned:
    """How many runs went, by workflow and status; the rows that went with them; who was kept."""

    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    #: Runs that something of the site's own refers to and protects.
    kept: int = 0

    @property
    def total(self) -> int:
        return self.runs.total()

    def add(self, other: Pruned) -> None:
        self.runs += other.runs
        self.rows += other.rows
        self.kept += other.kept


def count(condition: Condition) -> Pruned:
    """What ``prune`` would delete, as far as that can be told."""
    groups = condition.runs().order_by().values_list("workflow_id", "status")
    counted = groups.annotate(number=Count("pk"))
    found = Pruned(Counter({(flow, status): number for flow, status, number in counted}))
    for model, name, on_delete in _referrers():
        number = model.objects.filter(**{f"{name}__in": condition.runs().values("pk")}).count()
        if on_delete in _PROTECTING:
            found.kept += number
        elif on_delete is models.CASCADE:
            found.rows[str(model._meta.verbose_name_plural)] += number
    return found


def prune(condition: Condition, batch: int) -> Iterator[Pruned]:
    """Delete, batch by batch; stop iterating to stop deleting."""
    after = 0
    while True:
        later = condition.runs().filter(pk__gt=after).order_by("pk")
        pks = list(later.values_list("pk", flat=True)[:batch])
        if not pks:
            return
        after = pks[-1]
        yield _prune_batch(condition, pks)


def _prune_batch(condition: Condition, pks: list[int]) -> Pruned:
    pruned = Pruned()
    with transaction.atomic():
        runs = condition.runs().filter(pk__in=pks).order_by("pk")
        if connection.features.has_select_for_update_skip_locked:
            runs = runs.select_for_update(skip_locked=True, of=("self",))
        found = {pk: about for pk, *about in runs.values_list("pk", "workflow_id", "status")}
        pruned.kept = _spare_protected(found)
        pruned.runs.update((flow, status) for flow, status in found.values())
        for model, name, on_delete in _referrers():
            referring = model.objects.filter(**{f"{name}__in": list(found)})
            if on_delete is models.CASCADE:
                pruned.rows[str(model._meta.verbose_name_plural)] += _delete(referring)
            elif on_delete is models.SET_NULL:
                referring.update(**{name: None})
        _delete_raw(Run.objects.filter(pk__in=list(found)))
    pruned.rows = +pruned.rows
    return pruned


def _spare_protected(found: dict[int, Any]) -> int:
    """Take runs out that something else needs; returns how many."""
    before = len(found)
    for model, name, on_delete in _referrers():
        if on_delete in _PROTECTING:
            needed = model.objects.filter(**{f"{name}__in": list(found)})
            for pk in set(needed.values_list(name, flat=True)):
                del found[pk]
    return before - len(found)


_PROTECTING = (models.PROTECT, models.RESTRICT)


def _referrers() -> Iterator[tuple[Any, str, Any]]:
    """What points at runs, be it of this app or of the site's own: model, its field, on_delete."""
    for relation in Run._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel):
            yield relation.related_model, relation.field.attname, relation.on_delete


def _delete(rows: QuerySet[Any]) -> int:
    """Delete in one statement, unless others hang on these rows in turn."""
    if any(f.auto_created and not f.concrete for f in rows.model._meta.get_fields(True)):
        return rows.delete()[0]
    return _delete_raw(rows)


def _delete_raw(rows: QuerySet[Any]) -> int:
    deleted: int = rows.order_by()._raw_delete(rows.db)
    return deleted
