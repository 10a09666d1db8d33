"""A run may be deleted by somebody else at any moment of a request for its page."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from runs.models import Run
from runs.operations import delete_run

from .conftest import asking

pytestmark = pytest.mark.django_db


class Deleting:
    """Deletes the run before a query of that number."""

    def __init__(self, run: Run, number: int) -> None:
        self.run, self.left, self.done = run, number, False

    def __call__(self, execute: Any, *query: Any) -> Any:
        if not self.done and self.left == 0:
            self.done = True
            delete_run(self.run)
        self.left -= 1
        return execute(*query)


@pytest.mark.parametrize(
    "place", ["", "?tab=events", "?tab=json", "live/", "diff/", "answer/", "travel/", "cancel/"]
)
def test_a_page_is_whole_or_not_there(root: Client, registry: None, place: str) -> None:
    workflow = asking()
    for number in range(100):
        run = workflow.create_run(run_id="r")
        run.start({"n": 1})
        delete = Deleting(Run.objects.get(run_id="r"), number)

        with connection.execute_wrapper(delete):
            response = root.get(f"/runs/asking/r/{place}")

        assert response.status_code in (200, 404), (number, response.status_code)
        if not delete.done:
            return
    raise AssertionError("a page takes fewer queries than that")
