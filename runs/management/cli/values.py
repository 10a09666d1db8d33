"""JSON given on the command line: itself, ``@file.json``, or ``-`` for standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from runs.management.cli.exits import bad_call


def read_json(option: str, text: str | None) -> Any:
    """The value of an option; nothing given is ``None``."""
    if text is None:
        return None
    try:
        return json.loads(_source(option, text), parse_constant=_refuse_constant)
    except ValueError as error:
        raise bad_call(f"{option} is not valid JSON: {error}") from error


def read_object(option: str, text: str | None) -> dict[str, Any] | None:
    """The value of an option that must be a JSON object."""
    value = read_json(option, text)
    if text is not None and not isinstance(value, dict):
        raise bad_call(f'{option} must be a JSON object, like {{"key": "value"}}.')
    return value


def _source(option: str, text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except OSError as error:
        raise bad_call(f"{option}: cannot read {text[1:]}: {error.strerror}") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
