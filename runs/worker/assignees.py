"""Who may answer a suspended step, in the form that is stored, and whether somebody is among them.

Stored are names, not keys: ``user:alice``, ``group:finance``, ``permission:shop.approve_order``. A
definition that names a group works in every database in which that group exists, and a run can be
read without asking who that was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, Permission

KINDS = ("user", "group", "permission")


def names(assignee: Any) -> tuple[str, ...]:
    """The stored names of what a body handed to ``suspend``; TypeError if that names nobody."""
    if assignee is None:
        return ()
    if isinstance(assignee, list | tuple | set | frozenset):
        return tuple(dict.fromkeys(name for one in assignee for name in names(one)))
    return (_name(assignee),)


def _name(assignee: Any) -> str:
    match assignee:
        case AbstractBaseUser():
            return f"user:{assignee.get_username()}"
        case Group():
            return f"group:{assignee.name}"
        case Permission():
            return f"permission:{assignee.content_type.app_label}.{assignee.codename}"
        case str() if assignee.strip():
            kind, _, rest = assignee.partition(":")
            return assignee if kind in KINDS and rest else f"user:{assignee}"
    raise TypeError(
        "assignee is a user, group or permission, a user's name, 'group:NAME' or "
        f"'permission:APP.CODENAME', or a list of these; not {assignee!r}"
    )


def is_among(user: Any, assigned: Iterable[str]) -> bool:
    """Whether a user may answer. Nobody named means everybody; a superuser always may."""
    assigned = list(assigned)
    if not assigned:
        return True
    if user is None or not user.is_active:
        return False
    return bool(user.is_superuser) or any(_fits(user, *name.split(":", 1)) for name in assigned)


def _fits(user: Any, kind: str, name: str) -> bool:
    if kind == "user":
        return bool(user.get_username() == name)
    if kind == "group":
        return bool(user.groups.filter(name=name).exists())
    return bool(user.has_perm(name))


def shown(assigned: Iterable[str]) -> str:
    """The names as people read them: "group finance or alice"."""
    parts = (name.split(":", 1) for name in assigned)
    return " or ".join(name if kind == "user" else f"{kind} {name}" for kind, name in parts)
