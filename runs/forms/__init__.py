"""Forms from JSON Schemas, as HTML that works by itself.

``specs`` reads a schema into what there is to fill in, ``posted`` reads back what was filled in,
``widgets`` puts values into fields, and ``form`` is the three together. Rows are added, and form
and JSON exchanged, by buttons that post the form; for rows a script does it on the spot.

A schema that says more than a form can show (alternatives, free keys, recursion) becomes an editor
of JSON with the schema beside it: the whole of it, or the part that is so.
"""

from __future__ import annotations

from runs.forms.form import SchemaForm

__all__ = ["SchemaForm"]
