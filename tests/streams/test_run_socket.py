"""The websocket of one run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from runs import Workflow, create_workflow
from runs.models import ApiToken, Run
from tests.store.gallery import add, ask, same
from tests.store.waiting import DEADLINE
from tests.streams.talking import Client, Json, connected, is_type, refused, token_of
from tests.streams.telling import atell, make_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]


@pytest.fixture
def headers(admin_user: User) -> dict[str, str]:
    return token_of(admin_user)


def asking() -> Workflow:
    return create_workflow("w").then(add(1)).then(ask("approve")).then(same("s")).commit()


def events(said: list[Json]) -> list[Json]:
    return [message["event"] for message in said if message["type"] == "event"]


def is_status(status: str) -> Any:
    return lambda message: message["type"] == "status" and message["status"] == status


# --- what is told -----------------------------------------------------------------------------


async def test_it_tells_what_was_then_what_comes_across_all_that_happens_to_the_run(
    headers: dict[str, str],
) -> None:
    run = await asking().acreate_run(run_id="r", resource_id="c-1")
    await run.astart({"n": 1})

    async with connected("/ws/runs/w/r/", headers) as client:
        said = await client.until(is_status("suspended"))
        await run.aresume({"yes": True})
        said += await client.until(is_status("success"))
        await run.atime_travel("s")
        said += await client.until(lambda m: is_status("success")(m) and m["attempt"] == 2)

    stored = await sync_to_async(lambda: list(run.observe()))()
    hello = said[0]
    assert (hello["type"], hello["status"], hello["next"]) == ("hello", "suspended", 6)
    assert (hello["workflowId"], hello["runId"], hello["resourceId"]) == ("w", "r", "c-1")
    assert events(said) == stored
    assert [m["seq"] for m in said if m["type"] == "event"] == list(range(len(stored)))


async def test_it_begins_where_the_client_was(headers: dict[str, str]) -> None:
    run = await make_run()
    await atell(run, *range(10))

    async with connected("/ws/runs/w/r/?offset=7", headers) as client:
        _, *said, _ = await client.until(is_type("status"))

    assert [message["seq"] for message in said] == [7, 8, 9]


async def test_a_status_says_why_the_run_is_where_it_is(headers: dict[str, str]) -> None:
    run = await asking().acreate_run(run_id="r")
    await run.astart({"n": 1})

    async with connected("/ws/runs/w/r/", headers) as client:
        *_, status = await client.until(is_type("status"))

    because = status["because"]
    assert (because["text"], because["step"]) == ("approve waits for an answer", "approve")
    assert because["since"] is not None


async def test_an_event_is_told_with_its_path_and_attempt(headers: dict[str, str]) -> None:
    inner = create_workflow("inner").then(ask("deep")).commit()
    run = await create_workflow("w").then(inner).commit().acreate_run(run_id="r")
    await run.astart(1)

    async with connected("/ws/runs/w/r/", headers) as client:
        said = await client.until(is_type("status"))

    paths = [m["path"] for m in said if m["type"] == "event" and "suspended" in m["event"]["type"]]
    assert paths == ["inner/deep", "inner"]
    assert {m["attempt"] for m in said if m["type"] == "event"} == {1}


async def test_signs_of_life_tell_the_next_number_and_a_ping_is_answered(
    headers: dict[str, str], settings: Any
) -> None:
    settings.RUNS_STREAM_HEARTBEAT_SECONDS = 0.05
    await atell(await make_run(), 0, 1)

    async with connected("/ws/runs/w/r/", headers) as client:
        await client.until(is_type("status"))
        beat = await client.next()
        settings.RUNS_STREAM_HEARTBEAT_SECONDS = 3600.0
        await client.say({"type": "ping"})
        answer = (await client.until(is_type("heartbeat")))[-1]

    assert beat.keys() == {"type", "next", "time"}
    assert (beat["type"], beat["next"], answer["next"]) == ("heartbeat", 2, 2)


async def test_what_a_client_says_otherwise_is_passed_over(headers: dict[str, str]) -> None:
    await make_run()

    async with connected("/ws/runs/w/r/", headers) as client:
        await client.until(is_type("status"))
        for nonsense in ("{", [1], {"type": 5}, {"no": "type"}, "ping"):
            await client.say(nonsense)
        await client.say({"type": "ping"})
        assert (await client.next())["type"] == "heartbeat"


# --- who may ----------------------------------------------------------------------------------


async def test_without_credentials_or_with_wrong_ones_it_says_goodbye() -> None:
    await make_run()
    goodbye = {"type": "goodbye", "code": 4401, "reason": "unauthorized", "next": 0}

    assert await refused("/ws/runs/w/r/") == goodbye
    assert await refused("/ws/runs/w/r/", {"authorization": "Bearer runs_wrong"}) == goodbye
    assert await refused("/ws/runs/w/r/", {"cookie": "sessionid=none"}) == goodbye


async def test_a_browser_offers_its_token_as_a_subprotocol(headers: dict[str, str]) -> None:
    await make_run()
    token = headers["authorization"].removeprefix("Bearer ")

    async with connected("/ws/runs/w/r/", None, ["bearer", token]) as client:
        assert (await client.next())["type"] == "hello"

    assert client.subprotocol == "bearer"
    assert (await refused("/ws/runs/w/r/", None, ["bearer", "wrong"]))["code"] == 4401


async def test_a_session_opens_it(client: Any, admin_user: User) -> None:
    await make_run()
    await sync_to_async(client.force_login)(admin_user)
    cookie = {"cookie": f"sessionid={client.cookies['sessionid'].value}"}

    async with connected("/ws/runs/w/r/", cookie) as socket:
        assert (await socket.next())["type"] == "hello"


async def test_cookies_of_others_do_not_hide_the_session(client: Any, admin_user: User) -> None:
    await make_run()
    await sync_to_async(client.force_login)(admin_user)
    ours = f"sessionid={client.cookies['sessionid'].value}"

    for theirs in ('prefs={"a": 1}', "a/b=1", "flag"):
        async with connected("/ws/runs/w/r/", {"cookie": f"{theirs}; {ours}"}) as socket:
            assert (await socket.next())["type"] == "hello"


async def test_a_public_api_opens_it_for_all(settings: Any) -> None:
    settings.RUNS_API_PUBLIC = True
    await make_run()

    async with connected("/ws/runs/w/r/") as client:
        assert (await client.next())["type"] == "hello"


async def test_a_user_without_the_permission_is_refused(charlie: User) -> None:
    await make_run()

    goodbye = await refused("/ws/runs/w/r/", await sync_to_async(token_of)(charlie))

    assert (goodbye["code"], goodbye["reason"]) == (4403, "forbidden")


async def test_a_run_of_others_is_told_of_as_one_that_does_not_exist(admin_user: User) -> None:
    mine = await sync_to_async(token_of)(admin_user, resource_ids=["mine"])
    await make_run(resource_id="theirs")
    await make_run("own", resource_id="mine")

    theirs = await refused("/ws/runs/w/r/", mine)
    missing = await refused("/ws/runs/w/missing/", mine)
    async with connected("/ws/runs/w/own/", mine) as client:
        own = await client.next()

    assert theirs == missing == {"type": "goodbye", "code": 4404, "reason": "not-found", "next": 0}
    assert own["type"] == "hello"


async def test_without_the_permission_for_payloads_events_come_without_them(alice: User) -> None:
    run = await create_workflow("w").then(same("a")).then(ask()).commit().acreate_run(run_id="r")
    await run.astart("secret")

    async with connected("/ws/runs/w/r/", await sync_to_async(viewer)(alice)) as client:
        said = await client.until(is_type("status"))

    kinds = [message["event"]["type"] for message in said if message["type"] == "event"]
    assert kinds == [event["type"] for event in await sync_to_async(lambda: [*run.observe()])()]
    assert "secret" not in str(said)


def viewer(user: User) -> dict[str, str]:
    from django.contrib.auth.models import Permission

    user.user_permissions.add(Permission.objects.get(codename="view_run"))
    return token_of(user)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost.evil.example", "null", "http://[localhost"]
)
async def test_a_page_of_another_origin_is_refused(headers: dict[str, str], origin: str) -> None:
    await make_run()

    assert not await Client("/ws/runs/w/r/", headers | {"origin": origin}, []).open()


async def test_a_page_of_this_origin_or_of_a_trusted_one_is_welcome(
    headers: dict[str, str], settings: Any
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.org"]
    await make_run()

    for origin in ("http://localhost:8000", "https://pages.example.org"):
        async with connected("/ws/runs/w/r/", headers | {"origin": origin}) as client:
            assert (await client.next())["type"] == "hello"


async def test_a_host_that_is_not_ours_is_refused(headers: dict[str, str]) -> None:
    await make_run()
    rebound = {"host": "evil.example:8000", "origin": "http://evil.example:8000"}

    assert not await Client("/ws/runs/w/r/", headers | rebound, []).open()


async def test_an_address_that_nothing_is_at_is_refused(headers: dict[str, str]) -> None:
    assert not await Client("/ws/elsewhere/", headers, []).open()


# --- its end ----------------------------------------------------------------------------------


async def test_it_is_closed_when_the_rights_have_gone(
    headers: dict[str, str], settings: Any
) -> None:
    settings.RUNS_STREAM_HEARTBEAT_SECONDS = 0.05
    await atell(await make_run(), 0, 1, 2)

    async with connected("/ws/runs/w/r/", headers) as client:
        await client.until(is_type("heartbeat"))
        await ApiToken.objects.aupdate(revoked_at="2026-01-01T00:00:00Z")
        *_, goodbye, close = await client.rest()

    assert goodbye == {"type": "goodbye", "code": 4401, "reason": "unauthorized", "next": 3}
    assert close["code"] == 4401


async def test_it_is_closed_when_the_run_is_deleted(headers: dict[str, str], settings: Any) -> None:
    settings.RUNS_STREAM_LOOK_SECONDS = 0.05
    await make_run()

    async with connected("/ws/runs/w/r/", headers) as client:
        await client.until(is_type("status"))
        await Run.objects.all().adelete()
        goodbye, _ = await client.rest()

    assert (goodbye["code"], goodbye["reason"]) == (4404, "not-found")


@pytest.mark.parametrize(
    ("offset", "message"),
    [
        ("x", "offset must be a whole number from 0 on, not 'x'"),
        ("-1", "offset must be a whole number from 0 on, not '-1'"),
        ("99999999999", "offset must be a whole number from 0 on, not '99999999999'"),
        ("4", "offset 4 lies beyond the run's 3 events"),
    ],
)
async def test_an_offset_that_cannot_be_is_named(
    headers: dict[str, str], offset: str, message: str
) -> None:
    await atell(await make_run(), 0, 1, 2)

    goodbye = await refused(f"/ws/runs/w/r/?offset={offset}", headers)

    assert (goodbye["code"], goodbye["message"]) == (4400, message)


async def test_a_run_id_may_hold_slashes(headers: dict[str, str]) -> None:
    await make_run("a/b")

    async with connected("/ws/runs/w/a/b/", headers) as client:
        assert (await client.next())["runId"] == "a/b"


async def test_an_id_that_no_database_can_hold_is_not_found(headers: dict[str, str]) -> None:
    assert (await refused("/ws/runs/w/a\0b/", headers))["code"] == 4404
    assert (await refused("/ws/runs/w\0/r/", headers))["code"] == 4404


async def test_a_client_that_leaves_leaves_nothing_behind(headers: dict[str, str]) -> None:
    from runs.streams.hub import current_hub

    await make_run()

    async with connected("/ws/runs/w/r/", headers) as client:
        await client.until(is_type("status"))
        followed = current_hub().followed

    assert (followed, current_hub().followed) == (1, 0)
    async with asyncio.timeout(DEADLINE):
        while not current_hub().is_idle:
            await asyncio.sleep(0.005)
