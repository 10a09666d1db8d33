"""The page of a run: how it stands, what each step did, and what one may do with it.

``subject`` finds the run and its caller, ``rows`` reads what is recorded in one query, and each
part of the page is computed from that: ``states`` for the graph, ``timeline`` (on a ``timescale``),
``inspector`` for one step, ``log`` for the events, ``diff`` for two attempts. ``context`` puts them
together, the same for the page and for the pieces of it that keep a page in the browser up to date.
"""
