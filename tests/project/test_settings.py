"""The settings module itself, tried in processes with an environment of their own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "RUNS_PRODUCTION": "1",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "ALLOWED_HOSTS": "runs.example.org",
}


def manage(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=inherited | {"RUNS_DATA": str(data)} | environment,
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_a_new_machine_needs_no_settings(tmp_path: Path) -> None:
    outcome = manage(tmp_path / "data", "check", "--fail-level", "WARNING")

    assert outcome.returncode == 0, outcome.stderr
    assert (tmp_path / "data" / "secret_key").exists()


def test_the_production_settings_leave_nothing_to_say(tmp_path: Path) -> None:
    outcome = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert outcome.returncode == 0, outcome.stderr
    assert not (tmp_path / "secret_key").exists()


def test_production_without_its_secrets_is_refused(tmp_path: Path) -> None:
    outcome = manage(tmp_path, "check", RUNS_PRODUCTION="1")

    assert outcome.returncode != 0
    assert "RUNS_PRODUCTION needs SECRET_KEY and ALLOWED_HOSTS to be set." in outcome.stderr


def test_settings_that_cannot_work_are_refused_at_boot(tmp_path: Path) -> None:
    outcome = manage(tmp_path, "check", RUNS_LEASE_SECONDS="2", RUNS_HEARTBEAT_SECONDS="1")

    assert outcome.returncode != 0
    assert "(runs.E004) RUNS_LEASE_SECONDS (2.0) must be more than twice" in outcome.stderr


def test_static_files_are_collected_under_names_that_may_be_cached(tmp_path: Path) -> None:
    outcome = manage(tmp_path, "collectstatic", "--no-input", "--dry-run", **PRODUCTION)

    assert outcome.returncode == 0, outcome.stderr
