from __future__ import annotations

from tests.acceptance.conftest import migrated as migrated
from tests.acceptance.conftest import prepared as prepared
from tests.acceptance.conftest import serve as serve
