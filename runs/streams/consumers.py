"""The two kinds of websocket: one run from an event on, and the digest of a list."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from urllib.parse import parse_qs

from django.db.models import QuerySet

from runs.access import Caller
from runs.exceptions import RequestError, RunNotFound
from runs.models import Run
from runs.models.run import STATUSES
from runs.store.news import Cursor, Told
from runs.streams import messages, states
from runs.streams.digest import current_digests, key_of
from runs.streams.doors import Scope
from runs.streams.hub import current_hub
from runs.streams.socket import Goodbye, Socket
from runs.streams.states import State

#: Parameters of a socket, and values of one of them, at most.
MOST_PARAMETERS, MOST_VALUES = 1000, 100


class RunSocket(Socket):
    """``/ws/runs/<workflow>/<run>/?offset=n``"""

    run: Run
    state: State
    next = 0

    def admit(self) -> None:
        asked = self.scope["url_route"]["kwargs"]
        offset = _whole(_parameters(self.scope), "offset")
        self.run = self.caller.find_run(asked["workflow_id"], asked["run_id"])
        found = states.read([self.run.pk])
        if self.run.pk not in found:
            raise RunNotFound
        self.state = found[self.run.pk]
        if offset > self.state.next:
            self.next = self.state.next
            raise RequestError(f"offset {offset} lies beyond the run's {self.state.next} events")
        self.next = offset

    def check(self, before: Caller) -> None:
        if not self.caller.sees(self.run):
            raise RunNotFound

    def place(self) -> dict[str, Any]:
        return {"next": self.next}

    async def tell(self) -> None:
        await self.say(messages.hello(self.state))
        async with current_hub().follower(self.state.pk, self.next, states=True) as follower:
            async for item in follower:
                if isinstance(item, Told):
                    await self.say(messages.event(item, payload=self.sees_payload))
                    self.next = item.seq + 1
                else:
                    await self.say(messages.status(item))


class ListSocket(Socket):
    """``/ws/runs/?workflowId=&status=&resourceId=&cursor=``"""

    runs: QuerySet[Run]
    key: Hashable
    statuses: frozenset[str]
    cursor: Cursor | None = None

    def admit(self) -> None:
        asked = _parameters(self.scope)
        self.statuses = frozenset(asked.get("status", ()))
        known = [status.value for status in STATUSES]
        for status in self.statuses.difference(known):
            raise RequestError(f"There is no status {status!r}, but {', '.join(known)}")
        self.cursor = _cursor(asked)
        self.runs = self.caller.visible(Run.objects.all())
        for name, column in (("workflowId", "workflow_id"), ("resourceId", "resource_id")):
            if name in asked:
                self.runs = self.runs.filter(**{f"{column}__in": sorted(set(asked[name]))})
        self.key = key_of(self.runs)

    def check(self, before: Caller) -> None:
        if self.caller.resource_ids != before.resource_ids:
            raise Goodbye(1012, "other-rights")

    def place(self) -> dict[str, Any]:
        return {} if self.cursor is None else {"cursor": str(self.cursor)}

    async def tell(self) -> None:
        async with current_digests().digest(self.runs, self.key, self.cursor) as digest:
            async for changes in digest:
                if digest.said_hello:
                    await self.say(messages.digest(changes, self.statuses))
                else:
                    digest.said_hello = True
                    await self.say(messages.list_hello(changes, since=self.cursor))
                    if changes.runs is None or changes.runs:
                        await self.say(messages.digest(changes, self.statuses))
                self.cursor = changes.cursor


def _parameters(scope: Scope) -> dict[str, list[str]]:
    query = scope.get("query_string", b"").decode("latin1")
    try:
        found = parse_qs(query, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise RequestError(f"There are more than {MOST_PARAMETERS} parameters") from None
    if any(len(values) > MOST_VALUES for values in found.values()):
        raise RequestError(f"A parameter may be given at most {MOST_VALUES} times")
    # PostgreSQL refuses it, and would with it refuse what all other lists ask in the same round.
    if any("\0" in value for values in found.values() for value in values):
        raise RequestError("A parameter may not hold the character NUL")
    return found


def _whole(asked: dict[str, list[str]], name: str) -> int:
    text = asked.get(name, ["0"])[-1]
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise RequestError(f"{name} must be a whole number from 0 on, not {text!r}")
    return int(text)


def _cursor(asked: dict[str, list[str]]) -> Cursor | None:
    text = asked.get("cursor", [""])[-1]
    try:
        return Cursor.parse(text) if text else None
    except ValueError:
        raise RequestError(f"This is not a cursor that was given out: {text!r}") from None
