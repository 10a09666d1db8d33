"""Sizes: a module or a function that nobody can hold in mind is a mistake."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = sorted(
    file
    for folder in ("runs", "project", "tests")
    for file in (ROOT / folder).rglob("*.py")
    if "migrations" not in file.parts
)


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in MODULES}

    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    lengths = {
        f"{file.relative_to(ROOT)}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for file in MODULES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: length for name, length in lengths.items() if length > 60} == {}


def test_the_wiring_is_short() -> None:
    lengths = {
        file.name: len(file.read_text().splitlines())
        for file in MODULES
        if file.parent == ROOT / "project"
    }

    assert {name: length for name, length in lengths.items() if length > 150} == {}
