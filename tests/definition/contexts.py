"""A step context that only knows things: enough for mappings and conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Knows:
    input_data: Any = None
    init_data: Any = None
    state: Any = field(default_factory=dict)
    request_context: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)

    def get_init_data(self) -> Any:
        return self.init_data

    def get_step_result(self, step: Any) -> Any:
        return self.results.get(getattr(step, "id", step))
