"""Reading the events of one run, put together with what their entries show."""

from __future__ import annotations

from runs.store import news
from runs.store.news import Told, Window

#: Events read at once: a long history is read in pieces, so that memory stays bounded.
BATCH = 500


def read(run_pk: int, run_id: str, offset: int) -> list[Told]:
    """Up to BATCH events from number ``offset`` on."""
    return news.read([Window(run_pk, run_id, offset, BATCH)])[0]
