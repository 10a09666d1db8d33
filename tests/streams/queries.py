"""Counting what a thread asks of the database, from outside of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db.backends.signals import connection_created


@dataclass
class Queries:
    statements: list[str] = field(default_factory=list)

    def about(self, table: str) -> int:
        return sum(f'FROM "{table}"' in sql or f'JOIN "{table}"' in sql for sql in self.statements)

    def note(self, execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        self.statements.append(sql)
        return execute(sql, *arguments)


@contextmanager
def counted(thread_name: str) -> Iterator[Queries]:
    """Note the statements of connections that threads of this name open meanwhile."""
    queries = Queries()

    def opened(connection: Any, **_: Any) -> None:
        if threading.current_thread().name.startswith(thread_name):
            connection.execute_wrappers.append(queries.note)

    connection_created.connect(opened)
    try:
        yield queries
    finally:
        connection_created.disconnect(opened)
