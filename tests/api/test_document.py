"""The OpenAPI document, and the page that shows it."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from drf_spectacular.validation import validate_schema

pytestmark = pytest.mark.django_db


def test_the_document_is_valid_and_names_every_route(client: Client) -> None:
    document = client.get("/api/schema/").json()

    validate_schema(document)
    assert document["openapi"].startswith("3.1")
    assert "/api/workflows/{workflow_id}/resume-stream" in document["paths"]


def test_every_operation_says_what_it_does_and_what_may_go_wrong(client: Client) -> None:
    paths = client.get("/api/schema/").json()["paths"]
    operations = [operation for methods in paths.values() for operation in methods.values()]

    assert all(operation["summary"] and operation["description"] for operation in operations)
    assert all({"200", "401", "403"} <= operation["responses"].keys() for operation in operations)
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)


def test_the_page_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs/")
    script = client.get("/api/docs/?script=")

    text = page.content.decode()
    sources = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert page.status_code == script.status_code == 200
    assert sources and all(source.startswith("/") for source in sources)
    assert "<script>" not in text
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "style-src 'self' 'unsafe-inline'" in policy
    static = [source.removeprefix("/static/") for source in sources if "/static/" in source]
    assert all(finders.find(name) for name in static)
