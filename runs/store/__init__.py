"""The only writer of the tables of runs.

``ledger`` writes what a turn changed, in one transaction, and only while the fencing number is
ours; ``lease`` decides whose run it is; ``journals`` reads a journal back; ``history`` reads events
in the shape the world sees; ``catalog`` keeps the rows of the registered workflows.
"""
