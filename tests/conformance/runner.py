"""Cases read from files, played one after the other, and compared."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import FrameType
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections

from runs.models import Run

from .actions import Session
from .compare import Difference, Profile, Record, compare
from .report import describe

#: A case that takes longer hangs.
CASE_SECONDS = 30.0
#: Later actions mostly differ because earlier ones do; so many are shown unless all are asked for.
_SHOWN_ACTIONS = 2

Case = dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """How a case went. ``trouble`` is what kept it from being played to its end."""

    name: str
    records: list[Record]
    differences: list[Difference]
    trouble: str | None = None
    traces: dict[int, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.differences and self.trouble is None

    def lines(self, *, in_full: bool = False) -> list[str]:
        """Say what is wrong; in full with everything that differs and where errors came from."""
        lines = [self.trouble] if self.trouble else []
        by_action = groupby(self.differences, key=attrgetter("action", "do"))
        actions = [(index, do, list(found)) for (index, do), found in by_action]
        for index, do, found in actions if in_full else actions[:_SHOWN_ACTIONS]:
            lines.append(f"action {index} ({do})")
            for difference in found:
                lines += [f"  {line}" for line in describe(difference, in_full=in_full)]
            if in_full and index in self.traces:
                lines += self.traces[index].rstrip().splitlines()
        left = 0 if in_full else len(actions) - _SHOWN_ACTIONS
        return [*lines, f"{left} more actions differ"] if left > 0 else lines


def read_cases(
    folder: Path,
    *,
    names: Collection[str] = (),
    tags: Collection[str] = (),
    skip_tags: Collection[str] = (),
) -> Iterator[tuple[Path, Case]]:
    """Yield the cases whose name contains one of ``names`` and that have one of ``tags``."""
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stem):
        case = json.loads(path.read_text(encoding="utf-8"))
        is_named = not names or any(name in case["name"] for name in names)
        is_tagged = not tags or not set(tags).isdisjoint(case["tags"])
        if is_named and is_tagged and set(skip_tags).isdisjoint(case["tags"]):
            yield path, case


def run_case(case: Case, profile: Profile, *, seconds: float = CASE_SECONDS) -> Outcome:
    """Play a case in an event loop of its own; leave no runs behind."""
    session = Session(case)
    trouble = None
    try:
        with _interrupting_after(seconds + 5):
            asyncio.run(_play(session, seconds))
    except TimeoutError:
        trouble = f"hangs: not done after {seconds:g} s, in action {len(session.records) - 1}"
    except Exception as error:
        trouble = f"cannot be played: {type(error).__name__}: {error}"
    finally:
        Run.objects.all().delete()
    differences = compare(case, session.records, profile)
    return Outcome(case["name"], session.records, differences, trouble, session.traces)


async def _play(session: Session, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await session.play()
    finally:
        # Those of the thread in which coroutines use the database; nobody else will close them.
        await sync_to_async(connections.close_all)()


@contextmanager
def _interrupting_after(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in a blocked main thread, where the loop's own timeout cannot act."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGALRM, _raise_timeout)
    # Again and again: what is blocked once may block again while the loop is being closed.
    signal.setitimer(signal.ITIMER_REAL, seconds, 5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _raise_timeout(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError
