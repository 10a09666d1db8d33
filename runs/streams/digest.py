"""The digest: what changes in lists of runs, at most twice a second.

What moved since the last look is read from the tables once for all lists; then each kind of list
(the same filters, the same rights) asks once which of these runs are its own. A bell only says
when to look.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from django.core.exceptions import EmptyResultSet
from django.db.models import Count, QuerySet

from runs.conf import conf
from runs.engine.journal import FINAL
from runs.models import Run, Workflow
from runs.models.run import STATUSES
from runs.operations import Because, because_of
from runs.store import news
from runs.store.doorbell import Moved
from runs.store.news import Cursor
from runs.streams.service import Service

#: Seconds between two digests of a list at least.
GAP_SECONDS = 0.5
#: Runs told one by one; when more change, the list is to be read again.
LARGEST = 300
#: Statuses that are counted: of finished runs there may be millions.
OPEN = tuple(status.value for status in STATUSES if status not in FINAL)

_services: WeakKeyDictionary[asyncio.AbstractEventLoop, Digests] = WeakKeyDictionary()


def current_digests() -> Digests:
    """The digests of the running event loop."""
    return _services.setdefault(asyncio.get_running_loop(), Digests())


@dataclass(frozen=True, slots=True)
class Changes:
    """What a list is told. ``runs`` None means: too much to tell, read the list again."""

    cursor: Cursor
    runs: Sequence[tuple[Run, Because]] | None
    counts: dict[str, int]


@dataclass(eq=False)
class Digest:
    """One list that somebody looks at. Iterate over it inside its ``async with``.

    The first item tells the cursor and the counts, and what changed since the list's own cursor.
    Who reads slowly gets fewer, larger digests.
    """

    runs: QuerySet[Run]
    key: Hashable
    cursor: Cursor | None
    service: Digests
    _waiting: Changes | None = None
    _end: Exception | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    #: Whether it has been told nothing yet, and whether its reader has been told that it follows.
    is_fresh: bool = True
    said_hello: bool = False

    def put(self, changes: Changes) -> None:
        self._waiting = changes if self._waiting is None else _merged(self._waiting, changes)
        self._news.set()

    def end(self, error: Exception) -> None:
        self._end = error
        self._news.set()

    async def __aenter__(self) -> Digest:
        self.service.join(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.service.leave(self)

    async def __aiter__(self) -> AsyncIterator[Changes]:
        while True:
            await self._news.wait()
            self._news.clear()
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                yield waiting
            if self._end is not None:
                raise self._end


def _merged(before: Changes, after: Changes) -> Changes:
    if before.runs is None or after.runs is None:
        return Changes(after.cursor, None, after.counts)
    runs = {run.pk: (run, because) for run, because in [*before.runs, *after.runs]}
    told = list(runs.values()) if len(runs) <= LARGEST else None
    return Changes(after.cursor, told, after.counts)


class Digests(Service):
    """Works while anybody looks at a list."""

    thread_name = "runs-digest"

    def __init__(self) -> None:
        super().__init__()
        self._lists: set[Digest] = set()

    def digest(self, runs: QuerySet[Run], key: Hashable, since: Cursor | None = None) -> Digest:
        """Follow a list, from a cursor or from now on; ``key`` is what ``key_of`` says of it."""
        return Digest(runs, key, since, self)

    def join(self, digest: Digest) -> None:
        self._lists.add(digest)
        self._wake()

    def leave(self, digest: Digest) -> None:
        self._lists.discard(digest)
        if not self._lists:
            self._news.set()

    @property
    def is_needed(self) -> bool:
        return bool(self._lists)

    def _heard(self, moved: Moved) -> None:
        self._wake()

    def _end_all(self, error: Exception) -> None:
        for digest in self._lists:
            digest.end(error)

    async def _work(self) -> None:
        loop, told = asyncio.get_running_loop(), Told()
        while self._lists:
            lists = list(self._lists)
            answer = await self._ask(_look, lists, told)
            if answer is not None:
                found, told = answer
                _hand_on(lists, found)
            await asyncio.sleep(GAP_SECONDS)
            await self._news_until(loop.time() + conf.STREAM_LOOK_SECONDS)


def _hand_on(lists: Sequence[Digest], found: Sequence[Changes | None]) -> None:
    for digest, changes in zip(lists, found, strict=True):
        digest.is_fresh = False
        if changes is not None:
            digest.put(changes)


@dataclass(slots=True)
class Told:
    """Up to where all lists have been told, and what the last look found."""

    cursor: Cursor | None = None
    lasts: dict[int, int] = field(default_factory=dict)
    statuses: dict[int, str] = field(default_factory=dict)

    def moved(self, now: Cursor) -> dict[int, int] | None:
        """The runs that moved since the last look, with their last events; None if too many."""
        since, self.cursor = self.cursor or now, now
        found = news.moved_since(since, now, LARGEST)
        if found is None:
            self.lasts, self.statuses = {}, {}
            return None
        fresh = {pk: last for pk, last in found.items() if self.lasts.get(pk) != last}
        self.lasts = found
        return fresh | self._settled_later(fresh)

    def _settled_later(self, fresh: dict[int, int]) -> dict[int, int]:
        """Those of the last look whose status followed their last event: a run goes to sleep so."""
        rows = Run.objects.filter(pk__in={*fresh, *self.statuses}).order_by()
        statuses = dict(rows.values_list("pk", "status"))
        changed = {
            pk: self.lasts.get(pk, 0)
            for pk, status in self.statuses.items()
            if statuses.get(pk, status) != status
        }
        self.statuses = {pk: statuses[pk] for pk in {*fresh, *changed} if pk in statuses}
        return changed


def _look(lists: Sequence[Digest], before: Told) -> tuple[list[Changes | None], Told]:
    """In the thread for that: what each list is to be told now, if anything.

    And up to where all have been told then; a look that fails leaves that as it was.
    """
    now, told = news.cursor(), replace(before)
    moved = told.moved(now)
    shared: dict[Hashable, Changes | None] = {}
    answers: list[Changes | None] = []
    for digest in lists:
        if digest.is_fresh:
            since = digest.cursor
            own = {} if since is None else news.moved_since(since, now, LARGEST)
            answers.append(_changes(digest.runs, now, own, always=True))
            continue
        if digest.key not in shared:
            shared[digest.key] = _changes(digest.runs, now, moved)
        answers.append(shared[digest.key])
    return answers, told


def _changes(
    runs: QuerySet[Run], now: Cursor, moved: dict[int, int] | None, *, always: bool = False
) -> Changes | None:
    """What a list is told of the runs that moved; None if they are none of its own."""
    if moved is None:
        return Changes(now, None, _counts(runs))
    found = list(runs.filter(pk__in=moved)) if moved else []
    if not (found or always):
        return None
    found.sort(key=lambda run: moved[run.pk])
    lines = because_of(found)
    return Changes(now, [(run, lines[run.pk]) for run in found], _counts(runs))


def _counts(runs: QuerySet[Run]) -> dict[str, int]:
    """Open runs by status. The workflows are named so that their index counts."""
    workflows = list(Workflow.objects.values_list("id", flat=True))
    open_ = runs.filter(workflow_id__in=workflows, status__in=OPEN).order_by()
    found = dict(open_.values_list("status").annotate(count=Count("pk")))
    return {status: found.get(status, 0) for status in OPEN}


def key_of(runs: QuerySet[Run]) -> Hashable:
    """Equal for lists that show the same runs."""
    try:
        return runs.query.sql_with_params()
    except EmptyResultSet:
        return None
