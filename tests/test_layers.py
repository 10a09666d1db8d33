"""The arrows of the architecture: a layer imports what is below it, never what is above or beside.

The arrows are read from the source with `ast`, so that an import inside a function counts too. That
the pure layers work without Django is tried in a process that cannot import it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: From the ground up. Layers of one row are siblings and do not import each other, but for the
#: ground itself and the top, where wiring is done.
ROWS = (
    ("exceptions", "conf", "backends"),
    ("definition",),
    ("engine",),
    ("models",),
    ("store",),
    ("worker",),
    ("operations", "webhooks"),
    ("access",),  # who may: the same rules for all that follow
    ("shown",),  # how pages and admin write times, durations and JSON
    ("forms",),  # from JSON Schema: pages and admin ask for the same things
    ("streams",),  # HTTP streams of the skins read from the hub that websockets read from
    ("ui", "admin", "api", "management", "testing", "checks"),
    # What Django finds by its place; the tags of templates call what the pages offer.
    ("apps", "migrations", "templatetags"),
)
LEVELS = {layer: level for level, row in enumerate(ROWS) for layer in row}
PURE = ("exceptions", "definition", "engine")
#: Nouns of users carry their verbs: when called, these delegate to the front door above them.
DELEGATES = {"runs/definition/workflow.py", "runs/models/calls.py", "runs/models/run.py"} | {
    "runs/models/attempt.py"
}
#: What `runs.demo`, an app like any user's, may know of us.
PUBLIC = {"runs", "runs.exceptions", "runs.testing"}


@dataclass(frozen=True, slots=True)
class Import:
    path: str
    line: int
    target: str
    when: Literal["imported", "called", "checked"]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.target}"


def imports_of(file: Path) -> Iterator[Import]:
    path = file.relative_to(ROOT).as_posix()
    package = path.removesuffix(".py").split("/")[:-1]
    tree = ast.parse(file.read_text())
    called = within(tree, lambda node: isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    checked = within(tree, is_for_type_checkers)
    for node in ast.walk(tree):
        when = "checked" if node in checked else "called" if node in called else "imported"
        for target in targets_of(node, package):
            yield Import(path, getattr(node, "lineno", 0), target, when)


def within(tree: ast.Module, chosen: Callable[[ast.AST], bool]) -> set[ast.AST]:
    return {inner for node in ast.walk(tree) if chosen(node) for inner in ast.walk(node)}


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def targets_of(node: ast.AST, package: list[str]) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=0) if module == "runs":
            # `from runs import operations` is about a module, `from runs import Workflow` is not.
            return [f"runs.{n.name}" if n.name in LEVELS else "runs" for n in names]
        case ast.ImportFrom(module=module, level=0):
            return [module or ""]
        case ast.ImportFrom(module=module, level=level):
            return [".".join(package[: len(package) - level + 1] + ([module] if module else []))]
    return []


def layer_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "runs" and len(parts) > 1 else None


def sources(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def all_imports(*folders: str) -> list[Import]:
    return [found for file in sources(*folders) for found in imports_of(file)]


def points_down(found: Import) -> bool:
    source = layer_of(found.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    target = layer_of(found.target)
    if target is None or source == target:
        return True
    if source is None:  # runs/__init__.py: the public names, light
        return target in PURE
    if found.path in DELEGATES and (
        found.when == "checked" or (found.when == "called" and target == "operations")
    ):
        return True
    ground = LEVELS[source] == 0  # what lies on it may know each other
    return target in LEVELS and LEVELS[target] < LEVELS[source] + ground


def test_every_module_of_runs_belongs_to_a_layer() -> None:
    found = {
        path.stem
        for path in (ROOT / "runs").iterdir()
        if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))
    }

    assert found - {"__init__", "demo"} <= set(LEVELS)


def test_imports_point_downwards_only() -> None:
    ours = [i for i in all_imports("runs") if not i.path.startswith("runs/demo/")]

    assert [str(found) for found in ours if not points_down(found)] == []


def test_nothing_in_runs_imports_the_project_the_tests_or_the_demo() -> None:
    wrong = [
        str(found)
        for found in all_imports("runs")
        if found.target.split(".")[0] in ("project", "tests")
        or (found.target.startswith("runs.demo") and not found.path.startswith("runs/demo/"))
    ]

    assert wrong == []


def test_the_demo_uses_public_names_only() -> None:
    wrong = [
        str(found)
        for found in all_imports("runs/demo")
        if layer_of(found.target) not in (None, "demo") and found.target not in PUBLIC
    ]

    assert wrong == []


def test_the_pure_layers_do_not_name_django() -> None:
    wrong = [
        str(found)
        for found in all_imports("runs/definition", "runs/engine")
        if found.target.split(".")[0] in ("django", "channels", "rest_framework", "django_q")
    ]

    assert wrong == []


BLOCKED = """
import importlib, sys

class NoDjango:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "channels", "rest_framework", "django_q"):
            raise ImportError(f"{name} is not to be had here")

sys.meta_path.insert(0, NoDjango())
for module in sys.argv[1:]:
    importlib.import_module(module)
"""


@pytest.mark.parametrize("layer", PURE)
def test_a_pure_layer_works_where_django_cannot_be_imported(layer: str) -> None:
    files = [f for f in sources("runs") if layer in f.with_suffix("").relative_to(ROOT).parts[1:2]]
    modules = [
        ".".join(f.with_suffix("").relative_to(ROOT).parts).removesuffix(".__init__") for f in files
    ]

    outcome = subprocess.run(
        [sys.executable, "-c", BLOCKED, "runs", *modules],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )

    assert modules
    assert outcome.returncode == 0, outcome.stderr
