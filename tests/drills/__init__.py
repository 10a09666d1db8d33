"""Drills: real processes, real signals, real outages; afterwards the books must balance.

``python -m tests.drills kills --database postgres --runs 1000 --kills 100`` runs one by hand and
prints what it counted; ``make drills`` runs all of them. The test suite runs a short form of each.
"""
