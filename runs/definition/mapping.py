"""Mappings: the next step's input, put together from what is known in the run.

A mapping is a function of the step context, or a dict whose values each say where one key comes
from:

    {"value": X}                            always X
    {"fn": function}                        what the function makes of the context
    {"template": "Hello ${inputData.name}"} a text
    {"request_context_path": "user"}        a key of the request context
    {"init_data": True, "path": "a.b"}      from the input of the workflow
    {"step": price, "path": "a.b"}          from the output of a step, or of the first of several

Everything that can be wrong about the sources themselves is found when the workflow is defined.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from runs.definition.functions import is_coroutine_function
from runs.definition.ids import check_step_id
from runs.definition.json_path import NOTHING, pick
from runs.definition.nodes import ContextFunction
from runs.definition.serialize import to_json
from runs.definition.template import compile_template
from runs.exceptions import DefinitionError, NotSerializable

Source = Mapping[str, Any]
Getter = Callable[[Any], Any]


def compile_mapping(mapping: Mapping[str, Any] | ContextFunction, workflow_id: str) -> Getter:
    """Return what computes the mapping's output from a step context.

    It is a coroutine function if the mapping is one or contains one.
    """
    if callable(mapping):
        return mapping
    if not isinstance(mapping, Mapping):
        raise DefinitionError(
            f"Workflow {workflow_id!r}: a mapping is a dict or a function, "
            f"not {type(mapping).__name__}"
        )
    getters = {
        key: _getter(source, f"Workflow {workflow_id!r}: mapping key {key!r}")
        for key, source in mapping.items()
    }
    if any(map(is_coroutine_function, getters.values())):
        return _asynchronous(getters)
    return _plain(getters)


def _plain(getters: Mapping[str, Getter]) -> Getter:
    def execute(ctx: Any) -> dict[str, Any]:
        found = {key: get(ctx) for key, get in getters.items()}
        return {key: value for key, value in found.items() if value is not NOTHING}

    return execute


def _asynchronous(getters: Mapping[str, Getter]) -> Getter:
    async def execute(ctx: Any) -> dict[str, Any]:
        found = {}
        for key, get in getters.items():
            value = get(ctx)
            found[key] = await value if inspect.isawaitable(value) else value
        return {key: value for key, value in found.items() if value is not NOTHING}

    return execute


def _getter(source: Any, where: str) -> Getter:
    if not isinstance(source, Mapping):
        raise DefinitionError(f"{where}: a source is a dict, not {type(source).__name__}")
    kinds = [kind for kind in _KINDS if kind in source]
    if len(kinds) != 1:
        known = ", ".join(_KINDS)
        raise DefinitionError(f"{where}: a source has exactly one of {known}; got {list(source)}")
    kind = kinds[0]
    compiler, options = _KINDS[kind]
    if unknown := [key for key in source if key != kind and key not in options]:
        raise DefinitionError(f"{where}: {kind!r} does not go together with {unknown}")
    return compiler(source, where)


def _constant(source: Source, where: str) -> Getter:
    try:
        value = to_json(source["value"], where=f"{where}: the value")
    except NotSerializable as error:
        raise DefinitionError(error.message) from error
    if isinstance(value, dict | list):
        # A body may change what it gets; the definition must not change with it.
        return lambda ctx: copy.deepcopy(value)
    return lambda ctx: value


def _function(source: Source, where: str) -> Getter:
    function: Getter = source["fn"]
    if not callable(function):
        raise DefinitionError(f"{where}: fn is not a function")
    return function


def _template(source: Source, where: str) -> Getter:
    template = source["template"]
    if not isinstance(template, str):
        raise DefinitionError(f"{where}: a template is a text")
    try:
        return compile_template(template)
    except DefinitionError as error:
        raise DefinitionError(f"{where}: {error.message}") from None


def _request_context(source: Source, where: str) -> Getter:
    key = source["request_context_path"]
    if not isinstance(key, str) or not key:
        raise DefinitionError(f"{where}: request_context_path is the text of a key")
    return lambda ctx: ctx.request_context.get(key, NOTHING)


def _init_data(source: Source, where: str) -> Getter:
    init = source["init_data"]
    if init is not True and not isinstance(getattr(init, "id", None), str):
        raise DefinitionError(f"{where}: init_data is True or a workflow")
    path = _path(source, where)
    return lambda ctx: pick(ctx.get_init_data(), path, "initData")


def _step(source: Source, where: str) -> Getter:
    ids = step_ids(source["step"], where)
    path = _path(source, where)
    place = f"step {'|'.join(ids)}"

    def get(ctx: Any) -> Any:
        results = (ctx.get_step_result(id) for id in ids)
        result = next((result for result in results if result is not None), None)
        return pick(result, path, place)

    return get


def step_ids(step: Any, where: str) -> list[str]:
    """Return the ids meant by a step, a workflow, an id, or a list of them."""
    named = step if isinstance(step, list | tuple) else [step]
    if not named:
        raise DefinitionError(f"{where}: the list of steps is empty")
    return [check_step_id(getattr(each, "id", each), f"{where}: step") for each in named]


def _path(source: Source, where: str) -> str:
    path = source.get("path", ".")
    if not isinstance(path, str):
        raise DefinitionError(f"{where}: path is a text of dotted keys")
    return path


_WITH_PATH = frozenset({"path"})
_ALONE: frozenset[str] = frozenset()
_KINDS: dict[str, tuple[Callable[[Source, str], Getter], frozenset[str]]] = {
    "value": (_constant, _ALONE),
    "fn": (_function, _ALONE),
    "template": (_template, _ALONE),
    "request_context_path": (_request_context, _ALONE),
    "init_data": (_init_data, _WITH_PATH),
    "step": (_step, _WITH_PATH),
}
