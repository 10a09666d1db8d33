"""Mappings: the next input put together from what is known."""

from __future__ import annotations

import re
from typing import Any

import pytest

from runs import create_step, create_workflow
from runs.definition.mapping import compile_mapping
from runs.exceptions import DefinitionError, StepError

from .contexts import Knows

price = create_step("price", execute=lambda ctx: None)
stock = create_step("stock", execute=lambda ctx: None)

OUTPUT = {"v": 0, "n": None, "list": [{"q": 5}], "text": "abc", "deep": {"x": 1}, "": 7}


def mapped(source: dict[str, Any], **known: Any) -> Any:
    return compile_mapping({"k": source}, "w")(Knows(**known))


def test_each_key_comes_from_its_source() -> None:
    mapping = {
        "fixed": {"value": {"x": 1}},
        "init": {"init_data": True, "path": "v"},
        "whole": {"init_data": create_workflow("other"), "path": "."},
        "from_step": {"step": price, "path": "v"},
        "from_id": {"step": "price"},
        "user": {"request_context_path": "user"},
        "text": {"template": "v=${inputData.v}"},
        "computed": {"fn": lambda ctx: ctx.input_data["v"] + 1},
    }
    knows = Knows(
        input_data={"v": 4},
        init_data={"v": 1},
        request_context={"user": "ann"},
        results={"price": {"v": 2}},
    )

    assert compile_mapping(mapping, "w")(knows) == {
        "fixed": {"x": 1},
        "init": 1,
        "whole": {"v": 1},
        "from_step": 2,
        "from_id": {"v": 2},
        "user": "ann",
        "text": "v=4",
        "computed": 5,
    }


async def test_a_mapping_with_a_coroutine_function_is_one() -> None:
    async def later(ctx: Knows) -> int:
        return 5

    execute = compile_mapping({"a": {"fn": later}, "b": {"step": price, "path": "none"}}, "w")

    assert await execute(Knows(results={"price": {}})) == {"a": 5}


def test_a_function_is_the_mapping_itself() -> None:
    def double(ctx: Knows) -> Any:
        return ctx.input_data * 2

    assert compile_mapping(double, "w") is double


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (".", OUTPUT),
        ("", OUTPUT),
        ("v", 0),
        ("n", None),
        ("list.0.q", 5),
        ("list.length", 1),
        ("deep.x", 1),
        ("deep", {"x": 1}),
    ],
)
def test_a_path_leads_into_objects_and_lists(path: str, value: Any) -> None:
    assert mapped({"step": price, "path": path}, results={"price": OUTPUT}) == {"k": value}


@pytest.mark.parametrize("path", ["missing", "deep.y", "list.5", "list.00", "list.-1", "list.x"])
def test_a_last_segment_that_leads_nowhere_gives_no_key(path: str) -> None:
    assert mapped({"step": price, "path": path}, results={"price": OUTPUT}) == {}


@pytest.mark.parametrize("path", ["v.x", "n.x", "text.length", "deep.y.z", "list.5.q", ".v"])
def test_a_path_through_what_is_no_object_fails(path: str) -> None:
    output = {**OUTPUT, "": 7}

    with pytest.raises(StepError) as caught:
        mapped({"step": price, "path": path}, results={"price": output})

    assert caught.value.message == f"Invalid path {path} in step price"


def test_a_path_into_the_input_fails_with_its_name() -> None:
    with pytest.raises(StepError, match=re.escape("Invalid path v.x in initData")):
        mapped({"init_data": True, "path": "v.x"}, init_data={"v": 7})


def test_a_step_without_output_is_null_and_has_no_inside() -> None:
    assert mapped({"step": price, "path": "."}) == {"k": None}
    with pytest.raises(StepError, match=re.escape("Invalid path x in step price")):
        mapped({"step": price, "path": "x"})


def test_of_several_steps_the_first_with_an_output_counts() -> None:
    source = {"step": [price, "stock"], "path": "v"}

    assert mapped(source, results={"stock": {"v": 3}}) == {"k": 3}
    assert mapped(source, results={"price": {"v": 2}, "stock": {"v": 3}}) == {"k": 2}
    with pytest.raises(StepError, match=re.escape("Invalid path v in step price|stock")):
        mapped(source, results={"price": 0, "stock": {"v": 3}})


def test_a_request_context_key_is_taken_whole() -> None:
    known = {"o": {"p": 1}, "x.y": 3, "null": None}

    found = {
        key: mapped({"request_context_path": key}, request_context=known)
        for key in ("o", "o.p", "x.y", "null")
    }

    assert found == {"o": {"k": {"p": 1}}, "o.p": {}, "x.y": {"k": 3}, "null": {"k": None}}


def test_none_from_a_function_is_kept() -> None:
    assert mapped({"fn": lambda ctx: None}) == {"k": None}


def test_changing_a_constant_changes_only_the_copy() -> None:
    execute = compile_mapping({"k": {"value": [1]}}, "w")

    execute(Knows())["k"].append("changed by a body")

    assert execute(Knows()) == {"k": [1]}


KINDS = "value, fn, template, request_context_path, init_data, step"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("text", "a source is a dict, not str"),
        ({}, f"a source has exactly one of {KINDS}; got []"),
        ({"foo": 1}, f"a source has exactly one of {KINDS}; got ['foo']"),
        (
            {"value": 1, "step": price},
            f"a source has exactly one of {KINDS}; got ['value', 'step']",
        ),
        ({"value": 1, "path": "x"}, "'value' does not go together with ['path']"),
        ({"value": {1}}, "the value cannot be written as JSON: set has no JSON form"),
        ({"fn": "x"}, "fn is not a function"),
        ({"template": 1}, "a template is a text"),
        ({"request_context_path": ""}, "request_context_path is the text of a key"),
        ({"init_data": False}, "init_data is True or a workflow"),
        ({"init_data": True, "path": 1}, "path is a text of dotted keys"),
        ({"step": []}, "the list of steps is empty"),
        ({"step": 7}, "step: an id is a text, not int"),
    ],
)
def test_a_malformed_source_is_refused_with_its_key(source: Any, problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        compile_mapping({"total": source}, "checkout")

    assert caught.value.message == f"Workflow 'checkout': mapping key 'total': {problem}"


def test_a_mapping_is_a_dict_or_a_function() -> None:
    with pytest.raises(DefinitionError) as caught:
        compile_mapping([1], "checkout")  # type: ignore[arg-type]

    assert (
        caught.value.message == "Workflow 'checkout': a mapping is a dict or a function, not list"
    )
