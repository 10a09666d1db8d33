"""The page about websockets shows messages as they are: the same members, of the same types."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from runs import create_workflow
from runs.operations import list_cursor
from runs.streams import consumers, digest, socket
from tests.store.gallery import ask, same
from tests.streams.talking import Json, connected, is_type, refused, token_of

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "reference" / "websocket.md").read_text()
SECTION = re.compile(r"^## (.+?)$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^### (\S+)\n\n```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]


def examples(section: str) -> dict[str, Json]:
    text = dict(SECTION.findall(PAGE))[section]
    return {name: json.loads(example) for name, example in EXAMPLE.findall(text)}


def shape(value: Any) -> Any:
    """What there is of a value when its content is left out; what may be null may be anything."""
    if isinstance(value, dict):
        open_ = {"payload", "suspendPayload"} & value.keys()
        return {name: "open" if name in open_ else shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return type(value).__name__ if not isinstance(value, str | None) else "text or null"


@pytest.fixture
def headers(admin_user: User) -> dict[str, str]:
    return token_of(admin_user)


async def suspended() -> Any:
    flow = create_workflow("order-approval").then(same("a")).then(ask("approve")).commit()
    run = await flow.acreate_run(run_id="r")
    await run.astart({"n": 1})
    return run


async def test_the_messages_about_a_run_are_as_described(
    headers: dict[str, str], settings: Any
) -> None:
    settings.RUNS_STREAM_HEARTBEAT_SECONDS = 0.05
    await suspended()

    async with connected("/ws/runs/order-approval/r/", headers) as client:
        said = await client.until(is_type("status"))
        said += await client.until(is_type("heartbeat"))

    shown = examples("One run")
    known = {message["type"]: message for message in said}
    known["event"] = next(m for m in said if m.get("path") == "approve" and "susp" in str(m))
    assert shown.keys() == {"hello", "event", "status", "heartbeat", "goodbye"}
    del shown["goodbye"]
    assert shape(shown) == shape({name: known[name] for name in shown})
    example, real = (one["event"]["event"]["payload"] for one in (shown, known))
    assert example.keys() <= real.keys()


async def test_the_messages_about_a_list_are_as_described(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest, "GAP_SECONDS", 0.01)
    cursor = await sync_to_async(list_cursor)()
    await suspended()
    path = f"/ws/runs/?cursor={cursor}"

    async with connected(path, headers) as client:
        said = [await client.next(), await client.next()]
    monkeypatch.setattr(digest, "LARGEST", 0)
    async with connected(path, headers) as client:
        said.append((await client.until(is_type("reload")))[-1])

    shown = examples("A list of runs")
    assert shape(shown) == shape({message["type"]: message for message in said})


async def test_a_goodbye_is_as_described(headers: dict[str, str]) -> None:
    goodbye = await refused("/ws/runs/w/missing/", headers)

    assert shape(goodbye) == shape(examples("One run")["goodbye"])


def test_every_reason_to_close_is_in_the_table() -> None:
    source = "".join(Path(m.__file__ or "").read_text() for m in (socket, consumers))
    reasons = re.findall(r'Goodbye\((\d+), "([a-z-]+)"', source)

    assert len(reasons) >= 6
    for code, reason in reasons:
        assert re.search(rf"^\| [^|]*\b{code}\b[^|]*\|[^|]*`{reason}`", PAGE, re.MULTILINE), reason
