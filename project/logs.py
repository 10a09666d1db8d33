"""What is logged, and how it looks."""

from __future__ import annotations

from typing import Any


def to_console(level: str) -> dict[str, Any]:
    """Return Django's settings for lines on the console, from this level on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"},
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {
            "django": {"handlers": []},  # else a line of DEBUG mode appears twice
            # They tell of each ticket and of each start; `serve` says what people need to know.
            "django-q": {"level": "WARNING"},
            "daphne": {"level": "WARNING"},
            # While Redis is away it says so each second; the doorbell says so once.
            "channels_redis": {"level": "CRITICAL"},
        },
        "root": {"handlers": ["console"], "level": level},
    }
