"""Ids people choose, and the keys by which a workflow's entries are found again.

A key has to be the same in every process that imports the definition, and it becomes one segment of
the paths under which outcomes are recorded. So the characters that paths use as punctuation are
escaped, and a second use of an id gets ``~2``, a third ``~3``, in the order of definition.
"""

from __future__ import annotations

from collections import Counter

from runs.exceptions import DefinitionError

_PATH_PUNCTUATION = "/#[]!~?%"
_ESCAPES = str.maketrans({char: f"%{ord(char):02X}" for char in _PATH_PUNCTUATION})

# Workflow ids stand unescaped in URLs.
_URL_PUNCTUATION = frozenset("/?#%")


def check_step_id(id: object, where: str) -> str:
    """Refuse ids that could not be told from a path to a nested step."""
    text = _check_text(id, where)
    if "." in text:
        raise DefinitionError(
            f"{where}: the id {text!r} contains a dot; dots separate the parts of a step's path"
        )
    return text


def check_workflow_id(id: object) -> str:
    """Refuse ids that cannot stand in a URL. A dot is allowed unless the workflow is nested."""
    text = _check_text(id, "A workflow")
    wrong = sorted(_URL_PUNCTUATION & set(text))
    if wrong or not text.isprintable() or " " in text:
        shown = " ".join(wrong) or "spaces or control characters"
        raise DefinitionError(f"Workflow {text!r}: an id may not contain {shown}")
    return text


def _check_text(id: object, where: str) -> str:
    if not isinstance(id, str):
        raise DefinitionError(f"{where}: an id is a text, not {type(id).__name__}")
    if not id.strip():
        raise DefinitionError(f"{where}: an id may not be empty")
    return id


class Keys:
    """Hand out the keys of one workflow."""

    __slots__ = ("_uses",)

    def __init__(self) -> None:
        self._uses: Counter[str] = Counter()

    def take(self, id: str) -> str:
        escaped = id.translate(_ESCAPES)
        self._uses[escaped] += 1
        use = self._uses[escaped]
        return escaped if use == 1 else f"{escaped}~{use}"
