"""Bearer tokens: made, used, expired, revoked."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from runs.access import caller_of_token, create_token, find_token, revoke_token
from runs.models import ApiToken, ResourceRestriction

pytestmark = pytest.mark.django_db


def test_a_token_makes_its_bearer_act_as_its_user(alice: User) -> None:
    _, text = create_token(alice, name="script")

    caller = caller_of_token(text, "api")

    assert caller is not None
    assert (caller.user, caller.resource_ids, caller.source) == (alice, None, "api")


def test_the_token_itself_is_stored_nowhere(alice: User) -> None:
    token, text = create_token(alice)

    stored = ApiToken.objects.filter(pk=token.pk).values().get()
    assert not any(text in str(value) for value in stored.values())
    assert text.startswith(token.hint) and len(text) - len(token.hint) > 30


@pytest.mark.parametrize("text", ["", "runs_", "nonsense", "runs_\ud800", "x" * 10_000])
def test_a_text_that_is_no_token_lets_nobody_in(alice: User, text: str) -> None:
    create_token(alice)

    assert caller_of_token(text, "api") is None


def test_an_expired_token_lets_nobody_in(alice: User) -> None:
    _, text = create_token(alice, expires_in=timedelta(seconds=-1))

    assert find_token(text) is None


def test_a_revoked_token_lets_nobody_in_and_its_row_stays(alice: User) -> None:
    token, text = create_token(alice, expires_in=timedelta(days=1))

    revoke_token(token)
    first = token.revoked_at
    revoke_token(token)

    assert find_token(text) is None
    assert first is not None and token.revoked_at == first


def test_a_token_of_an_inactive_user_lets_nobody_in(alice: User) -> None:
    _, text = create_token(alice)
    alice.is_active = False
    alice.save()

    assert find_token(text) is None


@pytest.mark.parametrize(
    ("of_user", "of_token", "seen"),
    [
        (None, None, None),
        (None, ["a"], {"a"}),
        (["a", "b"], None, {"a", "b"}),
        (["a", "b"], ["b", "c"], {"b"}),
        (["a"], [], set()),
    ],
)
def test_a_token_sees_what_both_it_and_its_user_may_see(
    alice: User, of_user: list[str] | None, of_token: list[str] | None, seen: set[str] | None
) -> None:
    if of_user is not None:
        ResourceRestriction.objects.create(user=alice, resource_ids=of_user)
    _, text = create_token(alice, resource_ids=of_token)

    caller = caller_of_token(text, "api")

    assert caller is not None and caller.resource_ids == seen


def test_resource_ids_are_texts(alice: User) -> None:
    with pytest.raises(ValidationError):
        create_token(alice, resource_ids=[""])


def test_the_use_of_a_token_is_noted_now_and_then(alice: User) -> None:
    token, text = create_token(alice)

    find_token(text)
    token.refresh_from_db()
    first = token.used_at
    find_token(text)
    token.refresh_from_db()

    assert first is not None and token.used_at == first


def test_the_command_prints_a_token_that_works(alice: User) -> None:
    printed = StringIO()

    arguments = ["alice", "--name", "ci", "--expires", "2w", "--resource-id", "a"]
    call_command("create_token", *arguments, "--resource-id", "b", stdout=printed)

    token = find_token(printed.getvalue().strip())
    assert token is not None and token.expires_at is not None
    assert (token.user, token.name, token.resource_ids) == (alice, "ci", ["a", "b"])
    assert timedelta(days=13) < token.expires_at - timezone.now() < timedelta(days=15)


def test_a_token_lasts_ninety_days_unless_said_and_for_ever_if_said(alice: User) -> None:
    call_command("create_token", "alice", stdout=StringIO())
    call_command("create_token", "alice", "--expires", "never", stdout=StringIO())

    never, usual = ApiToken.objects.all()
    assert never.expires_at is None
    assert usual.expires_at is not None
    assert timedelta(days=89) < usual.expires_at - timezone.now() < timedelta(days=91)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["nobody"], "There is no account 'nobody'."), (["alice", "--expires", "soon"], "'soon'")],
)
def test_the_command_says_what_is_wrong(alice: User, arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("create_token", *arguments)
    assert not ApiToken.objects.exists()
