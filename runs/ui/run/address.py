"""The address of what is shown: attempt, tab and step are parts of it, so Back and links work."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Address:
    """A run's page with what its URL says. ``attempt`` and ``step`` are empty where not chosen."""

    url: str
    tab: str = ""
    attempt: str = ""
    step: str = ""

    def to(self, **changes: str) -> str:
        parts = {"tab": self.tab, "attempt": self.attempt, "step": self.step} | changes
        if parts["tab"] == "graph":
            parts["tab"] = ""
        query = urlencode({name: value for name, value in parts.items() if value})
        return f"{self.url}?{query}" if query else self.url

    def of_step(self, path: str) -> str:
        return self.to(step=path)

    def of_tab(self, tab: str) -> str:
        return self.to(tab=tab)

    def of_attempt(self, attempt: int) -> str:
        """Of another attempt; a step that was chosen may not exist there, so none is."""
        return self.to(attempt=str(attempt), step="")
