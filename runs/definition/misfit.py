"""What is wrong with a value that does not fit its schema."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong with a value: where, and what."""

    path: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.message}"


class SchemaError(ValueError):
    """The value does not fit its schema."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        self.issues = issues
        super().__init__("; ".join(map(str, issues)))

    def lines(self) -> list[str]:
        return [f"- {issue}" for issue in self.issues]
