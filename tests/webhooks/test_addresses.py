"""Messages go to the internet only, unless the owner of the place says otherwise."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme

from runs import Webhook, create_workflow
from runs.models import WebhookDelivery
from runs.webhooks import deliver_due
from runs.webhooks.addresses import Refused, is_public, resolve
from runs.webhooks.post import _trusted
from tests.store.gallery import same
from tests.webhooks.receiver import Receiver, receiving


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
    ],
)
def test_addresses_of_machines_and_networks_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "64:ff9b::5db8:d70e"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "::1"])
async def test_a_name_is_what_it_leads_to_however_it_is_written(host: str) -> None:
    with pytest.raises(Refused, match="leads to the private address"):
        await resolve(host, 80, allow_private=False)

    found = await resolve(host, 80, allow_private=True)
    assert not any(is_public(address) for address in found)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("registry")
def test_nothing_is_sent_to_a_private_address_unless_allowed(
    receiver: Receiver, settings: Any
) -> None:
    settings.RUNS_WEBHOOK_ALLOW_PRIVATE = False
    url = receiver.url.replace("127.0.0.1", "localhost")
    workflow = create_workflow(id="order", webhooks=[Webhook(url)]).then(same("a")).commit()
    workflow.create_run().start({"n": 1})

    deliver_due()

    delivery = WebhookDelivery.objects.get()
    assert (receiver.arrived, delivery.status) == ([], "pending")
    assert "localhost leads to the private address" in delivery.log[0]["error"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("name", "status"), [("localhost", "delivered"), ("example.org", "pending")]
)
def test_a_certificate_must_be_of_the_name_in_the_url(
    name: str, status: str, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.RUNS_WEBHOOK_SECRET, settings.RUNS_WEBHOOK_ALLOW_PRIVATE = "secret", True
    authority, asked = trustme.CA(), []
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    _trusted.cache_clear()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(tls)
    tls.sni_callback = lambda _socket, asked_for, _context: asked.append(asked_for)

    with receiving(tls) as receiver:
        url = receiver.url.replace("127.0.0.1", "localhost")
        workflow = create_workflow(id="order", webhooks=[Webhook(url)]).then(same("a")).commit()
        workflow.create_run().start({"n": 1})
        deliver_due()
    _trusted.cache_clear()

    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, asked[0]) == (status, "localhost"), delivery.log
