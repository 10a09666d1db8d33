"""The graph as an ordered tree of links: the same nodes and statuses, for who reads or listens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from runs.ui.graph.nodes import GraphNode
from runs.ui.graph.svg import Link, Mark


def render_tree(
    nodes: Sequence[GraphNode],
    statuses: Mapping[str, Mark] | None = None,
    *,
    link: Link,
    selected: str = "",
    label: str = "Steps of the workflow",
) -> SafeString:
    """A ``role=tree`` with one item a node, in document order."""
    items = _items(nodes, statuses, link, selected)
    return format_html('<ul role="tree" class="tree" aria-label="{}">{}</ul>', label, items)


def _items(
    nodes: Sequence[GraphNode], statuses: Mapping[str, Mark] | None, link: Link, selected: str
) -> SafeString:
    drawn = (_item(node, statuses, link, selected) for node in nodes)
    return format_html_join("", "{}", ((item,) for item in drawn))


def _item(
    node: GraphNode, statuses: Mapping[str, Mark] | None, link: Link, selected: str
) -> SafeString:
    mark = None if statuses is None else statuses.get(node.path, Mark())
    inside = SafeString()
    if node.children:
        items = _items(node.children, statuses, link, selected)
        inside = format_html('<ul role="group">{}</ul>', items)
    return format_html(
        '<li role="none"><a role="treeitem" href="{}" data-select="{}" data-path="{}"{}{}>'
        "{}</a>{}</li>",
        link(node.path),
        node.path,
        node.path,
        SafeString(' aria-expanded="true"') if node.children else "",
        _attributes(mark, selected == node.path),
        format_html_join("", "{}", ((part,) for part in _words(node, mark))),
        inside,
    )


def _attributes(mark: Mark | None, is_selected: bool) -> SafeString:
    status = format_html(' data-status="{}"', mark.status or "none") if mark else SafeString()
    chosen = SafeString(' aria-selected="true"') if is_selected else SafeString()
    return format_html("{}{}", status, chosen)


def _words(node: GraphNode, mark: Mark | None) -> Iterator[SafeString]:
    if node.kind in ("parallel", "conditional", "loop", "foreach"):
        yield format_html('<span class="muted">{}</span>', node.label)
    else:
        kind = _KINDS.get(node.kind, node.kind)
        yield format_html('<span class="tag">{}</span> <b>{}</b>', kind, node.label)
    if node.condition:
        yield format_html(' <span class="muted">when {}</span>', node.condition)
    if mark is not None:
        yield format_html(' <span class="state">{}</span>', mark.status or "not started")
        yield format_html(' <span class="note">{}</span>', mark.note)


_KINDS = {"sleepUntil": "sleep", "mapping": "map"}
