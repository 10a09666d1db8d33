from __future__ import annotations

import pytest

from runs.demo.workflows import document_pipeline

TEXT = "one two three\n\nfour elephants\n\nlast"


def test_a_document_is_split_analysed_and_published(start, outputs):
    result = start(document_pipeline, {"text": TEXT})

    stats = {"paragraphs": 3, "words": 6, "longest": "elephants"}
    digest = {"summary": "3 paragraphs, 6 words", "seconds": 2, "longest": "elephants"}
    headline = '3 paragraphs, 6 words, 2s read, longest word "elephants"'
    assert result.status == "success"
    assert result.result == {"headline": headline}
    assert outputs(result) == {
        "split-document": [
            {"index": 0, "text": "one two three"},
            {"index": 1, "text": "four elephants"},
            {"index": 2, "text": "last"},
        ],
        "analyse-paragraph": [
            {"index": 0, "words": 3, "longest": "three"},
            {"index": 1, "words": 2, "longest": "elephants"},
            {"index": 2, "words": 1, "longest": "last"},
        ],
        "collect-stats": stats,
        "summarise": {"summary": "3 paragraphs, 6 words"},
        "estimate-reading": {"seconds": 2},
        "merge-results": digest,
        "publish-document": {"headline": headline},
    }


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("hello", '1 paragraphs, 1 words, 1s read, longest word "hello"'),
        ("", '1 paragraphs, 0 words, 0s read, longest word ""'),
        ("aa bb\n\ncc", '2 paragraphs, 3 words, 1s read, longest word "aa"'),
        ("a b c d\n\n", '2 paragraphs, 4 words, 1s read, longest word "a"'),
        ("a b\nc d e", '1 paragraphs, 5 words, 2s read, longest word "a"'),
    ],
)
def test_headlines(start, text, headline):
    assert start(document_pipeline, {"text": text}).result == {"headline": headline}


def test_progress_is_told_for_each_paragraph(create_run):
    stream = create_run(document_pipeline).stream({"text": TEXT})

    progress = [event["payload"] for event in stream if event["type"] == "workflow-step-progress"]

    assert sorted(entry["currentIndex"] for entry in progress) == [0, 1, 2]
    assert {entry["totalCount"] for entry in progress} == {3}
    assert {entry["iterationStatus"] for entry in progress} == {"success"}


def test_the_mapping_keeps_its_id_in_the_graph():
    graph = document_pipeline.serialized_step_graph

    kinds = ["step", "foreach", "step", "parallel", "mapping", "step"]
    assert [entry["type"] for entry in graph] == kinds
    assert graph[1]["opts"] == {"concurrency": 2}
    assert graph[4]["id"] == "merge-results"
