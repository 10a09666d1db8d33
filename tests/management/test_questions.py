from __future__ import annotations

import pytest

from runs import create_step, create_workflow
from runs.management.cli.questions import Question, describe, example, open_questions

ANSWER = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "note": {"type": "string"}},
    "required": ["ok"],
}


@pytest.fixture
def workflow(registry):
    ask = create_step(id="ask", execute=lambda ctx: None, resume_schema=ANSWER)
    inner = create_workflow(id="inner").then(ask).commit()
    return create_workflow(id="outer").then(ask).then(inner).commit()


def suspended(payload):
    return {"status": "suspended", "suspendPayload": payload}


def test_a_suspended_step_asks_its_question(workflow):
    record = {
        "steps": {"before": {"status": "success"}, "ask": suspended({"q": 1})},
        "resumeLabels": {"boss": {"stepId": "ask"}, "other": {"stepId": "elsewhere"}},
    }

    assert open_questions(workflow, record) == [
        Question(step="ask", index=None, payload={"q": 1}, labels=("boss",), schema=ANSWER)
    ]


def test_a_nested_step_asks_instead_of_the_workflow_around_it(workflow):
    meta = {"runId": "r", "path": ["ask"]}
    record = {
        "steps": {
            "inner": suspended({"q": 1, "__workflow_meta": meta}),
            "inner.ask": suspended({"q": 1}),
        },
        "resumeLabels": {},
    }

    assert open_questions(workflow, record) == [
        Question(step="inner.ask", index=None, payload={"q": 1}, labels=(), schema=ANSWER)
    ]


def test_each_suspended_item_of_a_foreach_asks_its_own(workflow):
    meta = {
        "foreachIndex": 1,
        "foreachOutput": [
            {"status": "success", "output": 1, "suspendPayload": {}},
            suspended({"q": 1}),
            suspended({"q": 2}),
        ],
        "resumeLabels": {},
    }
    record = {
        "steps": {"ask": suspended({"q": 1, "__workflow_meta": meta})},
        "resumeLabels": {
            "one": {"stepId": "ask", "foreachIndex": 1},
            "two": {"stepId": "ask", "foreachIndex": 2},
        },
    }

    assert open_questions(workflow, record) == [
        Question(step="ask", index=1, payload={"q": 1}, labels=("one",), schema=ANSWER),
        Question(step="ask", index=2, payload={"q": 2}, labels=("two",), schema=ANSWER),
    ]


def test_items_that_are_workflows_are_asked_by_index(workflow):
    record = {
        "steps": {
            "inner": suspended({"__workflow_meta": {}}),
            "inner[0].ask": {"status": "success"},
            "inner[1].ask": suspended({"q": 2}),
        },
    }

    assert open_questions(workflow, record) == [
        Question(step="inner.ask", index=1, payload={"q": 2}, labels=(), schema=ANSWER)
    ]


def test_a_run_whose_workflow_is_gone_still_says_what_it_asked():
    record = {"steps": {"ask": suspended({"q": 1})}}

    assert open_questions(None, record) == [
        Question(step="ask", index=None, payload={"q": 1}, labels=(), schema=None)
    ]


def test_one_question_needs_no_step_in_its_command():
    question = Question(step="ask", index=1, payload=None, labels=(), schema=ANSWER)

    assert question.command("outer/r 1", among=1) == (
        "python manage.py runs resume 'outer/r 1' --data '{\"ok\": true}'"
    )


def test_one_of_several_questions_is_told_by_step_and_index():
    question = Question(step="inner.ask", index=2, payload=None, labels=(), schema=None)

    assert question.command("outer/r1", among=2) == (
        "python manage.py runs resume outer/r1 --step inner.ask --index 2 --data '{}'"
    )


def test_the_fields_of_an_answer_are_told():
    question = Question(step="ask", index=None, payload=None, labels=(), schema=ANSWER)

    assert question.fields() == [("ok", "boolean, required"), ("note", "string, optional")]


@pytest.mark.parametrize(
    ("schema", "words", "value"),
    [
        ({"type": "integer", "minimum": 3}, "integer, required", 3),
        ({"type": "number", "exclusiveMinimum": 0}, "number, required", 1),
        ({"type": "number"}, "number, required", 0),
        ({"type": "string", "default": "x"}, 'string, optional, default "x"', "x"),
        ({"enum": ["a", "b"]}, 'one of "a" | "b", required', "a"),
        ({"const": "a"}, '"a", required', "a"),
        ({"type": "array", "items": {"type": "string"}}, "list of string, required", []),
        ({"type": "array"}, "list of anything, required", []),
        ({"type": ["string", "null"]}, "string or null, required", "..."),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null, required", "..."),
        ({"type": "string", "description": "Who"}, "string, required: Who", "..."),
        (ANSWER, "object, required", {"ok": True}),
        ({}, "anything, required", {}),
    ],
)
def test_schemas_in_words_and_as_an_example(schema, words, value):
    assert describe(schema, required=True) == words
    assert example(schema) == value
