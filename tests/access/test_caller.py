"""What a caller may do and see. Alice starts runs, Bob only looks, Charlie is of another tenant."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User

from runs import create_step, create_workflow
from runs.access import Caller, caller_of_user, public_caller
from runs.definition.workflow import Workflow
from runs.exceptions import PermissionDenied, RunNotFound
from runs.models import ResourceRestriction, Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def greet(registry: None) -> Workflow:
    return create_workflow("greet").then(create_step("hello", execute=lambda ctx: "hello")).commit()


def allow(user: User, *actions: str) -> Caller:
    wanted = Permission.objects.filter(content_type__app_label="runs", codename__in=actions)
    user.user_permissions.add(*wanted)
    return caller_of_user(User.objects.get(pk=user.pk), "api")


def test_a_user_may_do_what_his_permissions_say(alice: User) -> None:
    caller = allow(alice, "view_run", "start_run")

    actions = ("view_run", "view_payload", "start_run", "resume_run", "cancel_run", "restart_run")
    assert [action for action in actions if caller.may(action)] == ["view_run", "start_run"]


def test_what_is_not_allowed_is_refused_with_the_permission_it_needs(alice: User) -> None:
    caller = allow(alice, "view_run")

    caller.require("view_run")
    with pytest.raises(PermissionDenied) as refusal:
        caller.require("cancel_run")
    assert (refusal.value.message, refusal.value.status, refusal.value.details) == (
        "This needs the permission runs.cancel_run",
        403,
        {"permission": "cancel_run"},
    )


def test_a_permission_given_to_a_group_counts(bob: User) -> None:
    group = bob.groups.get()
    group.permissions.add(Permission.objects.get(codename="time_travel_run"))

    assert caller_of_user(bob, "page").may("time_travel_run")


def test_a_superuser_may_do_everything_and_is_never_restricted(greet: Workflow) -> None:
    root = User.objects.create_superuser("root")
    ResourceRestriction.objects.create(user=root, resource_ids=["acme"])
    greet.create_run(run_id="r", resource_id="other")

    caller = caller_of_user(root, "api")

    assert caller.may("delete_run")
    assert caller.find_run("greet", "r").run_id == "r"


def test_where_the_api_is_public_everybody_may_do_everything(greet: Workflow) -> None:
    greet.create_run(run_id="r", resource_id="acme")

    caller = public_caller("api")

    assert caller.may("delete_run")
    assert caller.find_run("greet", "r").run_id == "r"


def test_a_restricted_user_sees_the_runs_of_his_resources_only(
    greet: Workflow, charlie: User
) -> None:
    for run_id, resource_id in (("a", "acme"), ("b", "blue"), ("n", None)):
        greet.create_run(run_id=run_id, resource_id=resource_id)
    ResourceRestriction.objects.create(user=charlie, resource_ids=["blue"])

    caller = allow(charlie, "view_run")

    assert list(caller.visible(Run.objects.all()).values_list("run_id", flat=True)) == ["b"]
    assert [run.run_id for run in Run.objects.all() if caller.sees(run)] == ["b"]


def test_a_run_of_another_tenant_is_not_there(greet: Workflow, charlie: User) -> None:
    greet.create_run(run_id="a", resource_id="acme")
    ResourceRestriction.objects.create(user=charlie, resource_ids=["blue"])
    caller = allow(charlie, "view_run")

    with pytest.raises(RunNotFound) as hidden:
        caller.find_run("greet", "a")
    with pytest.raises(RunNotFound) as missing:
        caller.find_run("greet", "nope")

    assert str(hidden.value) == str(missing.value) == "Workflow run not found"


def test_an_empty_restriction_shows_nothing(greet: Workflow, charlie: User) -> None:
    greet.create_run(run_id="n")
    ResourceRestriction.objects.create(user=charlie, resource_ids=[])

    assert list(caller_of_user(charlie, "api").visible(Run.objects.all())) == []


@pytest.mark.parametrize(
    ("allowed", "asked", "given"),
    [(None, None, None), (None, "x", "x"), (["a", "b"], "b", "b"), (["a"], None, "a")],
)
def test_a_new_run_gets_a_resource_its_caller_may_use(
    allowed: list[str] | None, asked: str | None, given: str | None
) -> None:
    caller = Caller(None, None if allowed is None else frozenset(allowed), "api")

    assert caller.resource_for(asked) == given


@pytest.mark.parametrize(("allowed", "asked"), [(["a"], "b"), (["a", "b"], None), ([], None)])
def test_a_run_of_a_resource_that_is_not_the_callers_is_refused(
    allowed: list[str], asked: str | None
) -> None:
    with pytest.raises(PermissionDenied):
        Caller(None, frozenset(allowed), "api").resource_for(asked)
