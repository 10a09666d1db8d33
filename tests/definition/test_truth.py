from __future__ import annotations

from typing import Any

import pytest

from runs.definition.truth import truthy


@pytest.mark.parametrize("value", [None, False, 0, 0.0, -0.0, "", float("nan")])
def test_javascript_calls_it_false(value: Any) -> None:
    assert truthy(value) is False


@pytest.mark.parametrize("value", [True, 1, -1, 0.5, "0", "false", {}, [], (), object()])
def test_javascript_calls_it_true(value: Any) -> None:
    assert truthy(value) is True
