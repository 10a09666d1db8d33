from __future__ import annotations

from typing import Any

import pytest

from runs import Webhook, create_workflow
from runs.exceptions import DefinitionError

URL = "https://example.org/hook"


def test_a_webhook_is_told_of_every_end_and_of_suspensions_unless_it_says_otherwise() -> None:
    assert Webhook(URL).events == ("success", "failed", "tripwire", "canceled", "suspended")
    assert Webhook(URL, events=["failed"]).events == ("failed",)  # type: ignore[arg-type]
    assert Webhook.of_json(Webhook(URL, secret="CRM").to_json()) == Webhook(URL, secret="CRM")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"url": "ftp://example.org"}, "is no http or https URL"),
        ({"url": "example.org/hook"}, "is no http or https URL"),
        ({"url": "https:///hook"}, "is no http or https URL"),
        ({"url": "https://user:word@example.org"}, "without a user in it"),
        ({"url": "https://example.org:99999"}, "is no http or https URL"),
        ({"url": "https://example.org/\nhook"}, "is no http or https URL"),
        ({"url": "https://example.org/" + "x" * 2000}, "is no http or https URL"),
        ({"events": ("ended",)}, "'ended' is none of success, failed"),
        ({"events": ()}, "at least one event"),
        ({"secret": "whsec_c2VjcmV0="}, "the name of a setting, not the secret itself"),
    ],
)
def test_what_cannot_be_a_webhook_is_an_error(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(DefinitionError, match="Webhook: ") as caught:
        Webhook(**{"url": URL} | options)

    assert reason in caught.value.message


def test_the_webhooks_of_a_workflow_are_a_list_of_them() -> None:
    with pytest.raises(DefinitionError, match="Workflow 'a': webhooks is a list of Webhook"):
        create_workflow(id="a", webhooks=[URL])  # type: ignore[list-item]
