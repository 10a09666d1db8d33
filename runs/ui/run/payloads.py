"""What a step was given and gave, as far as the caller may see it and a page can hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.safestring import SafeString

from runs import shown

Json = Any

#: Bytes of JSON that a page shows whole; of more it shows HEAD and offers the rest to download.
WHOLE = 60_000
HEAD = 2_000


@dataclass(frozen=True, slots=True)
class Payload:
    """A value and what there is to say of it."""

    name: str
    title: str
    text: str
    size: int
    is_cut: bool = False
    is_hidden: bool = False
    #: Where it came from: the paths of the steps whose output it is.
    origins: tuple[str, ...] = ()

    @property
    def html(self) -> SafeString:
        return shown.highlighted(self.text)

    @property
    def is_short(self) -> bool:
        return len(self.text) < 2_000


def payload(
    name: str, title: str, value: Json, *, may_view: bool, origins: tuple[str, ...] = ()
) -> Payload:
    if not may_view:
        return Payload(name, title, "", 0, is_hidden=True, origins=origins)
    text = shown.pretty(value)
    size = len(orjson.dumps(value))
    if size > WHOLE:
        return Payload(name, title, text[:HEAD], size, is_cut=True, origins=origins)
    return Payload(name, title, text, size, origins=origins)
