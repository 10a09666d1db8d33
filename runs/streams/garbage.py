"""Short garbage collections for a process that holds many connections.

Once in a while Python's collector looks at all objects there are, and nothing else happens until it
has: with a thousand websockets and a thousand streams open, for 0.3 s. What has survived one such
look is therefore left out of the next ones, which then take a few milliseconds each. Objects that
were left out are freed as ever when nothing refers to them any more; those that refer to each other
in a circle wait for the next thorough look, which includes them all.
"""

from __future__ import annotations

import gc
import time
from typing import Any

#: Seconds between two thorough looks at least.
THOROUGH_SECONDS = 600.0
#: New objects until the youngest are looked at, and how many looks at the younger make one at the
#: older: so that none of them has more than some ten thousand objects to look at.
THRESHOLDS = 700, 4, 4

_thorough_at = 0.0


def keep_collections_short() -> None:
    """Set the collector of this process up; call it when all is imported."""
    global _thorough_at
    if _look not in gc.callbacks:
        gc.callbacks.append(_look)
        gc.set_threshold(*THRESHOLDS)
    _thorough_at = 0.0
    gc.collect()


def _look(phase: str, info: dict[str, Any]) -> None:
    """Called before and after each collection."""
    global _thorough_at
    if info["generation"] < 2:
        return
    if phase == "stop":
        gc.freeze()
    elif time.monotonic() >= _thorough_at:
        _thorough_at = time.monotonic() + THOROUGH_SECONDS
        gc.unfreeze()
