"""The map that all steps of a run share."""

from __future__ import annotations

from collections import UserDict
from typing import Any

from runs.worker.limits import checked


class RequestContext(UserDict[str, Any]):
    """What is put in must be JSON, of an acceptable size."""

    def __setitem__(self, key: str, item: Any) -> None:
        where = f"Request context {key!r}"
        super().__setitem__(str(key), checked(item, where))
