"""The pages: server-rendered Django templates that work without JavaScript, but for liveness.

``pages`` holds what all of them share (who looks, the frame, errors), ``shown`` how values are
written for people. Each page has a module of its own; ``graph`` draws workflows and ``forms`` makes
forms of JSON Schemas. Pages read through ``runs.operations`` and change runs through it alone.
"""
