"""A caller: who it is, what it may do, which runs it sees."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import QuerySet

from runs.exceptions import PermissionDenied, RunNotFound
from runs.models import ApiToken, Run, Schedule
from runs.operations.acting import Actor, acting

#: What belongs to a resource.
Row = TypeVar("Row", Run, Schedule)


@dataclass(frozen=True)
class Caller:
    """Whoever calls, seen once at the door. ``resource_ids`` None means all resources.

    ``user`` is None where the API is public: such a caller may do everything.
    """

    user: Any
    resource_ids: frozenset[str] | None
    source: str
    token: ApiToken | None = None

    def may(self, action: str) -> bool:
        """Whether the caller has the permission ``runs.<action>``; superusers have all."""
        return self.user is None or bool(self.user.has_perm(f"runs.{action}"))

    def require(self, action: str) -> None:
        """Raise PermissionDenied unless the caller may."""
        if not self.may(action):
            raise PermissionDenied(f"This needs the permission runs.{action}", permission=action)

    def visible(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """Those of the rows that the caller sees."""
        if self.resource_ids is None:
            return rows
        return rows.filter(resource_id__in=sorted(self.resource_ids))

    def sees(self, row: Run | Schedule) -> bool:
        return self.resource_ids is None or row.resource_id in self.resource_ids

    def find_run(self, workflow_id: str, run_id: str) -> Run:
        """The run; RunNotFound if there is none, and if the caller must not see it."""
        # PostgreSQL refuses to look for what it cannot hold.
        runs = Run.objects.none() if "\0" in workflow_id + run_id else Run.objects.all()
        run = self.visible(runs).filter(workflow_id=workflow_id, run_id=run_id).first()
        if run is None:
            raise RunNotFound(run_id=run_id, workflow_id=workflow_id)
        return run

    def resource_for(self, resource_id: str | None) -> str | None:
        """The resource id that a new run of this caller gets; PermissionDenied if none fits."""
        if self.resource_ids is None or (resource_id in self.resource_ids):
            return resource_id
        if resource_id is None and len(self.resource_ids) == 1:
            return next(iter(self.resource_ids))
        asked = "without a resource id" if resource_id is None else f"of resource {resource_id!r}"
        raise PermissionDenied(f"You may not make runs {asked}")

    def own_key(self, key: str) -> str:
        """An idempotency key as it is stored: what one tenant calls so is not another's."""
        if self.resource_ids is None:
            return key
        whose = hashlib.sha256("\0".join(sorted(self.resource_ids)).encode()).hexdigest()
        return f"{whose[:16]}:{key}"

    def acting(self, reason: str = "") -> AbstractContextManager[None]:
        """Let the operations inside act in this caller's name: they leave a trail of it."""
        details = {} if self.token is None else {"token": str(self.token)}
        return acting(Actor(self.user, self.source, reason, details))
