"""The cases that are known to differ, read from the page that explains them to users."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "differences.md"
_ROW = re.compile(r"^\| `(?P<case>[\w-]+)` \| (?P<profile>core|exact) \| (?P<reason>.+) \|$")
_LINK = re.compile(r"\(#([\w-]+)\)")


@dataclass(frozen=True, slots=True)
class Listed:
    """One case of the page. In profile ``core`` it differs in what callers see."""

    case: str
    profile: str
    reason: str

    @property
    def anchor(self) -> str | None:
        """The section of the page that explains it."""
        found = _LINK.search(self.reason)
        return found[1] if found else None


@cache
def listed() -> dict[str, Listed]:
    rows = map(_ROW.match, PAGE.read_text(encoding="utf-8").splitlines())
    return {row["case"]: Listed(**row.groupdict()) for row in rows if row}
