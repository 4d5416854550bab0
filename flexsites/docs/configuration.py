"""Pages of the configuration: every key of every file, as its model says it. Nothing of it is written by hand."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from flexsites.config.base import Figure, Model, Range
from flexsites.config.schemas import MODELS
from flexsites.config.units import ANY, PURE, Unit, unit_of_key
from flexsites.docs.page import NOTHING, Page, code, first_sentence, one_of, prose, table
from flexsites.errors import ContractError, Fault

GROUP = "Configuration"

Schema = Mapping[str, Any]

_SIMPLE = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minItems": "at least {} of them",
    "minProperties": "at least {} of them",
    "pattern": "matching `{}`",
}


def configuration_pages() -> list[Page]:
    """Return the page that lists the files of configs/, and one page per module of models."""
    models = all_models()
    by_module: dict[str, list[type[BaseModel]]] = {}
    for model in models.values():
        by_module.setdefault(model.__module__, []).append(model)
    files = [
        (f"`configs/{pattern}`", f"[{model.__name__}]({_place(model)})", first_sentence(inspect.getdoc(model)))
        for pattern, model in MODELS.items()
    ]
    text = (
        "# Files of configuration\n\nOutside knowledge and choices are data: YAML, read into models that refuse a key "
        "they do not know. A file of your own that a run names may stand anywhere. Editors check a file against the "
        "schema that its first line names (`configs/schemas/`).\n\n"
        + table(("file", "what it holds", "in short"), files)
        + "\n"
        + _how_to_read()
    )
    of_modules = [_page_of(module, theirs, models) for module, theirs in sorted(by_module.items())]
    return [Page("configuration", "Files", GROUP, text), *of_modules]


def all_models() -> dict[str, type[BaseModel]]:
    """Return every model that a file of configs/ is read into, by name: those of files first, then what they hold."""
    found: dict[str, type[BaseModel]] = {}
    seen: set[type[BaseModel]] = set()
    waiting = list(MODELS.values())
    while waiting:
        model = waiting.pop(0)
        if found.setdefault(model.__name__, model) is not model:
            what = f"two models of the configuration are called {model.__name__}: their keys would be told as one"
            raise ContractError(Fault(what, model.__module__, "give one of them a name of its own"))
        if model not in seen:
            seen.add(model)
            waiting += [one for field in model.model_fields.values() for one in _named_in(field.annotation)]
    return found


def keys() -> Iterator[tuple[str, str, str]]:
    """Give every key: its name, its model, and the place where it is told."""
    for model in all_models().values():
        for key in _schema(model).get("properties", {}):
            yield key, model.__name__, f"{_place(model)}.{key}"


def _named_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _named_in(part)


def _page_name(module: str) -> str:
    return f"config-{module.rpartition('.')[2].replace('_', '-')}"


def _place(model: type[BaseModel]) -> str:
    return f"{_page_name(model.__module__)}.md#{model.__name__.lower()}"


def _how_to_read() -> str:
    return (
        "A *figure* is a number with its origin, see [Figure](config-base.md#figure). The unit of a key is in its "
        "suffix, and a figure in another unit is refused; `–` is a ratio, a share or a count. *Left out* is what a "
        "key means that is not there.\n"
    )


def _page_of(module: str, models: list[type[BaseModel]], known: Mapping[str, type[BaseModel]]) -> Page:
    lines = list(vars(sys.modules[module]))
    title = module.rpartition(".")[2].replace("_", " ").capitalize()
    parts = [f"# Configuration: {title.lower()}", first_sentence(sys.modules[module].__doc__), _how_to_read()]
    for model in sorted(models, key=lambda one: lines.index(one.__name__)):
        parts += [f"## {model.__name__}", prose(inspect.getdoc(model)), _used_by(model), _table_of(model, known)]
    return Page(_page_name(module), title, GROUP, "\n\n".join(part for part in parts if part) + "\n")


def _used_by(model: type[BaseModel]) -> str:
    files = [code(f"configs/{pattern}") for pattern, one in MODELS.items() if one is model]
    return f"The whole of {', '.join(files)}." if files else ""


@cache
def _schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _table_of(model: type[BaseModel], known: Mapping[str, type[BaseModel]]) -> str:
    schema = _schema(model)
    if "properties" not in schema:
        return f"One of: {_type(schema, known)}.\n"
    required = schema.get("required", ())
    rows = [
        (
            code(key),
            _type(about, known),
            _unit(model, key),
            "required" if key in required else _default(about),
            str(about.get("description", "")),
        )
        for key, about in schema["properties"].items()
    ]
    return table(("key", "type", "unit", "left out", "what it is"), rows)


def _default(about: Schema) -> str:
    """Return what a key means that is not there.

    Examples
    --------
    >>> _default({"default": None}), _default({"default": 16}), _default({})
    ('–', '`16`', '–')
    """
    value = about.get("default")
    return NOTHING if value in (None, "", [], {}) else code(json.dumps(value, ensure_ascii=False).strip('"'))


def _unit(model: type[BaseModel], key: str) -> str:
    """Return the unit of a key, which only keys with figures have."""
    field = model.model_fields[key]
    if not _has_figure(field.annotation):
        return NOTHING
    if issubclass(model, Model) and model.unit_is_of_key_above:
        return "of the key above"
    unit = _annotated(field) or unit_of_key(key)
    return {ANY: "its measure's", PURE: NOTHING}.get(unit, unit)


def _annotated(field: FieldInfo) -> str | None:
    return next((one.name for one in field.metadata if isinstance(one, Unit)), None)


def _has_figure(annotation: object) -> bool:
    if isinstance(annotation, type):
        return issubclass(annotation, Figure | Range)
    return any(_has_figure(part) for part in get_args(annotation))


def _type(about: Schema, known: Mapping[str, type[BaseModel]]) -> str:
    """Return the type of a key in words, with links to the models it names.

    Examples
    --------
    >>> _type({"type": "array", "items": {"type": "string"}, "minItems": 1}, {})
    'list of text, at least 1 of them'
    >>> _type({"anyOf": [{"enum": ["low", "high"]}, {"type": "null"}]}, {})
    '`low` or `high`'
    """
    bounds = [words.format(about[name]) for name, words in _BOUNDS.items() if name in about]
    return ", ".join([_bare_type(about, known), *bounds])


def _bare_type(about: Schema, known: Mapping[str, type[BaseModel]]) -> str:
    if "$ref" in about:
        model = known[about["$ref"].rpartition("/")[2]]
        return f"[{'figure' if model is Figure else model.__name__}]({_place(model)})"
    if "const" in about or "enum" in about:
        return one_of(about.get("enum", [about.get("const")]))
    for union in ("anyOf", "oneOf"):
        if union in about:
            kinds = [_type(one, known) for one in about[union] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if about.get("type") in ("array", "object"):
        return _type_of_many(about, known)
    return "date" if about.get("format") == "date" else _SIMPLE.get(about.get("type", ""), "anything")


def _type_of_many(about: Schema, known: Mapping[str, type[BaseModel]]) -> str:
    if "prefixItems" in about:
        return f"list of {len(about['prefixItems'])}: {_type(about['prefixItems'][0], known)}"
    if "items" in about:
        return f"list of {_type(about['items'], known)}"
    names = _type(about["propertyNames"], known) if "propertyNames" in about else "names"
    values = about.get("additionalProperties")
    return f"{names}, each with {_type(values, known) if isinstance(values, Mapping) else 'anything'}"
