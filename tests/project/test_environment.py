from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_type_hints

import pytest
from django.core.exceptions import ImproperlyConfigured

from project.environment import READERS, boolean, read, runs_settings, secret_key, words
from runs.conf import Conf


def test_a_variable_that_is_empty_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", " ")

    assert read("WORKERS", int, 2) == 2


def test_a_value_that_cannot_be_read_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "many")

    with pytest.raises(ImproperlyConfigured, match=r"The environment variable WORKERS is wrong"):
        read("WORKERS", int, 2)


@pytest.mark.parametrize("text", ["flase", "2", "y"])
def test_a_mistyped_switch_is_refused_rather_than_off(text: str) -> None:
    with pytest.raises(ValueError, match="expected one of"):
        boolean(text)


def test_words_are_parted_by_commas() -> None:
    assert words(" a.example.org, b.example.org ,") == ["a.example.org", "b.example.org"]


def test_every_setting_of_the_app_can_be_read_from_the_environment() -> None:
    assert set(get_type_hints(Conf).values()) <= set(READERS)


def test_settings_of_the_app_are_read_with_their_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNS_EXECUTION", "inline")
    monkeypatch.setenv("RUNS_LEASE_SECONDS", "30")
    monkeypatch.setenv("RUNS_WORKER_SLOTS", "8")

    assert runs_settings() == {
        "RUNS_EXECUTION": "inline",
        "RUNS_LEASE_SECONDS": 30.0,
        "RUNS_WORKER_SLOTS": 8,
    }


def test_the_secret_key_is_made_once_whoever_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"

    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(secret_key, [path] * 32))

    assert keys == {path.read_text()}
    assert len(path.read_text()) >= 50
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_nobody_else_may_read_the_secret_key(tmp_path: Path) -> None:
    secret_key(tmp_path / "secret_key")

    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
