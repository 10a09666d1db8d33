"""Where packages come from; everything else is in pyproject.toml.

In this repository templates and static files are folders of the project. An installed app has them
within it, where Django looks for those of any app.
"""

from __future__ import annotations

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["runs*"]), "runs.templates", "runs.static"],
    package_dir={"runs.templates": "templates", "runs.static": "static"},
)
