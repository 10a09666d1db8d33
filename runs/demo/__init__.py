"""Fifteen small workflows that show what the library can do.

An app like any user's: put ``runs.demo`` in ``INSTALLED_APPS`` and its workflows are found.
Nothing else imports it, so a project that does not want it leaves it out.
"""
