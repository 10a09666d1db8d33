"""The list of workflows, and the page of one: looking, starting, being refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from runs import create_step, create_workflow
from runs.definition import Workflow
from runs.models import AuditEntry, ResourceRestriction, Run
from runs.models import Workflow as WorkflowRow

from .conftest import Go, allow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("inline")]
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def double(registry: None) -> Workflow:
    schema = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer", "maximum": 100}},
    }
    step = create_step(id="double", input_schema=schema, retries=2)(
        lambda ctx: {"n": ctx.input_data["n"] * 2}
    )
    return create_workflow("double", description="Twice as much").then(step).commit()


def url(workflow: Workflow | str) -> str:
    return reverse("runs:workflow", args=[getattr(workflow, "id", workflow)])


def test_nobody_sees_a_page_without_logging_in(client: Client, double: Workflow) -> None:
    for address in (reverse("runs:workflows"), url(double)):
        response = client.get(address)

        assert response.status_code == 302
        assert response["Location"] == f"{reverse('runs:login')}?next={address}"


def test_who_lacks_the_permission_is_told_so(client: Client, charlie: User, double: Any) -> None:
    client.force_login(charlie)

    response = client.get(reverse("runs:workflows"))

    assert response.status_code == 403
    assert "You may not see this" in response.content.decode()


def test_the_list_names_each_workflow_with_its_figures(
    operator: User, body: Go, double: Workflow
) -> None:
    double.create_run().start({"n": 1})

    page = body(reverse("runs:workflows"))

    assert "Twice as much" in page
    assert f'href="{url(double)}"' in page
    assert 'data-status="success"' in page


def test_without_workflows_the_list_says_where_to_put_one(
    operator: User, body: Go, registry: None
) -> None:
    page = body(reverse("runs:workflows"))

    assert "No workflow yet" in page
    assert "create_workflow" in page


def test_the_list_can_be_filtered_without_a_script(
    operator: User, body: Go, double: Workflow
) -> None:
    assert "Twice as much" in body(reverse("runs:workflows") + "?text=twice")
    assert "No workflow is called like that" in body(reverse("runs:workflows") + "?text=thrice")


def test_the_page_shows_graph_form_and_the_same_call(
    operator: User, body: Go, double: Workflow
) -> None:
    page = body(url(double))

    assert 'data-path="double"' in page
    assert 'name="input.n"' in page
    assert "get_workflow(&#x27;double&#x27;)" in page
    assert "/api/workflows/double/start-async" in page


def test_a_selected_node_says_what_is_known_of_it(
    operator: User, body: Go, double: Workflow
) -> None:
    page = body(url(double) + "?step=double")

    assert "<dt>Retries</dt><dd>2</dd>" in page
    assert "Input schema" in page


def test_the_form_starts_a_run_in_the_name_of_who_sends_it(
    client: Client, operator: User, double: Workflow
) -> None:
    response = client.post(url(double), {"input.n": "21", "run_id": "r/1", "resource_id": "me"})

    run = Run.objects.get()
    assert response.status_code == 302
    assert response["Location"] == reverse("runs:run", args=["double", "r/1"])
    assert (run.run_id, run.resource_id, run.status) == ("r/1", "me", "success")
    assert run.started_by == operator
    actions = AuditEntry.objects.values_list("action", "actor_name", "source").order_by("pk")
    assert list(actions) == [("create", "alice", "page"), ("start", "alice", "page")]


def test_what_does_not_fit_is_said_at_its_field_and_nothing_starts(
    client: Client, operator: User, double: Workflow
) -> None:
    response = client.post(url(double), {"input.n": "1000"})

    assert response.status_code == 422
    assert 'aria-describedby="id_input.n_error"' in response.content.decode()
    assert 'value="1000"' in response.content.decode()
    assert Run.objects.count() == 0


def test_a_run_id_that_was_started_already_is_refused_with_the_reason(
    client: Client, operator: User, double: Workflow
) -> None:
    double.create_run(run_id="r").start({"n": 1})
    Run.objects.update(status="suspended")

    response = client.post(url(double), {"input.n": "1", "run_id": "r"})

    assert response.status_code == 422
    assert "already started" in response.content.decode()


def test_the_form_can_be_filled_from_an_earlier_run(
    operator: User, body: Go, double: Workflow
) -> None:
    double.create_run(run_id="before").start({"n": 33})

    assert 'value="33"' in body(url(double) + "?from=before")


def test_who_may_only_look_gets_no_form_and_starts_nothing(
    client: Client, viewer: User, body: Go, double: Workflow
) -> None:
    page = body(url(double))

    refused = client.post(url(double), {"input.n": "1"})

    assert 'id="start"' not in page
    assert refused.status_code == 403
    assert Run.objects.count() == 0


def test_a_tenant_starts_runs_of_its_own_resource_only(
    client: Client, operator: User, double: Workflow
) -> None:
    ResourceRestriction.objects.create(user=operator, resource_ids=["mine"])

    client.post(url(double), {"input.n": "1"})
    refused = client.post(url(double), {"input.n": "1", "resource_id": "other"})

    assert [run.resource_id for run in Run.objects.all()] == ["mine"]
    assert refused.status_code == 422
    assert "You may not make runs of resource" in refused.content.decode()


def test_a_workflow_whose_code_is_gone_is_shown_with_its_runs(
    client: Client, operator: User, body: Go, registry: None
) -> None:
    row = WorkflowRow.objects.create(id="old", description="Once upon a time")
    Run.objects.create(workflow=row, run_id="r1", status="success")

    assert "no longer in the code" in body(reverse("runs:workflows"))
    assert "No code of this installation defines" in body(url("old"))
    assert client.post(url("old")).status_code == 200


def test_an_unknown_workflow_is_not_found(client: Client, operator: User) -> None:
    response = client.get(url("nothing"))

    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()


def test_nothing_that_a_definition_says_becomes_markup(
    operator: User, body: Go, registry: None
) -> None:
    evil = create_step(id=EVIL, description=EVIL)(lambda ctx: EVIL)
    flow = create_workflow(
        "<i>&slant", description=EVIL, input_schema={"title": EVIL, "type": "string"}
    )
    flow.then(evil).commit()
    flow.create_run(run_id=EVIL, resource_id=EVIL).start(EVIL)

    pages = [body(reverse("runs:workflows")), body(url(flow)), body(url(flow) + f"?step={EVIL}")]

    assert all("<script>" not in page and "<i>" not in page for page in pages)


def test_pages_allow_no_script_but_their_own(client: Client, operator: User) -> None:
    policy = client.get(reverse("runs:workflows"))["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_list_takes_as_many_queries_for_many_workflows_as_for_one(
    client: Client, operator: User, registry: None, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        step = create_step(id="s")(lambda ctx: 1)
        create_workflow(f"w{number}").then(step).commit().create_run().start()

    with django_assert_max_num_queries(15):
        client.get(reverse("runs:workflows"))


def test_colors_can_be_chosen_without_a_script(client: Client, operator: User) -> None:
    home = reverse("runs:workflows")

    response = client.post(reverse("runs:theme"), {"theme": "dark", "next": "/runs/?status=failed"})
    away = client.post(reverse("runs:theme"), {"theme": "dark", "next": "https://evil.example"})

    assert response["Location"] == "/runs/?status=failed"
    assert away["Location"] == home
    assert 'data-theme="dark"' in client.get(home).content.decode()


def test_permissions_are_looked_at_with_each_page(client: Client, alice: User) -> None:
    client.force_login(allow(alice, "view_run"))
    assert client.get(reverse("runs:workflows")).status_code == 200

    allow(alice)

    assert client.get(reverse("runs:workflows")).status_code == 403
