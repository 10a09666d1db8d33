"""The small answers that keep Studio's console quiet."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.api.conftest import Api

pytestmark = pytest.mark.django_db

ANSWERS: dict[str, Any] = {
    "agents": {},
    "tools": {},
    "processors": {},
    "scores/scorers": {},
    "workspaces": {"workspaces": []},
    "mcp/v0/servers": {"servers": [], "total_count": 0, "next": None},
    "system/packages": {
        "packages": [],
        "isDev": False,
        "cmsEnabled": False,
        "observabilityEnabled": False,
        "storageType": "Django",
    },
    "observability/feedback?reviewStatus=needs-review&page=0&perPage=1": {
        "feedback": [],
        "pagination": {"total": 0, "page": 0, "perPage": 1, "hasMore": False},
    },
    "experiments/review-summary": {"counts": []},
    "editor/builder/settings": {"enabled": False, "modelPolicy": {"active": False}},
    "schedules?workflowId=greet-customer": {"schedules": []},
}


def test_studio_may_ask_whether_it_has_to_sign_in_before_it_has(nobody: Api) -> None:
    answer = nobody.get("auth/capabilities?requestContext=e30%3D")

    assert answer.pair == (200, {"enabled": False, "login": None})


@pytest.mark.parametrize("path", ANSWERS)
def test_what_there_is_none_of_is_answered_with_none(path: str, api: Api, nobody: Api) -> None:
    assert api.get(path).pair == (200, ANSWERS[path])
    assert nobody.get(path).status == 401


def test_the_root_answers_whoever_probes_it() -> None:
    assert Client().get("/", follow=True).status_code == 200
