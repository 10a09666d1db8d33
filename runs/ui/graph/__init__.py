"""Workflows as pictures: from the serialized step graph to SVG, and to an ordered tree of links.

``nodes`` reads the graph and gives each node its path in the definition, ``layout`` says where
everything goes (pure arithmetic), ``svg`` and ``tree`` write it down. A node's status is a
``data-status`` attribute and nothing else: stylesheet and live script go by it.
"""

from __future__ import annotations

from runs.ui.graph.nodes import GraphNode, graph_path, read_graph
from runs.ui.graph.svg import Mark, render_graph
from runs.ui.graph.tree import render_tree

__all__ = ["GraphNode", "Mark", "graph_path", "read_graph", "render_graph", "render_tree"]
