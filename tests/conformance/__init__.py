"""The conformance suite: recorded behaviour of Mastra's engine, replayed against this one.

``cases/`` holds the recordings, one JSON file each (README.md describes the format). A case is
read once and played in these steps, one module each::

    schemas, expressions, bodies -> build     workflows made of the case's description
    actions                                   what is done to them, as records
    normalise                                 records without times, ids and wordings
    compare -> report                         what differs from the recording, for people

Run ``python -m tests.conformance tests/conformance/cases`` for all of them on a database of
their own.
"""
