"""Where everything goes. Pure arithmetic: nodes in, boxes with coordinates out.

A flow runs downwards. Every block is entered at the middle of its top and left at the middle of its
bottom, so blocks can be put below and beside each other without knowing what is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runs.ui.graph.nodes import GraphNode

BOX_WIDTH = 236
BOX_HEIGHT = 50
#: Between two blocks of a flow, and between two members side by side.
GAP_DOWN = 30
GAP_SIDE = 24
#: Within a frame: around its content, and its heading.
PADDING = 16
HEADING = 30
#: For the curves that part and join the members of a parallel or branch.
FAN = 28
CONDITION_HEIGHT = 26
#: At the right of a loop, for the way back.
WAY_BACK = 34
#: About the width of one character of a frame's heading.
CHARACTER = 6.7

FRAMES = ("parallel", "conditional", "loop", "foreach", "workflow")


@dataclass(frozen=True, slots=True)
class Block:
    """A node with its place. ``x`` and ``y`` are of its top left corner within what it lies in."""

    node: GraphNode
    x: float
    y: float
    width: float
    height: float
    children: tuple[Block, ...] = ()

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def is_frame(self) -> bool:
        return self.node.kind in FRAMES

    def moved(self, x: float, y: float) -> Block:
        children = tuple(child.moved(x, y) for child in self.children)
        return Block(self.node, self.x + x, self.y + y, self.width, self.height, children)


def lay_out(nodes: Sequence[GraphNode]) -> tuple[Block, ...]:
    """The blocks of a flow, one below the other around a common middle; the corner is (0, 0)."""
    blocks = [_block(node) for node in nodes]
    width = max((block.width for block in blocks), default=0)
    placed, y = [], 0.0
    for block in blocks:
        placed.append(block.moved((width - block.width) / 2, y))
        y += block.height + GAP_DOWN
    return tuple(placed)


def size_of(blocks: Sequence[Block]) -> tuple[float, float]:
    right = max((block.x + block.width for block in blocks), default=0)
    return right, max((block.bottom for block in blocks), default=0)


def _block(node: GraphNode) -> Block:
    if node.kind not in FRAMES:
        return Block(node, 0, 0, BOX_WIDTH, BOX_HEIGHT)
    if node.kind in ("parallel", "conditional"):
        content, above = _beside(node.children), FAN
        if node.kind == "conditional":
            above += CONDITION_HEIGHT
        return _framed(node, content, above=above, below=FAN)
    content = lay_out(node.children)
    return _framed(node, content, beside=WAY_BACK if node.kind == "loop" else 0)


def _beside(nodes: Sequence[GraphNode]) -> tuple[Block, ...]:
    placed, x = [], 0.0
    for block in map(_block, nodes):
        placed.append(block.moved(x, 0))
        x += block.width + GAP_SIDE
    return tuple(placed)


def _framed(
    node: GraphNode,
    content: Sequence[Block],
    *,
    above: float = 0,
    below: float = 0,
    beside: float = 0,
) -> Block:
    inner_width, inner_height = size_of(content)
    heading = len(heading_of(node)) * CHARACTER + 48
    width = max(inner_width + 2 * (PADDING + beside), min(heading, 420))
    top = HEADING + above
    left = (width - inner_width) / 2
    children = tuple(block.moved(left, top) for block in content)
    return Block(node, 0, 0, width, top + inner_height + below + PADDING, children)


def heading_of(node: GraphNode) -> str:
    """The words in a frame's heading, no longer than anybody reads there."""
    return clipped(node.label, 52)


def clipped(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
