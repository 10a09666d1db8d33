"""Text templates of mappings."""

from __future__ import annotations

from typing import Any

import pytest

from runs.definition.template import compile_template
from runs.exceptions import DefinitionError, StepError

from .contexts import Knows

KNOWS = Knows(
    input_data={"v": 4},
    init_data={"v": 7, "list": [1, {"z": 2}], "text": 'é"<', "null": None, "half": 0.5, "two": 2.0},
    state={"count": 4},
    request_context={"user": "ann", "o": {"p": 1}},
    results={"a": {"v": 0, "f": False, "list": [{"q": 5}]}, "zero": 0},
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a${initData.v}b${inputData.v}", "a7b4"),
        ("${initData.list}", '[1,{"z":2}]'),
        ("${initData.list.1.z}", "2"),
        ("${initData.text}", 'é"<'),
        ("${initData.null}|${initData.missing}|${initData.v + 1}", "||"),
        ("${initData.half} ${initData.two}", "0.5 2"),
        ("${inputData.} ${stepResults.a}", '{"v":4} {"v":0,"f":false,"list":[{"q":5}]}'),
        ("${state} ${state.count}", '{"count":4} 4'),
        ("${requestContext.user}${requestContext.o.p}${requestContext.none}", "ann"),
        ("${stepResults.a.v} ${stepResults.a.f} ${stepResults.zero}", "0 false 0"),
        ("${stepResults.a.list.0.q}", "5"),
        ("${init_data.v}${input_data.v}${request_context.user}${step_results.zero}", "74ann0"),
        ("$initData ${initData.v", "$initData ${initData.v"),
        ("$${initData.v} \\${initData.v}", "$7 \\7"),
    ],
)  # fmt: skip
def test_placeholders_are_replaced(template: str, text: str) -> None:
    assert compile_template(template)(KNOWS) == text


def test_a_whole_scope_that_is_nothing_is_empty() -> None:
    assert compile_template("[${inputData}]")(Knows()) == "[]"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            " initData.v ",
            "has empty or whitespace-padded contents. "
            "Use ${<scope>.<path>} with no surrounding whitespace.",
        ),
        (
            "",
            "has empty or whitespace-padded contents. "
            "Use ${<scope>.<path>} with no surrounding whitespace.",
        ),
        (
            "nope.x",
            'references unknown namespace "nope". '
            "Use one of: inputData, initData, state, requestContext, stepResults.",
        ),
        ("requestContext", "requires a request-context key — use ${requestContext.<key>}."),
        (
            "stepResults",
            "must be of the form ${stepResults.<stepId>} or ${stepResults.<stepId>.<path>}.",
        ),
    ],
)
def test_a_malformed_placeholder_is_refused_when_defined(content: str, problem: str) -> None:
    template = f"${{initData.v}} ${{{content}}}"

    with pytest.raises(DefinitionError) as caught:
        compile_template(template)

    place = f"Template placeholder #2 (${{{content}}}) in '{template}'"
    assert caught.value.message == f"{place} {problem}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("initData.v.x", "Invalid path v.x in {place}"),
        ("stepResults.a.v.x", "Invalid path v.x in {place}"),
        (
            "stepResults.never.x",
            '{place} references stepResults.never but step "never" has no successful output '
            "(not run yet, not registered, failed, or produced no output).",
        ),
    ],
)
def test_a_placeholder_that_cannot_be_read_fails_the_mapping(content: Any, message: str) -> None:
    template = f"<${{{content}}}>"

    with pytest.raises(StepError) as caught:
        compile_template(template)(KNOWS)

    place = f"Template placeholder #1 (${{{content}}}) in '{template}'"
    assert caught.value.message == message.format(place=place)
