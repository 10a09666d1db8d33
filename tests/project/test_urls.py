from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from project import settings as project


@pytest.fixture
def static_files(settings: Any) -> None:
    """They are found as in the project; other tests do without them."""
    settings.SERVESTATIC_USE_FINDERS = project.SERVESTATIC_USE_FINDERS


def test_the_root_is_the_workflows_page_behind_the_login(client: Client) -> None:
    response = client.get("/")

    assert (response.status_code, response["Location"]) == (302, f"{reverse('runs:login')}?next=/")


def test_the_admin_opens_for_staff(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    client.force_login(alice)

    response = client.get(reverse("admin:index"))

    assert response.status_code == 200


@pytest.mark.usefixtures("static_files")
def test_static_files_are_served_without_being_collected(client: Client) -> None:
    response = client.get("/static/admin/css/base.css")

    assert (response.status_code, response["Content-Type"]) == (200, 'text/css; charset="utf-8"')


@pytest.mark.usefixtures("static_files")
def test_browsers_find_the_icon_of_pages_that_name_none(client: Client) -> None:
    icon = client.get("/favicon.ico", follow=True)

    assert (icon.status_code, icon["Content-Type"]) == (200, "image/svg+xml")
