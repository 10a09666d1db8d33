"""The Python of README and docs works: the blocks of a page, executed in order as one module."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from runs.models import Schedule, WebhookDelivery
from runs.operations import sync_declared_schedules
from runs.webhooks.secrets import keys, signed_headers

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]


def execute(page: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": f"example_of_{Path(page).stem}"}
    for block in BLOCK.findall((ROOT / page).read_text()):
        exec(compile(block, page, "exec"), namespace)
    return namespace


def test_the_readme_shows_a_run_that_suspends_and_is_resumed() -> None:
    shown = execute("README.md")

    assert shown["result"].status == "success"
    assert shown["result"].result == {"total": 180.0, "approved": True}


def test_the_workflows_of_the_how_to_run_as_described() -> None:
    shown = execute("docs/how-to/define-workflows.md")

    assert shown["result"].result == {"message": "ordered"}
    batch = shown["batch"].create_run().start(input_data=[{"sku": "A"}, {"sku": "B"}])
    assert batch.result == {"orders": 2}


def test_the_runs_of_the_how_to_start_as_described() -> None:
    execute("docs/how-to/start-runs.md")


def test_the_schedules_of_the_how_to_are_kept_as_rows() -> None:
    shown = execute("docs/how-to/schedule.md")
    sync_declared_schedules()

    assert shown["hourly"].triggers.count() == 1
    ids = sorted(Schedule.objects.values_list("id", flat=True))
    assert ids == ["schedule_hourly-report", "wf_report", "wf_weekly-report"]


def test_what_the_how_to_verifies_is_what_is_sent(settings: Any) -> None:
    settings.PARTNER_SECRET = "whsec_c2VjcmV0"
    shown = execute("docs/how-to/webhooks.md")
    shown["run"].start()

    told = {delivery.secret: delivery for delivery in WebhookDelivery.objects.all()}
    assert sorted(told) == ["PARTNER_SECRET", "RUNS_WEBHOOK_SECRET"]
    body, now = told["PARTNER_SECRET"].body.encode(), int(time.time())
    headers = signed_headers(keys("PARTNER_SECRET"), "msg_1", now, body)
    assert shown["is_genuine"](headers, body, "whsec_c2VjcmV0")
    assert not shown["is_genuine"](headers, body + b" ", "whsec_c2VjcmV0")
    assert not shown["is_genuine"](headers | {"webhook-timestamp": "1"}, body, "whsec_c2VjcmV0")


def test_readme_code_is_as_short_as_it_promises() -> None:
    workflow, _run = BLOCK.findall((ROOT / "README.md").read_text())

    lines = [line for line in workflow.splitlines() if line and "import" not in line]
    assert len(lines) == 12


def test_the_tests_of_the_how_to_pass() -> None:
    shown = execute("docs/how-to/test.md")

    examples = [value for name, value in shown.items() if name.startswith("test_")]
    for example in examples:
        example()
    assert len(examples) == 5
