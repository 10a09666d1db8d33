"""How a try to send a message went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: The receiver is gone for good and says so.
GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of the answer, or why there is none; ``took`` in milliseconds."""

    status: int | None
    error: str
    took: int

    @property
    def is_accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    def to_json(self, at: int) -> dict[str, Any]:
        shown = {"at": at, "took": self.took, "status": self.status, "error": self.error or None}
        return {name: value for name, value in shown.items() if value is not None}
