"""Typed reads of environment variables.

A value that cannot be read stops the process at boot with the name of its variable. An empty
variable counts as not set, because that is how compose files and CI say it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from django.core.exceptions import ImproperlyConfigured

from runs.conf import Conf

T = TypeVar("T")


def boolean(text: str) -> bool:
    match text.lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
    raise ValueError("expected one of 1, 0, true, false, yes, no, on, off")


def words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


READERS: dict[type, Callable[[str], Any]] = {str: str, int: int, float: float, bool: boolean}


def read(name: str, reader: Callable[[str], T], default: T) -> T:
    """Return the variable as its reader understands it, or the default where it is not set."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        return reader(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"The environment variable {name} is wrong: {error}") from error


def runs_settings() -> dict[str, Any]:
    """Return the RUNS_* settings that the environment sets, typed as `runs.conf` declares them."""
    unset = object()
    values = {
        f"RUNS_{name}": read(f"RUNS_{name}", READERS[annotation], unset)
        for name, annotation in get_type_hints(Conf).items()
    }
    return {name: value for name, value in values.items() if value is not unset}


def secret_key(path: Path) -> str:
    """Return the key kept in the file, made on first use.

    Several processes start at once, so the file appears complete or not at all, and the first wins.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
