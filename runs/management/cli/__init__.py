"""What ``manage.py runs`` is made of.

``arguments`` says what may be typed, ``actions`` does it through the front door, ``reports``,
``progress`` and ``questions`` say it to people; with ``--json`` the shapes of the wire are
printed instead. ``exits`` has the exit codes.
"""
