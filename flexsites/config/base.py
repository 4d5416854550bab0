"""What every configuration model shares: frozen, no extra keys, labels in nl and en, figures that say their source."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Annotated, ClassVar, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from flexsites.config.units import ANY, Unit, is_in_unit, unit_of_key

__all__ = ["Figure", "Label", "Model", "Number", "Range", "collect_figures"]

_ABSOLUTE = "nap"
"""A word of keys that are heights above a level, which alone may lie below 0."""


class Model(BaseModel):
    """A frozen model that forbids keys it does not know, and figures in another unit than their key's.

    The docstring below an attribute is its description in the schema that an editor shows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    unit_is_of_key_above: ClassVar[bool] = False
    """Whether the keys (low, expected, high; classes) say no unit: the key that holds the whole does."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the keys. Only here: pydantic would read all docstrings whenever models are imported."""
        told = handler(schema)
        keys = handler.resolve_ref_schema(told).get("properties", {})
        for key, text in _descriptions(cls).items():
            if key in keys:
                keys[key].setdefault("description", text)
        return told

    @model_validator(mode="after")
    def _is_in_its_units(self) -> Self:
        if not self.unit_is_of_key_above:
            wrong = [one for key, unit in _units(type(self)) for one in _wrong_figures(getattr(self, key), key, unit)]
            if wrong:
                raise ValueError("; ".join(wrong))
        return self


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstring below each attribute of a model and of those that it inherits from."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, Model):
            for attribute, below in pairwise(_body_of(one)):
                match attribute, below:
                    case ast.AnnAssign(target=ast.Name(id=key)), ast.Expr(value=ast.Constant(value=str(text))):
                        found[key] = inspect.cleandoc(text)
    return found


def _body_of(model: type[BaseModel]) -> list[ast.stmt]:
    """Return the statements of a model's definition."""
    known = _bodies(model.__module__)
    if model.__qualname__ in known:
        return known[model.__qualname__]
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    return definition.body if isinstance(definition, ast.ClassDef) else []


@cache
def _bodies(module: str) -> dict[str, list[ast.stmt]]:
    """Return the statements of every class of a module: read once, where inspect reads the module for each class."""
    statements = ast.parse(inspect.getsource(sys.modules[module])).body
    return {one.name: one.body for one in statements if isinstance(one, ast.ClassDef)}


@cache
def _units(model: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    """Return the unit of every field: the one it is annotated with, else the one its key says."""
    annotated = {
        key: next((one.name for one in field.metadata if isinstance(one, Unit)), None)
        for key, field in model.model_fields.items()
    }
    return tuple((key, unit or unit_of_key(key)) for key, unit in annotated.items())


def _wrong(figure: Figure, key: str, unit: str) -> Iterator[str]:
    name = key.partition(".")[0]
    if not is_in_unit(figure.unit, unit):
        asked = "has no unit" if unit == "1" else f"is in {unit}"
        yield f"{key} {asked}, and {figure.value:g} is given in {figure.unit}: write it in the unit of the key"
    elif figure.value < 0.0 and unit != ANY and _ABSOLUTE not in name.split("_"):
        yield f"{key} is {figure.value:g}, and cannot be below 0"
    elif figure.value > 1.0 and name.endswith("share"):
        yield f"{key} is {figure.value:g}, and a share is at most 1 (75% is 0.75)"


def _wrong_figures(value: object, key: str, unit: str) -> Iterator[str]:
    """Tell the figures of a key that are in another unit than the key's, or that nothing it may be a figure of has."""
    if isinstance(value, Figure):
        yield from _wrong(value, key, unit)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _wrong_figures(one, f"{key}.{name}", unit)
    elif isinstance(value, tuple):
        for i, one in enumerate(value):
            yield from _wrong_figures(one, f"{key}.{i}", unit)
    elif isinstance(value, Model) and value.unit_is_of_key_above:
        for name in type(value).model_fields:
            yield from _wrong_figures(getattr(value, name), f"{key}.{name}", unit)


class Label(Model):
    """A label for people, in Dutch and in English; a plain text stands for both.

    Examples
    --------
    >>> Label.model_validate("Ede").get("en"), Label.model_validate({"nl": "gemeente", "en": "municipality"}).get("nl")
    ('Ede', 'gemeente')
    """

    nl: str = Field(min_length=1)
    """In Dutch."""
    en: str = Field(min_length=1)
    """In English."""

    @model_validator(mode="before")
    @classmethod
    def _is_one_for_both(cls, given: object) -> object:
        return {"nl": given, "en": given} if isinstance(given, str) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tell editors that a plain text will do."""
        both = handler.resolve_ref_schema(super().__get_pydantic_json_schema__(schema, handler))
        text = {"type": "string", "minLength": 1, "description": "The same in both languages."}
        return {"title": "Label", "anyOf": [text, both]}

    def get(self, lang: str) -> str:
        """Return the label in a language (``nl`` or ``en``)."""
        return self.nl if lang == "nl" else self.en


class Figure(Model):
    """A number with its origin: a source, or the word ``assumption`` and why.

    In YAML ``{value: 1125, unit: m, source: "[R] PBL network model"}`` or
    ``{value: 15, unit: m, assumption: true, why: "..."}``.

    Examples
    --------
    >>> float(Figure(value=15, unit="m", assumption=True, why="two rows of modules and a path"))
    15.0
    """

    value: float = Field(allow_inf_nan=False)
    """The number, in the unit of the key that it stands at."""
    unit: str | None = None
    """The unit, to be read and checked: it must be the one that the key's suffix says. Left out: that one."""
    source: str | None = None
    """Where the number comes from; a figure has this or `assumption: true`."""
    assumption: bool = False
    """Whether the number is a choice of ours or of the user's, which the report then lists."""
    why: str | None = Field(default=None, validation_alias=AliasChoices("why", "reason"))
    """Why this number was assumed, in a few words."""

    @model_validator(mode="after")
    def _has_origin(self) -> Self:
        if self.assumption == bool(self.source):
            message = "a figure has either a source or 'assumption: true' (with why)"
            raise ValueError(message)
        return self

    def __float__(self) -> float:
        """Return the number."""
        return self.value

    def __int__(self) -> int:
        """Return the number as an integer; it must be one."""
        if not float(self.value).is_integer():
            message = f"{self.value} is not a whole number"
            raise ValueError(message)
        return int(self.value)


def _refuse_bare_number(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        message = (
            "a bare number does not say where it comes from: write {value: ..., source: ...} or {..., assumption: true}"
        )
        raise ValueError(message)  # noqa: TRY004 - pydantic turns ValueError into its own
    return value


Number = Annotated[Figure, BeforeValidator(_refuse_bare_number)]
"""A figure in a model's field; a bare number in YAML is an error that says how to write it."""


class Range(Model):
    """Figures whose unit is said by the key that holds them."""

    unit_is_of_key_above: ClassVar[bool] = True


def collect_figures(model: object, path: str = "") -> Iterator[tuple[str, Figure]]:
    """Walk a model and give every figure with its dotted path, in the order of the file.

    Examples
    --------
    >>> class Setback(Model):
    ...     edge_m: Number
    >>> setback = Setback(edge_m=Figure(value=3, unit="m", assumption=True, why="fire"))
    >>> [(path, figure.value) for path, figure in collect_figures(setback, "layout")]
    [('layout.edge_m', 3.0)]
    """
    if isinstance(model, Figure):
        yield path, model
    elif isinstance(model, BaseModel):
        for name in type(model).model_fields:
            yield from collect_figures(getattr(model, name), f"{path}.{name}" if path else name)
    elif isinstance(model, Mapping):
        for key, item in model.items():
            yield from collect_figures(item, f"{path}.{key}" if path else str(key))
    elif isinstance(model, (tuple, list)):
        for i, item in enumerate(model):
            key = getattr(item, "id", None) or getattr(item, "rule_id", None) or i
            yield from collect_figures(item, f"{path}.{key}")
