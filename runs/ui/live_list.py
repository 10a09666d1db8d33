"""How a page with runs on it follows them: the address of its digest, and from when on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from runs.store import news


@dataclass(frozen=True, slots=True)
class LiveList:
    """What the script of lists needs; take one *before* reading what the page shows.

    ``is_whole``: a run that is not shown and fits the digest's filters would be shown by a list
    that is loaded again. Only then are such runs counted.
    """

    socket: str
    cursor: str
    is_whole: bool


def live_list(
    *,
    workflow_ids: Iterable[str] = (),
    statuses: Iterable[str] = (),
    resource_id: str = "",
    is_whole: bool = True,
) -> LiveList:
    filters = [("workflowId", one) for one in workflow_ids]
    filters += [("status", one) for one in statuses]
    filters += [("resourceId", resource_id)] if resource_id else []
    query = f"?{urlencode(filters)}" if filters else ""
    return LiveList(f"/ws/runs/{query}", str(news.cursor()), is_whole)
