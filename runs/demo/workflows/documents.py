"""Many items, two at a time; then two steps side by side; then a mapping that joins them."""

from __future__ import annotations

import asyncio
import math

from runs import StepContext, create_step, create_workflow

from .shapes import Number, Shape

READING_SPEED = 4  # words a second
ANALYSIS_SECONDS = 0.05


class Document(Shape):
    text: str


class Paragraph(Shape):
    index: Number
    text: str


class ParagraphStats(Shape):
    index: Number
    words: Number
    longest: str


class DocumentStats(Shape):
    paragraphs: Number
    words: Number
    longest: str


class Summary(Shape):
    summary: str


class ReadingTime(Shape):
    seconds: Number


class Digest(Shape):
    summary: str
    seconds: Number
    longest: str


class Publication(Shape):
    headline: str


@create_step(id="split-document")
def split_document(ctx: StepContext[Document]) -> list[Paragraph]:
    paragraphs = ctx.input_data.text.split("\n\n")
    return [Paragraph(index=index, text=text) for index, text in enumerate(paragraphs)]


@create_step(id="analyse-paragraph")
async def analyse_paragraph(ctx: StepContext[Paragraph]) -> ParagraphStats:
    await asyncio.sleep(ANALYSIS_SECONDS)
    words = ctx.input_data.text.split()
    return ParagraphStats(
        index=ctx.input_data.index,
        words=len(words),
        longest=max(words, key=len, default=""),
    )


@create_step(id="collect-stats")
def collect_stats(ctx: StepContext[list[ParagraphStats]]) -> DocumentStats:
    stats = ctx.input_data
    return DocumentStats(
        paragraphs=len(stats),
        words=sum(paragraph.words for paragraph in stats),
        longest=max((paragraph.longest for paragraph in stats), key=len, default=""),
    )


@create_step(id="summarise")
def summarise(ctx: StepContext[DocumentStats]) -> Summary:
    stats = ctx.input_data
    return Summary(summary=f"{stats.paragraphs} paragraphs, {stats.words} words")


@create_step(id="estimate-reading")
def estimate_reading(ctx: StepContext[DocumentStats]) -> ReadingTime:
    return ReadingTime(seconds=math.ceil(ctx.input_data.words / READING_SPEED))


@create_step(id="publish-document")
def publish_document(ctx: StepContext[Digest]) -> Publication:
    digest = ctx.input_data
    return Publication(
        headline=f'{digest.summary}, {digest.seconds}s read, longest word "{digest.longest}"'
    )


document_pipeline = (
    create_workflow(id="document-pipeline", description="Foreach, then parallel, then a mapping")
    .then(split_document)
    .foreach(analyse_paragraph, concurrency=2)
    .then(collect_stats)
    .parallel([summarise, estimate_reading])
    .map(
        {
            "summary": {"step": summarise, "path": "summary"},
            "seconds": {"step": estimate_reading, "path": "seconds"},
            "longest": {"step": collect_stats, "path": "longest"},
        },
        id="merge-results",
    )
    .then(publish_document)
    .commit()
)
