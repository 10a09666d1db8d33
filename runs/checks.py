"""System checks: settings that cannot work are refused at boot, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, get_type_hints

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from runs.conf import EXECUTIONS, Conf, conf
from runs.definition import all_workflows
from runs.webhooks import missing_secrets

#: Settings that make sense at zero: no waiting in memory, no second chance, nothing deleted by age.
MAY_BE_ZERO = frozenset(
    {"STREAM_LINGER_SECONDS", "HOLD_SECONDS", "RETENTION_DAYS", "MAX_RECOVERIES"}
)


@register
def check_types(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each setting has its type, and each number is in its range."""
    return [
        error
        for name, annotation in get_type_hints(Conf).items()
        for error in type_errors(name, annotation, getattr(conf, name))
    ]


def type_errors(name: str, annotation: type, value: Any) -> Iterator[CheckMessage]:
    # A whole number is a fine duration; a bool is a number only to Python.
    accepted = (int, float) if annotation is float else (annotation,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and annotation is not bool):
        text = f"RUNS_{name} must be of type {annotation.__name__}, not {value!r}."
        yield Error(text, id="runs.E001")
    elif isinstance(value, (int, float)) and annotation is not bool:
        least = "zero or more" if name in MAY_BE_ZERO else "more than zero"
        if value < 0 or (value == 0 and name not in MAY_BE_ZERO):
            yield Error(f"RUNS_{name} must be {least}, not {value!r}.", id="runs.E002")


@register
def check_execution(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Runs execute in one of two places."""
    if conf.EXECUTION in EXECUTIONS:
        return []
    names = " or ".join(f'"{name}"' for name in EXECUTIONS)
    return [Error(f"RUNS_EXECUTION must be {names}, not {conf.EXECUTION!r}.", id="runs.E003")]


@register
def check_lease(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A live worker must get two signs of life through before it counts as dead."""
    return [
        Error(
            f"RUNS_{name} ({getattr(conf, name)}) must be more than twice "
            f"RUNS_HEARTBEAT_SECONDS ({conf.HEARTBEAT_SECONDS}).",
            hint="Else one late heartbeat takes a run away from a worker that is alive.",
            id="runs.E004",
        )
        for name in ("LEASE_SECONDS", "WORKER_TIMEOUT_SECONDS")
        if not exceeds(getattr(conf, name), conf.HEARTBEAT_SECONDS, times=2)
    ]


@register
def check_queue(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """django-q2 hands a task out again after `retry`, even while it still runs."""
    cluster = getattr(settings, "Q_CLUSTER", {})
    retry, timeout = cluster.get("retry", 60), cluster.get("timeout")
    if timeout is None or exceeds(retry, timeout):
        return []
    text = f'Q_CLUSTER["retry"] ({retry}) must be more than Q_CLUSTER["timeout"] ({timeout}).'
    return [Error(text, id="runs.E005")]


@register
def check_sqlite(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Several processes write to the database; SQLite's defaults are made for one."""
    return [
        Warning(
            f'DATABASES["{alias}"] is SQLite without "transaction_mode": "IMMEDIATE".',
            hint="Two writers at once will fail with `database is locked`. Set it in OPTIONS.",
            id="runs.W001",
        )
        for alias, database in settings.DATABASES.items()
        if database["ENGINE"].endswith(".sqlite3")
        and database.get("OPTIONS", {}).get("transaction_mode") != "IMMEDIATE"
    ]


@register
def check_rate(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A rate is a number of requests in a unit of time."""
    if re.fullmatch(r"(\d+/[smhd]\w*)?", str(conf.API_RATE)):
        return []
    text = f'RUNS_API_RATE must be like "100/s" or "6000/m", not {conf.API_RATE!r}.'
    return [Error(text, id="runs.E006")]


@register
def check_public(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """An API without authentication is for the machine of its developer."""
    abroad = set(settings.ALLOWED_HOSTS) - {"localhost", "127.0.0.1", "[::1]", "testserver"}
    if conf.API_PUBLIC is not True or not abroad:
        return []
    hosts = ", ".join(sorted(abroad))
    return [
        Warning(
            f"RUNS_API_PUBLIC lets everybody who reaches {hosts} start, read and delete all runs.",
            hint="Unset it, and make tokens with `manage.py create_token USER`.",
            id="runs.W002",
        )
    ]


@register
def check_webhooks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A webhook without a secret is never sent."""
    return [
        Warning(
            f"The webhooks of workflow {workflow_id!r} cannot be sent: {name} holds no secret.",
            hint="Set it in the settings or in the environment.",
            id="runs.W003",
        )
        for workflow_id, name in missing_secrets(all_workflows().values())
    ]


def exceeds(value: Any, other: Any, *, times: int = 1) -> bool:
    """Tell whether value > times * other. Values of a wrong type are another check's business."""
    if not (isinstance(value, (int, float)) and isinstance(other, (int, float))):
        return True
    return value > times * other
