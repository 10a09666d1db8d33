"""What a case's bodies share: the log they write, and the process they live and die with."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class World:
    """What outlives the processes of a case."""

    #: What bodies and callbacks reported since the current action began.
    log: list[dict[str, Any]] = field(default_factory=list)
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    #: How often each step's body began, over all actions, retries and processes.
    executions: Counter[str] = field(default_factory=Counter)
    #: The run that the current action works on.
    current_run: Any = None

    def begin_action(self) -> None:
        self.log, self.callbacks = [], []


@dataclass(slots=True, eq=False)
class Process:
    """One life of the engine. What its bodies do after its death reaches nobody."""

    world: World
    is_alive: bool = True
    crashed: asyncio.Event = field(default_factory=asyncio.Event)
    #: How many bodies wait, for a time or for their abort signal.
    held: int = 0

    @contextmanager
    def holding(self) -> Iterator[None]:
        """A body waits while inside."""
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    def note(self, entry: dict[str, Any]) -> None:
        if self.is_alive:
            self.world.log.append(deepcopy(entry))

    def report_callback(self, entry: dict[str, Any]) -> None:
        if self.is_alive:
            self.world.callbacks.append(deepcopy(entry))

    def count_execution(self, step_id: str) -> int:
        self.world.executions[step_id] += 1
        return self.world.executions[step_id]
