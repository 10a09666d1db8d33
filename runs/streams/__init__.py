"""Live transport: from the tables to whoever follows runs, without a thread for each of them.

``hub`` reads what moved, once for all followers of this process, and hands it on; ``consumers`` are
the websockets. Skins that stream by HTTP read from the same hub.
"""

from __future__ import annotations
