"""The calls of curl that the page about schedules shows do what they say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from runs.access import create_token

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "how-to" / "schedule.md"
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.django_db(transaction=True)
def test_each_call_is_answered(live_server: Any) -> None:
    token = create_token(User.objects.create_superuser("root"))[1]
    (script,) = SHELL.findall(PAGE.read_text())

    outcome = subprocess.run(
        ["bash", "-euc", script.replace("\nsend ", "\necho; send ")],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "URL": live_server.url, "TOKEN": token},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    made, listed, shown, changed, paused, resumed, fired, history, gone = (
        json.loads(line) for line in outcome.stdout.splitlines() if line
    )
    assert (listed, shown) == ({"schedules": [made]}, made)
    assert changed["cron"] == "30 3 * * *"
    assert [paused["status"], resumed["status"]] == ["paused", "active"]
    assert [trigger["runId"] for trigger in history["triggers"]] == [fired["claimId"]]
    assert gone == {"message": "Schedule deleted"}
