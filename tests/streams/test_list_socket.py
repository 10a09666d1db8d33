"""The digest of a list: which runs changed, at most twice a second."""

from __future__ import annotations

import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import DatabaseError

from runs import Workflow, create_workflow
from runs.models import ResourceRestriction, Run
from runs.operations import list_cursor
from runs.store import news
from runs.streams import digest
from runs.streams.digest import OPEN
from tests.store.gallery import add, ask
from tests.streams.queries import counted
from tests.streams.talking import Client, Json, connected, is_type, refused, token_of
from tests.streams.telling import atell, make_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("registry")]
NOTHING = dict.fromkeys(OPEN, 0)


@pytest.fixture
def headers(admin_user: User) -> dict[str, str]:
    return token_of(admin_user)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "GAP_SECONDS", 0.02)


def asking(id: str = "w") -> Workflow:
    return create_workflow(id).then(add(1)).then(ask("approve")).commit()


async def asked(workflow: Workflow, run_id: str, resource_id: str | None = None) -> Run:
    run = await workflow.acreate_run(run_id=run_id, resource_id=resource_id)
    await run.astart({"n": 1})
    return run


async def changes(client: Client, *run_ids: str) -> dict[str, Json]:
    """The last that is said of each of these runs."""
    found: dict[str, Json] = {}
    while not found.keys() >= set(run_ids):
        *_, message = await client.until(is_type("digest"))
        found |= {run["runId"]: run for run in message["runs"]}
    return found


async def test_it_tells_the_runs_that_changed_and_the_new_counts(headers: dict[str, str]) -> None:
    run = await asked(asking(), "r", "c-1")

    async with connected("/ws/runs/", headers) as client:
        hello = await client.next()
        await run.aresume({"yes": True})
        told = (await changes(client, "r"))["r"]

    assert (hello["type"], hello["counts"]) == ("hello", NOTHING | {"suspended": 1})
    shown = {name: told[name] for name in ("workflowId", "resourceId", "attempt", "matches")}
    assert shown == {"workflowId": "w", "resourceId": "c-1", "attempt": 1, "matches": True}


async def test_a_run_that_is_made_and_not_started_is_told_too(headers: dict[str, str]) -> None:
    async with connected("/ws/runs/", headers) as client:
        await client.next()
        await asking().acreate_run(run_id="fresh")
        await atell(await make_run("other"), 0)

        found = await changes(client, "fresh")

    assert (found["fresh"]["status"], found["fresh"]["because"]["text"]) == (
        "pending",
        "not started",
    )


async def test_between_the_reading_of_a_list_and_its_following_nothing_is_lost(
    headers: dict[str, str],
) -> None:
    workflow = asking()
    await asked(workflow, "before")
    cursor = await sync_to_async(list_cursor)()
    await asked(workflow, "between")
    await workflow.acreate_run(run_id="made")

    async with connected(f"/ws/runs/?cursor={cursor}", headers) as client:
        hello = await client.next()
        found = await changes(client, "between", "made")

    assert hello["cursor"] == cursor
    assert {"between", "made"} <= found.keys()


async def test_filters_limit_the_list_and_a_status_only_marks_what_fits(
    headers: dict[str, str],
) -> None:
    one, other = asking("one"), asking("other")
    path = "/ws/runs/?workflowId=one&resourceId=a&resourceId=b&status=running&status=failed"

    async with connected(path, headers) as client:
        await client.next()
        await asked(other, "other", "a")
        await asked(one, "c", "c")
        await asked(one, "b", "b")
        found = await changes(client, "b")
        while found["b"]["status"] != "suspended":
            found |= await changes(client, "b")

    assert found.keys() == {"b"}
    assert not found["b"]["matches"]


async def test_a_tenant_is_told_of_its_own_runs_and_counts_only(admin_user: User) -> None:
    mine = await sync_to_async(token_of)(admin_user, resource_ids=["mine"])
    workflow = asking()
    await asked(workflow, "theirs-1", "theirs")

    async with connected("/ws/runs/", mine) as client:
        hello = await client.next()
        await asked(workflow, "theirs-2", "theirs")
        await asked(workflow, "mine-1", "mine")
        found = await changes(client, "mine-1")

    assert (hello["counts"], found.keys()) == (NOTHING, {"mine-1"})


async def test_a_caller_whose_resources_change_is_to_connect_again(
    alice: User, settings: Any
) -> None:
    settings.RUNS_STREAM_HEARTBEAT_SECONDS = 0.05
    headers = await sync_to_async(viewer)(alice)

    async with connected("/ws/runs/", headers) as client:
        await client.until(is_type("heartbeat"))
        await ResourceRestriction.objects.acreate(user=alice, resource_ids=["a"])
        *_, goodbye, _ = await client.rest()

    assert (goodbye["code"], goodbye["reason"]) == (1012, "other-rights")
    assert "cursor" in goodbye


def viewer(user: User) -> dict[str, str]:
    from django.contrib.auth.models import Permission

    user.user_permissions.add(Permission.objects.get(codename="view_run"))
    return token_of(user)


async def test_too_many_changes_at_once_are_told_as_one_word(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest, "LARGEST", 3)
    cursor = await sync_to_async(list_cursor)()
    for number in range(5):
        await atell(await make_run(f"r{number}"), 0)

    async with connected(f"/ws/runs/?cursor={cursor}", headers) as client:
        hello, reload = await client.next(), await client.next()

    assert (hello["type"], reload["type"]) == ("hello", "reload")
    assert reload["cursor"] != cursor


async def test_a_cursor_that_lies_too_far_back_is_not_searched(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "FARTHEST", 10)
    await atell(await make_run(), *range(20))

    async with connected("/ws/runs/?cursor=0.0", headers) as client:
        assert [(await client.next())["type"] for _ in range(2)] == ["hello", "reload"]


async def test_digests_come_at_most_twice_a_second_with_all_that_happened(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest, "GAP_SECONDS", 0.2)
    run = await make_run()

    async with connected("/ws/runs/", headers) as client:
        await client.next()
        began, digests = time.monotonic(), 0
        for number in range(30):
            await atell(run, number)
        while (await client.until(is_type("digest")))[-1]["cursor"] < await sync_to_async(
            list_cursor
        )():
            digests += 1
        took = time.monotonic() - began

    assert digests <= took / 0.2 + 1


async def test_lists_that_show_the_same_are_read_once(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def statements(lists: int) -> int:
        with counted("runs-digest") as queries:
            clients = [Client("/ws/runs/", headers, []) for _ in range(lists)]
            for client in clients:
                assert await client.open()
                await client.next()
            before = len(queries.statements)
            # So long that all that happens to the run is told at once, however slowly it happens.
            monkeypatch.setattr(digest, "GAP_SECONDS", 0.5)
            await asked(asking(f"w{lists}"), "r")
            for client in clients:
                await changes(client, "r")
            monkeypatch.setattr(digest, "GAP_SECONDS", 0.02)
            for client in clients:
                await client.leave()
        return len([sql for sql in queries.statements[before:] if "runs_stepsnapshot" in sql])

    assert await statements(1) <= 3
    assert await statements(20) <= 3


async def test_what_a_look_that_failed_would_have_told_is_told_by_the_next() -> None:
    told, every = digest.Told(), digest.current_digests().digest(Run.objects.all(), "all")
    broken = digest.current_digests().digest(Run.objects.extra(where=["nonsense"]), "broken")
    every.is_fresh = broken.is_fresh = False
    look = sync_to_async(digest._look)
    _, told = await look([every], told)
    await make_run("r")

    with pytest.raises(DatabaseError):
        await look([every, broken], told)
    [changes], _ = await look([every], told)

    assert changes is not None
    assert [run.run_id for run, _ in changes.runs or ()] == ["r"]


async def test_a_cursor_from_beyond_all_numbers_harms_no_other_list(
    headers: dict[str, str],
) -> None:
    async with connected(f"/ws/runs/?cursor={10**30}.{10**30}", headers) as odd:
        await odd.next()
        async with connected("/ws/runs/", headers) as client:
            await client.next()
            await make_run("r")
            assert "r" in await changes(client, "r")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("cursor=yesterday", "This is not a cursor that was given out: 'yesterday'"),
        ("cursor=1.2.3", "This is not a cursor that was given out: '1.2.3'"),
        ("cursor=-1.0", "This is not a cursor that was given out: '-1.0'"),
        (
            "status=done",
            "There is no status 'done', but pending, running, waiting, suspended, paused, "
            "success, failed, tripwire, canceled",
        ),
        ("resourceId=a%00", "A parameter may not hold the character NUL"),
        ("&".join("x=1" for _ in range(1001)), "There are more than 1000 parameters"),
    ],
)
async def test_what_cannot_be_is_named(headers: dict[str, str], query: str, message: str) -> None:
    goodbye = await refused(f"/ws/runs/?{query}", headers)

    assert (goodbye["code"], goodbye["message"]) == (4400, message)
