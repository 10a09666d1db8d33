"""How messages are sent, tried again, and logged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from typing import Any

import pytest

from runs import Webhook, Workflow, create_workflow
from runs.exceptions import Conflict
from runs.models import WebhookDelivery
from runs.models.fields import from_ms
from runs.webhooks import deliver_due, send_again
from runs.webhooks import letters as letter
from runs.worker import clock as clocks
from tests.store.gallery import same
from tests.store.waiting import DEADLINE, together, until
from tests.webhooks.conftest import SECRET
from tests.webhooks.receiver import Receiver
from tests.worker.running import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]


class MovedClock(clocks.Clock):
    """The real time, and more."""

    ahead = 0

    def now(self) -> int:
        return super().now() + self.ahead


def told(receiver: Receiver, **options: Any) -> Workflow:
    webhook = Webhook(receiver.url, **options)
    return create_workflow(id="order", webhooks=[webhook]).then(same("a")).commit()


def ended(receiver: Receiver, **options: Any) -> WebhookDelivery:
    told(receiver, **options).create_run().start({"n": 1})
    return WebhookDelivery.objects.get()


def test_a_message_arrives_signed_and_is_logged(receiver: Receiver) -> None:
    delivery = ended(receiver)

    assert (deliver_due(), deliver_due()) == (1, 0)

    ((headers, body),) = receiver.arrived
    assert (headers["content-type"], headers["path"]) == ("application/json", "/hook")
    assert headers["host"] == receiver.url.split("/")[2]
    signed = f"{delivery.pk}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.digest(SECRET.encode(), signed, hashlib.sha256)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert (headers["webhook-id"], body.decode()) == (delivery.pk, delivery.body)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.tries, delivery.due_at) == ("delivered", 1, None)
    assert delivery.settled_at is not None
    assert [sorted(entry) for entry in delivery.log] == [["at", "status", "took"]]


def test_a_secret_in_the_usual_form_and_an_older_one_both_sign(
    receiver: Receiver, settings: Any
) -> None:
    settings.NEW_SECRETS = "whsec_" + base64.b64encode(b"new").decode() + " old"
    delivery = ended(receiver, secret="NEW_SECRETS")

    deliver_due()

    ((headers, body),) = receiver.arrived
    signed = f"{delivery.pk}.{headers['webhook-timestamp']}.".encode() + body
    digests = [hmac.digest(key, signed, hashlib.sha256) for key in (b"new", b"old")]
    expected = " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
    assert headers["webhook-signature"] == expected


def test_what_is_refused_is_tried_again_with_the_same_id_after_a_pause(receiver: Receiver) -> None:
    receiver.answers = [500, 302, 429]
    delivery = ended(receiver)
    clock = MovedClock()

    with clocks.replaced_by(clock):
        for pause in (0, 6, 30, 150):
            assert deliver_due() == (1 if pause == 0 else 0)
            clock.ahead += pause * 1000
            if pause:
                deliver_due()

    delivery.refresh_from_db()
    assert receiver.ids == [delivery.pk] * 4
    assert len({body for _, body in receiver.arrived}) == 1
    assert delivery.status == "delivered"
    assert [entry.get("status") for entry in delivery.log] == [500, 302, 429, 204]
    assert delivery.log[1]["error"] == "the receiver redirects, and redirects are not followed"


def test_one_that_is_tried_often_enough_has_failed_and_may_be_sent_again(
    receiver: Receiver, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.RUNS_WEBHOOK_TRIES = 1
    receiver.answers = [503]
    delivery = ended(receiver)

    with caplog.at_level(logging.WARNING, "runs.webhooks"):
        deliver_due()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.due_at) == ("failed", None)
    assert "status 503; it is not tried again" in caplog.text

    send_again(delivery)
    with pytest.raises(Conflict):
        send_again(delivery)
    deliver_due()
    delivery.refresh_from_db()
    assert (delivery.status, len(delivery.log)) == ("delivered", 2)


def test_a_receiver_that_is_gone_for_good_is_not_asked_again(receiver: Receiver) -> None:
    receiver.answers = [410]
    delivery = ended(receiver)

    deliver_due()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.tries) == ("failed", 1)


def test_a_receiver_that_hangs_is_given_up(receiver: Receiver, settings: Any) -> None:
    settings.RUNS_WEBHOOK_TIMEOUT_SECONDS = 0.2
    receiver.hangs = True
    delivery = ended(receiver)

    deliver_due()

    delivery.refresh_from_db()
    assert [entry["error"] for entry in delivery.log] == ["no answer within 0.2 s"]
    assert (delivery.status, delivery.due_at is None) == ("pending", False)


def test_without_its_secret_nothing_is_sent_and_the_log_says_why(
    receiver: Receiver, settings: Any
) -> None:
    delivery = ended(receiver, secret="NOT_THERE")

    deliver_due()

    delivery.refresh_from_db()
    assert receiver.arrived == []
    assert delivery.log[0]["error"].endswith("environment variable NOT_THERE holds no secret")


def test_of_many_senders_one_has_each_message(receiver: Receiver) -> None:
    workflow = told(receiver)
    for _ in range(6):
        workflow.create_run().start({"n": 1})

    assert sum(together(*[lambda: deliver_due(4)] * 4)) == 6

    assert len(receiver.ids) == len(set(receiver.ids)) == 6


def test_who_dies_while_sending_has_the_message_sent_again_with_its_id(receiver: Receiver) -> None:
    delivery = ended(receiver)
    (claimed,) = letter.claim_due(1)
    assert deliver_due() == 0

    clock = MovedClock()
    clock.ahead = 60_000
    with clocks.replaced_by(clock):
        assert deliver_due() == 1
    late = letter.Answer(500, "", 1)
    letter.settle(claimed, late)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.tries, len(delivery.log)) == ("delivered", 2, 1)


def test_settled_messages_are_forgotten_after_a_month(receiver: Receiver) -> None:
    workflow = told(receiver)
    for _ in range(3):
        workflow.create_run().start({"n": 1})
    deliver_due(2)
    old = WebhookDelivery.objects.filter(status="delivered").first()
    assert old is not None
    WebhookDelivery.objects.filter(pk=old.pk).update(settled_at=from_ms(0))

    assert (letter.forget_old(), letter.forget_old()) == (1, 0)
    assert WebhookDelivery.objects.count() == 2


def test_workers_send_and_one_that_hangs_delays_no_other(receiver: Receiver, settings: Any) -> None:
    workflow = told(receiver)
    receiver.hangs = True
    workflow.create_run(run_id="slow").start({"n": 1})

    with running():
        until(lambda: len(receiver.arrived) == 1, "the slow one", DEADLINE)
        receiver.hangs = False
        workflow.create_run(run_id="quick").start({"n": 1})
        sent = WebhookDelivery.objects.filter(status="delivered")
        until(sent.filter(run_id="quick").exists, "the quick one", DEADLINE)
        assert not sent.filter(run_id="slow").exists()

    assert [m["data"]["runId"] for m in receiver.messages] == ["slow", "quick"]
