"""What every configuration model shares: frozen, no extra keys, labels in nl and en, figures that say their source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = ["Figure", "Label", "Model", "Number", "collect_figures"]


class Model(BaseModel):
    """A frozen model that forbids keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Label(Model):
    """A label for people, in Dutch and in English."""

    nl: str = Field(min_length=1)
    en: str = Field(min_length=1)

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

    value: float
    unit: str | None = None
    source: str | None = None
    assumption: bool = False
    why: str | None = Field(default=None, validation_alias=AliasChoices("why", "reason"))

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
    elif isinstance(model, tuple | list):
        for i, item in enumerate(model):
            key = getattr(item, "id", None) or getattr(item, "rule_id", None) or i
            yield from collect_figures(item, f"{path}.{key}")
