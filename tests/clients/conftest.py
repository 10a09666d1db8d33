from __future__ import annotations

from tests.acceptance.conftest import serve as serve
