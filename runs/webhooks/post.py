"""Sending one message over HTTP, and saying how that went.

Loaded when there is something to send: its library takes longer to load than all the others.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

import anyio
import httpx

from runs.conf import conf
from runs.models import WebhookDelivery
from runs.webhooks import addresses, secrets
from runs.webhooks.answer import Answer

_MAX_ERROR = 500
#: What can go wrong outside of us: ValueError is for host names that cannot be written down.
_FAILURES = (
    addresses.Refused,
    secrets.NoSecret,
    httpx.HTTPError,
    httpx.InvalidURL,
    OSError,
    ValueError,
)


def prepare() -> None:
    """Load what the first message needs, which takes a while: not on the loop of a worker."""
    with httpx.Client(verify=_trusted()):
        anyio.run(anyio.sleep, 0)


async def post(delivery: WebhookDelivery) -> Answer:
    """Send a message once. Never raises for what is the receiver's or the network's doing."""
    begun = time.monotonic()
    status, error = None, ""
    try:
        async with asyncio.timeout(conf.WEBHOOK_TIMEOUT_SECONDS):
            status = await _send(delivery)
        if 300 <= status < 400:
            error = "the receiver redirects, and redirects are not followed"
    except TimeoutError:
        error = f"no answer within {conf.WEBHOOK_TIMEOUT_SECONDS:g} s"
    except _FAILURES as failure:
        error = f"{type(failure).__name__}: {failure}"[:_MAX_ERROR]
    return Answer(status, error, round((time.monotonic() - begun) * 1000))


async def _send(delivery: WebhookDelivery) -> int:
    body = delivery.body.encode()
    keys = secrets.keys(delivery.secret)
    headers = secrets.signed_headers(keys, delivery.pk, int(time.time()), body)
    headers |= {"content-type": "application/json", "user-agent": _user_agent()}
    url = httpx.URL(delivery.url)
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await addresses.resolve(url.host, port, allow_private=conf.WEBHOOK_ALLOW_PRIVATE)
    for address in found[:-1]:
        try:
            return await _send_to(address, url, headers, body)
        except httpx.ConnectError:
            continue
    return await _send_to(found[-1], url, headers, body)


async def _send_to(
    address: addresses.Address, url: httpx.URL, headers: dict[str, str], body: bytes
) -> int:
    """Send to an address that was checked, in the name of the host that the URL says.

    Each message has a client of its own: a connection that is kept open would be shared by all
    hosts of one address, whatever names their certificates are for.
    """
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(
        verify=_trusted(), limits=limits, timeout=None, trust_env=False, follow_redirects=False
    ) as client:
        request = client.build_request(
            "POST",
            url.copy_with(host=str(address)),
            headers=headers | {"host": url.netloc.decode()},
            content=body,
            extensions={"sni_hostname": url.host},
        )
        # What it says beside its status is of no interest, and might be without end.
        response = await client.send(request, stream=True)
        await response.aclose()
        return response.status_code


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes longer than sending a message.

    SSL_CERT_FILE and SSL_CERT_DIR name others, as for everything that uses OpenSSL.
    """
    return httpx.create_ssl_context()


@lru_cache(maxsize=1)
def _user_agent() -> str:
    try:
        return f"django-runs/{version('django-runs')}"
    except PackageNotFoundError:
        return "django-runs"
