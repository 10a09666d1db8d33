from __future__ import annotations

import io
import sys

import pytest
from django.core.management import CommandError

from runs.management.cli.values import read_json, read_object


def test_nothing_given_is_nothing():
    assert read_json("--input", None) is None
    assert read_object("--state", None) is None


def test_json_is_read_from_the_argument():
    assert read_json("--input", '{"a": [1, null]}') == {"a": [1, None]}


def test_json_is_read_from_a_file(tmp_path):
    path = tmp_path / "input.json"
    path.write_text('{"name": "Zoë"}', encoding="utf-8")

    assert read_json("--input", f"@{path}") == {"name": "Zoë"}


def test_json_is_read_from_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("[1, 2]"))

    assert read_json("--input", "-") == [1, 2]


@pytest.mark.parametrize("text", ["{", "", "{'a': 1}", "NaN", "[Infinity]"])
def test_what_is_no_json_is_refused_by_the_name_of_its_option(text):
    with pytest.raises(CommandError, match=r"^--input is not valid JSON: ") as caught:
        read_json("--input", text)

    assert caught.value.returncode == 2


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(CommandError) as caught:
        read_json("--input", "@no/such/file.json")

    message = "--input: cannot read no/such/file.json: No such file or directory"
    assert (str(caught.value), caught.value.returncode) == (message, 2)


@pytest.mark.parametrize("text", ["[]", "null", "1"])
def test_an_object_must_be_one(text):
    with pytest.raises(CommandError) as caught:
        read_object("--state", text)

    assert str(caught.value) == '--state must be a JSON object, like {"key": "value"}.'
