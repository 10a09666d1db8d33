"""What the schemas of the demo workflows have in common.

Python says ``order_id``, JSON says ``orderId``: the base model translates. It is strict, so the
text "3" is not taken for a number, and it drops fields it does not know.
"""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

_LARGEST_EXACT_INTEGER = 2**53


def _title(name: str, field: object) -> str:
    return name.replace("_", " ").capitalize()


class Shape(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, strict=True, field_title_generator=_title
    )


class Message(Shape):
    message: str


def without_decimals(number: float) -> int | float:
    """Turn a whole number into an ``int``, so that it is written 20 and not 20.0."""
    if float(number).is_integer() and abs(number) <= _LARGEST_EXACT_INTEGER:
        return int(number)
    return number


def in_cents(amount: float) -> int | float:
    """Round half up to two decimals."""
    return without_decimals(math.floor(amount * 100 + 0.5) / 100)


_read = AfterValidator(without_decimals)
_written = PlainSerializer(without_decimals, return_type=int | float)

Number = Annotated[float, _read, _written]
PositiveNumber = Annotated[float, Field(gt=0), _read, _written]
