"""Where the command writes to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from typing import Any

from django.core.management.base import OutputWrapper
from django.core.management.color import Style

from runs.management.cli.text import columns

_STYLES = {
    "success": "SUCCESS",
    "failed": "ERROR",
    "tripwire": "ERROR",
    "canceled": "NOTICE",
    "suspended": "WARNING",
    "paused": "WARNING",
    "waiting": "WARNING",
    "bailed": "SUCCESS",
}


class Console:
    """Standard output: lines for people, or JSON for machines."""

    def __init__(self, stdout: OutputWrapper, style: Style, *, as_json: bool) -> None:
        self._stdout = stdout
        self._style = style
        self.as_json = as_json

    @property
    def width(self) -> int | None:
        """How long a line may get; unlimited unless a person is looking."""
        return shutil.get_terminal_size().columns if self._stdout.isatty() else None

    def line(self, text: str = "") -> None:
        """Write a line, at once: whoever follows a run through a pipe wants to see it now."""
        self._stdout.write(text)
        self._stdout.flush()

    def say(self, text: str = "") -> None:
        """Write a line for people only."""
        if not self.as_json:
            self.line(text)

    def json(self, value: Any, *, indent: int | None = 2) -> None:
        self.line(json.dumps(value, indent=indent, ensure_ascii=False))

    def status(self, text: str) -> str:
        """Colour a status, padded or not."""
        style = _STYLES.get(text.strip())
        return getattr(self._style, style)(text) if style else text

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        heading, *padded = columns([headings, *rows])
        self.line("  ".join(heading).rstrip())
        for row in padded:
            self.line("  ".join(map(self.status, row)).rstrip())
