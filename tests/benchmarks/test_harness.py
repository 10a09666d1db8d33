"""The harness measures what it says, with peers that need no installing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_case_is_measured_with_ourselves_and_the_floor(tmp_path: Path) -> None:
    written = tmp_path / "figures.json"
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}

    peers = "runs inline sqlite normal,floor sqlite normal"
    options = f"W1 W7 --size tiny --rounds 1 --no-postgres --json {written} --peers".split()

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *options, peers],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    results = json.loads(written.read_text())["results"]
    assert [(result["case"], result["peer"], sorted(result["figures"])) for result in results] == [
        ("W1", "runs inline sqlite normal", ["cpu ms/step", "run p50 ms", "steps/s"]),
        ("W1", "floor sqlite normal", ["cpu ms/step", "run p50 ms", "steps/s"]),
        ("W7-100k", "runs inline sqlite normal", ["bytes", "steps/s"]),
        ("W7-100k", "floor sqlite normal", ["steps/s"]),
        ("W7-1000k", "runs inline sqlite normal", ["bytes", "steps/s"]),
        ("W7-1000k", "floor sqlite normal", ["steps/s"]),
    ]
    assert "W1: ten steps, one run after another" in done.stdout
