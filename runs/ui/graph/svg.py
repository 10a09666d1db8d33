"""The graph as SVG. Complete at first paint, and the same with and without statuses.

Every node is a ``<g data-path data-kind data-status>`` that holds its box, its note and the edges
around it, so a script that changes ``data-status``, the text of ``.note`` and the symbol of
``.state use`` changes all of it. A loop or foreach and its member have the same path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.templatetags.static import static
from django.utils.safestring import SafeString

from runs.ui.graph.layout import (
    CONDITION_HEIGHT,
    GAP_DOWN,
    HEADING,
    PADDING,
    Block,
    clipped,
    heading_of,
    lay_out,
    size_of,
)
from runs.ui.graph.markup import chain, format_html
from runs.ui.graph.nodes import GraphNode

MARGIN = 16
#: Wider drawings are not shrunk to the width of a telephone.
BROAD = 640
END_WIDTH, END_HEIGHT = 74, 26
#: Characters of a box's name and note, of a condition.
NAME_ROOM, NOTE_ROOM, CONDITION_ROOM = 21, 28, 28

Link = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of a node in a run: its status and a few words ("0.1 s", "3 of 5")."""

    status: str = ""
    note: str = ""
    #: While it goes on: since when (ms), and what of the note stands before the time that passes.
    since: int | None = None
    lead: str = ""


def render_graph(
    nodes: Sequence[GraphNode],
    statuses: Mapping[str, Mark] | None = None,
    *,
    link: Link | None = None,
    selected: str = "",
    label: str = "Graph of the workflow",
) -> SafeString:
    """Draw a flow. ``statuses`` are by node path; ``link`` gives the URL that selects a path."""
    return _Drawing(statuses, link, selected).whole(nodes, label)


class _Drawing:
    def __init__(
        self, statuses: Mapping[str, Mark] | None, link: Link | None, selected: str
    ) -> None:
        self._statuses = statuses
        self._link = link
        self._selected = selected
        self._icons = static("runs/icons.svg")

    # --- the whole -----------------------------------------------------------------------------

    def whole(self, nodes: Sequence[GraphNode], label: str) -> SafeString:
        blocks = lay_out(nodes)
        inner_width, inner_height = size_of(blocks)
        width = max(inner_width, END_WIDTH) + 2 * MARGIN
        first = MARGIN + END_HEIGHT + GAP_DOWN
        height = first + inner_height + GAP_DOWN + END_HEIGHT + MARGIN
        left = (width - inner_width) / 2
        blocks = tuple(block.moved(left, first) for block in blocks)
        body = [
            self._end("input", width / 2, MARGIN),
            *self._flow(blocks, width / 2, MARGIN + END_HEIGHT),
            self._output(width / 2, first + inner_height, height - MARGIN - END_HEIGHT),
        ]
        return format_html(
            '<svg class="graph{}" viewBox="0 0 {} {}" width="{}" height="{}" role="group"'
            ' aria-label="{}" data-graph>{}</svg>',
            " broad" if width > BROAD else "",
            _n(width),
            _n(height),
            _n(width),
            _n(height),
            label,
            chain(body),
        )

    def _output(self, middle: float, top: float, y: float) -> SafeString:
        """The way out. It has the path of the whole, and its status once that has succeeded."""
        mark = None if self._statuses is None else self._statuses.get("", Mark())
        about = format_html(' data-path="" data-status="{}"', mark.status or "none") if mark else ""
        return self._end("output", middle, y, about, self._edge(middle, top, y))

    def _end(
        self, text: str, middle: float, y: float, about: str = "", edge: str = ""
    ) -> SafeString:
        return format_html(
            '<g class="end"{}>{}<rect x="{}" y="{}" width="{}" height="{}" rx="13"/>'
            '<text x="{}" y="{}" text-anchor="middle">{}</text></g>',
            about,
            edge,
            _n(middle - END_WIDTH / 2),
            _n(y),
            END_WIDTH,
            END_HEIGHT,
            _n(middle),
            _n(y + 17),
            text,
        )

    def _flow(self, blocks: Sequence[Block], middle: float, y: float) -> Iterator[SafeString]:
        """Blocks one below the other, each with the edge from what is above it."""
        for block in blocks:
            yield self._node(block, self._edge(middle, y, block.y))
            y = block.bottom

    # --- nodes ---------------------------------------------------------------------------------

    def _node(self, block: Block, edge: SafeString) -> SafeString:
        node, mark = block.node, self._mark(block.node)
        # The member of a loop or foreach has the path of its frame: the frame speaks for both.
        return format_html(
            '<g class="node {}" data-path="{}" data-kind="{}"{}{}>{}{}</g>',
            "frame" if block.is_frame else "box",
            node.path,
            node.kind,
            format_html(' data-status="{}"', mark.status or "none") if mark else "",
            SafeString(" data-selected") if self._selected == node.path else "",
            edge,
            self._frame(block, mark) if block.is_frame else self._box(block, mark),
        )

    def _mark(self, node: GraphNode) -> Mark | None:
        return None if self._statuses is None else self._statuses.get(node.path, Mark())

    def _linked(self, node: GraphNode, mark: Mark | None, drawn: SafeString) -> SafeString:
        said = ", ".join(
            word
            for word in (node.kind, node.label, mark and mark.status, mark and mark.note)
            if word
        )
        title = f"{node.label}\n{node.title}" if node.title else node.label
        inner = format_html("<title>{}</title>{}", title, drawn)
        if self._link is None:
            return inner
        return format_html(
            '<a href="{}" data-select="{}" aria-label="{}"{}>{}</a>',
            self._link(node.path),
            node.path,
            said,
            SafeString(' aria-current="true"') if self._selected == node.path else "",
            inner,
        )

    def _box(self, block: Block, mark: Mark | None) -> SafeString:
        node = block.node
        x, y, note = block.x, block.y, self._note(node, mark)
        drawn = format_html(
            '<rect class="ground" x="{}" y="{}" width="{}" height="{}" rx="8"/>{}'
            '<text class="name" x="{}" y="{}">{}</text>'
            '<text class="note" x="{}" y="{}"{}>{}</text>{}{}',
            _n(x),
            _n(y),
            _n(block.width),
            _n(block.height),
            self._icon(node.kind if node.kind != "sleepUntil" else "sleep", x + 12, y + 17, "kind"),
            _n(x + 38),
            _n(y + (21 if note else 29)),
            clipped(node.label, NAME_ROOM),
            _n(x + 38),
            _n(y + 38),
            _passing(mark),
            clipped(note, NOTE_ROOM - (6 if node.can_suspend else 0)),
            self._icon("person", x + block.width - 26, y + 28, "asks") if node.can_suspend else "",
            self._icon(mark.status, x + block.width - 26, y + 8, "state") if mark else "",
        )
        return self._linked(node, mark, drawn)

    def _note(self, node: GraphNode, mark: Mark | None) -> str:
        if mark is not None:
            return mark.note or ("" if mark.status else "not started")
        return node.title.partition("\n")[0] if node.kind == "step" else _KIND_NOTES[node.kind]

    def _frame(self, block: Block, mark: Mark | None) -> SafeString:
        node = block.node
        ground = format_html(
            '<rect class="ground" x="{}" y="{}" width="{}" height="{}" rx="10"/>',
            _n(block.x),
            _n(block.y),
            _n(block.width),
            _n(block.height),
        )
        heading = format_html(
            '<rect class="hit" x="{}" y="{}" width="{}" height="{}"/>{}<text class="heading"'
            ' x="{}" y="{}">{}</text><text class="note" x="{}" y="{}" text-anchor="end">{}</text>',
            _n(block.x),
            _n(block.y),
            _n(block.width),
            HEADING,
            self._icon(node.kind, block.x + 10, block.y + 8, "kind"),
            _n(block.x + 32),
            _n(block.y + 20),
            heading_of(node),
            _n(block.x + block.width - 12),
            _n(block.y + 20),
            # The member of a loop or foreach says the same in its box.
            mark.note if mark and node.kind not in ("loop", "foreach") else "",
        )
        if node.kind not in ("loop", "foreach"):
            heading = self._linked(node, mark, heading)
        else:
            heading = format_html("<title>{}</title>{}", node.title or node.label, heading)
        return chain([ground, format_html("<g>{}</g>", heading), *self._content(block)])

    def _content(self, block: Block) -> Iterator[SafeString]:
        if block.node.kind in ("parallel", "conditional"):
            yield from self._fan(block)
            return
        first, *others = block.children
        yield self._node(first, SafeString())  # its edge is the one that leads to the frame
        yield from self._flow(others, block.middle, first.bottom)
        if block.node.kind == "loop":
            yield self._way_back(block)

    def _fan(self, block: Block) -> Iterator[SafeString]:
        """Members side by side: curves part to them and join again below them."""
        top, bottom = block.y + HEADING, block.bottom - PADDING
        parts = block.node.kind == "conditional"
        for child in block.children:
            landing = child.y - (CONDITION_HEIGHT if parts else 0)
            curve = self._curve(block.middle, top, child.middle, landing)
            pill = self._condition(child) if parts else SafeString()
            joined = self._curve(child.middle, child.bottom, block.middle, bottom, arrow=False)
            yield self._node(child, chain([curve, pill, joined]))

    def _condition(self, child: Block) -> SafeString:
        node = child.node
        text = clipped(node.condition, CONDITION_ROOM)
        width = min(max(len(text) * 6.6 + 22, 60), child.width)
        y = child.y - CONDITION_HEIGHT
        return format_html(
            '<g class="condition"><title>{}</title><rect x="{}" y="{}" width="{}" height="20"'
            ' rx="10"/><text x="{}" y="{}" text-anchor="middle">{}</text>'
            '<path class="edge" d="M{} {}V{}"/></g>',
            node.condition_source,
            _n(child.middle - width / 2),
            _n(y),
            _n(width),
            _n(child.middle),
            _n(y + 14),
            text,
            _n(child.middle),
            _n(y + 20),
            _n(child.y),
        )

    # --- lines and icons -----------------------------------------------------------------------

    def _edge(self, x: float, top: float, bottom: float) -> SafeString:
        return format_html(
            '<path class="edge" d="M{} {}V{}"/><path class="tip" d="M{} {}l-4 -6h8z"/>',
            _n(x),
            _n(top),
            _n(bottom - 5),
            _n(x),
            _n(bottom),
        )

    def _curve(
        self, x1: float, y1: float, x2: float, y2: float, *, arrow: bool = True
    ) -> SafeString:
        half = (y1 + y2) / 2
        end = y2 - 5 if arrow else y2
        line = format_html(
            '<path class="edge{}" d="M{} {}C{} {} {} {} {} {}"/>',
            "" if arrow else " leaving",
            *map(_n, (x1, y1, x1, half, x2, half, x2, end)),
        )
        if not arrow:
            return line
        return format_html('{}<path class="tip" d="M{} {}l-4 -6h8z"/>', line, _n(x2), _n(y2))

    def _way_back(self, block: Block) -> SafeString:
        body = block.children[0]
        right, low, high = body.x + body.width, body.bottom - 12, body.y + 12
        far = right + 22
        return format_html(
            '<path class="edge back" d="M{} {}H{}a8 8 0 0 0 8 -8V{}a8 8 0 0 0 -8 -8H{}"/>'
            '<path class="tip" d="M{} {}l6 -4v8z"/>',
            *map(_n, (right, low, far - 8, high + 8, right + 5, right, high)),
        )

    def _icon(self, name: str, x: float, y: float, role: str) -> SafeString:
        return format_html(
            '<svg class="icon {}" x="{}" y="{}" width="16" height="16"><use href="{}#{}"/></svg>',
            role,
            _n(x),
            _n(y),
            self._icons,
            name or "none",
        )


_KIND_NOTES = {"mapping": "mapping", "sleep": "wait", "sleepUntil": "wait"}


def _passing(mark: Mark | None) -> SafeString:
    """What a script needs to let the time in a note pass."""
    if mark is None or mark.since is None:
        return SafeString("")
    return format_html(' data-since="{}" data-lead="{}"', mark.since, mark.lead)


def _n(value: float) -> SafeString:
    return SafeString(f"{value:.1f}".removesuffix(".0"))
