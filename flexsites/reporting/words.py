"""Words and numbers for people, in Dutch or English: texts are data, numbers follow the language, null is 'unknown'."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from numbers import Integral
from typing import Any

import pandas as pd

from flexsites.config.base import Label
from flexsites.config.plain_yaml import load_plain
from flexsites.config.units import PURE, unit_of_key
from flexsites.errors import ConfigError, Fault
from flexsites.reporting.told import translated
from flexsites.tables.field import Field, Format

LANGUAGES = ("nl", "en")
_SQUARE_METRES_PER_HECTARE = 10_000.0
_ROUND_FROM = 1_000
_DIGITS = 3
# Under which other kinds an id may be known: a criterion may be a measure or a rule of the flexmilieu's own.
_ALSO = {
    "criterion": ("measure", "rule"),
    "population": ("flexmilieu",),
    "of_column": ("age_rule", "flexmilieu", "verdict", "roof_term", "target_group", "population"),
}


class Words:
    """The words of one language, and how it writes numbers.

    Parameters
    ----------
    lang
        ``nl`` or ``en``.
    names
        Names that the run itself carries: ``(kind, id)`` to a name, such as ``("rule", "nnn")``.

    Raises
    ------
    ConfigError
        For another language.
    """

    def __init__(self, lang: str, names: Mapping[tuple[str, str], str] | None = None) -> None:
        if lang not in LANGUAGES:
            raise ConfigError(Fault(f"no labels in '{lang}'", "--lang", f"choose one of {', '.join(LANGUAGES)}"))
        self.lang = lang
        self.texts = load_texts(lang)
        self.names = dict(names or {})

    def text(self, key: str, **values: object) -> str:
        """Return a text by its dotted key, its placeholders filled.

        A placeholder ``{n:home|homes}`` is the word before the bar where ``n`` is 1, else the one after it. A whole
        number is written as the language does; a year, or a number that is a name, is given as a text. A text that is
        filled elsewhere, in a browser, is had from ``texts``: here one without a value is an error.

        Raises
        ------
        ConfigError
            When the language has no such text.
        KeyError
            When the text asks for a value that is not given.

        Examples
        --------
        >>> [Words("nl").text("first.places", n=n) for n in (1, "1.900", 12345)]
        ['1 plek', '1.900 plekken', '12.345 plekken']
        """
        found: Any = self.texts
        for part in key.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if not isinstance(found, str):
            raise ConfigError(Fault(f"no text '{key}'", f"labels/{self.lang}.yaml", "add it, in every language"))
        return found.format_map({name: _Filled(self._written(value)) for name, value in values.items()})

    def _written(self, value: object) -> object:
        """Return a whole number as the language writes it; what is no amount, such as a year, is given as a text."""
        return self.number(value) if isinstance(value, Integral) and not isinstance(value, bool) else value

    def name(self, kind: str, key: object) -> str:
        """Return the name of something: as the run gives it, else as the labels do, else its id made readable.

        Examples
        --------
        >>> words = Words("en", {("flexmilieu", "campus"): "Campus living"})
        >>> [words.name("population", key) for key in ("campus", "suitable", "own_group")]
        ['Campus living', 'suitable', 'own group']
        """
        if _is_null(key):
            return self.unknown
        word = str(key)
        kinds = (kind, *_ALSO.get(kind, ()))
        for one in kinds:
            if (one, word) in self.names:
                return self.names[(one, word)]
        if kind == "message":
            return self.said(word)
        known = (self.texts["names"].get(one, {}).get(word) for one in kinds)
        return str(next((name for name in known if name is not None), word.replace("_", " ")))

    def keys(self, kind: str, text: str) -> list[str]:
        """Return the ids of a kind that have a name which holds a text, upper and lower case alike.

        Examples
        --------
        >>> Words("nl").keys("verdict", "Uitgesl"), Words("en", {("area", "GM1"): "Ede"}).keys("area", "ed")
        (['excluded'], ['GM1'])
        """
        kinds = (kind, *_ALSO.get(kind, ()))
        own = [key for one, key in self.names if one in kinds]
        known = dict.fromkeys([*own, *(str(key) for one in kinds for key in self.texts["names"].get(one, {}))])
        return [key for key in known if text.casefold() in self.name(kind, key).casefold()]

    def read_number(self, text: str) -> float:
        """Return a number as this language writes it; without groups of three a point and a comma are alike.

        Raises
        ------
        ValueError
            If it is none.

        Examples
        --------
        >>> Words("nl").read_number("10.000"), Words("en").read_number("10,000.5"), Words("nl").read_number("0.5")
        (10000.0, 10000.5, 0.5)
        """
        group, point = (".", ",") if self.lang == "nl" else (",", ".")
        if re.fullmatch(rf"-?\d{{1,3}}(\{group}\d{{3}})+(\{point}\d+)?", text):
            text = text.replace(group, "")
        return float(text.replace(",", "."))

    def entry(self, kind: str | None, key: str) -> str:
        """Return the name of one entry of a list; a flag that is itself unknown (``<id>_unknown``) says so.

        Examples
        --------
        >>> Words("en").entry("rule", "piece_min_area"), Words("en").entry("rule", "monument_unknown")
        ('minimum area', 'monument: unknown')
        """
        flag = key.removesuffix("_unknown")
        name = self.name(kind, flag) if kind else flag
        return name if flag == key else f"{name}: {self.unknown}"

    def heading(self, column: str) -> str:
        """Return the heading of a column; ``name@id`` is the column ``name`` under a rule or for a flexmilieu.

        Examples
        --------
        >>> Words("en", {("flexmilieu", "campus"): "Campus living"}).heading("score@campus")
        'score: Campus living'
        """
        base, _, key = column.partition("@")
        heading = str(self.texts["columns"].get(base, base.replace("_", " ")))
        return f"{heading}: {self.name('of_column', key)}" if key else heading

    def meaning(self, field: Field, table: str = "") -> str:
        """Return what a column means and what null tells in it; empty where nothing defines it.

        Parameters
        ----------
        field
            The column; in English its own words are used.
        table
            The table it stands in: columns of one name may mean different things in different tables.
        """
        if not field.description:
            return ""
        told = [field.description, field.null]
        if self.lang != "en":
            known = load_meanings(self.lang)
            base = field.name.partition("@")[0]
            told = [*known.get(f"{table}.{base}", known.get(base, told)), None][:2]
        said, null = told
        shown = "" if field.null is None or null is None else f" {self.text(f'null.{field.null_is}')}: {null}."
        if field.not_of is not None:
            column, value = field.not_of
            shown += " " + self.text("null.not_of", column=self.heading(column), value=self.name("of_column", value))
        return f"{str(said)[:1].upper()}{str(said)[1:]}.{shown}"

    def said(self, text: str) -> str:
        """Return what the package says in English (a warning, a reason, a note) in this language."""
        return translated(text, self.lang)

    def write(self, value: object, how: Format) -> str:
        """Write a cell; a text stays as it is.

        Examples
        --------
        >>> words = Words("en")
        >>> [words.write(*one) for one in ((1968, "year"), (1968, "count"), (0.756, "score"), (15.0, "term"))]
        ['1968', '1,968', '0.76', '15']
        >>> [words.write(*one) for one in ((-1200, "change"), (12345.6, "hectares"), (0.126, "share"), ("–", "count"))]
        ['−1,200', '1.23 ha', '13%', '–']
        """
        if _is_null(value):
            return self.unknown
        if isinstance(value, str):
            return value
        number = float(str(value))
        decimals = 0 if number.is_integer() else 1
        ways: dict[str, Callable[[], str]] = {
            "year": lambda: f"{number:.0f}",
            "ordinal": lambda: f"{number:.0f}",
            "share": lambda: self.percent(number),
            "score": lambda: self.number(number, 2),
            "hectares": lambda: self.hectares(number),
            "change": lambda: f"{'+' if number > 0 else '−' if number < 0 else '±'}{self.number(abs(number))}",
            "term": lambda: self.number(number, decimals),
            "euro": lambda: self.euros(number),
            "length": lambda: self.number(number, decimals),
            "amount": lambda: self.number(number, len(f"{number:.3f}".rstrip("0").partition(".")[2])),
        }
        return ways.get(how, lambda: self.number(number))()

    @property
    def unknown(self) -> str:
        """The word for null."""
        return self.text("unknown")

    def label(self, value: object) -> str:
        """Return a text that the run gives in two languages, or in one; empty when it gives none.

        Examples
        --------
        >>> words = Words("en")
        >>> words.label({"nl": "Verkenning", "en": "Screening"}), words.label("Kampen"), words.label(None)
        ('Screening', 'Kampen', '')
        """
        if isinstance(value, Label):
            return value.get(self.lang)
        if isinstance(value, Mapping):
            return str(value.get(self.lang) or next(iter(value.values()), ""))
        return "" if value is None else str(value)

    def number(self, value: object, decimals: int = 0) -> str:
        """Write a number.

        Examples
        --------
        >>> Words("nl").number(1234567.891, 1), Words("en").number(1234567.891, 1), Words("nl").number(None)
        ('1.234.567,9', '1,234,567.9', 'onbekend')
        """
        if _is_null(value):
            return self.unknown
        written = f"{float(str(value)):,.{decimals}f}"
        if float(written.replace(",", "")) == 0:
            written = written.lstrip("-")
        return written.translate(str.maketrans(",.", ".,")) if self.lang == "nl" else written

    def about(self, value: object) -> str:
        """Write a number for a sentence: three digits that count, because more would claim too much.

        Examples
        --------
        >>> Words("nl").about(15237), Words("nl").about(987)
        ('15.200', '987')
        """
        if _is_null(value):
            return self.unknown
        amount = float(str(value))
        if abs(amount) < _ROUND_FROM:
            return self.number(amount)
        step = 10 ** (math.floor(math.log10(abs(amount))) - _DIGITS + 1)
        return self.number(round(amount / step) * step)

    def percent(self, share: object, decimals: int = 0) -> str:
        """Write a share as a percentage.

        Examples
        --------
        >>> Words("nl").percent(0.8126, 1), Words("en").percent(0.004)
        ('81,3%', '<1%')
        """
        if _is_null(share):
            return self.unknown
        whole = float(str(share)) * 100
        least = 10.0**-decimals
        if 0 < whole < least / 2:
            return f"<{self.number(least, decimals)}%"
        return f"{self.number(whole, decimals)}%"

    def hectares(self, area_m2: object) -> str:
        """Write an area in m2 as hectares.

        Examples
        --------
        >>> Words("en").hectares(1234567.0), Words("nl").hectares(4210.0)
        ('123 ha', '0,42 ha')
        """
        if _is_null(area_m2):
            return self.unknown
        hectares = float(str(area_m2)) / _SQUARE_METRES_PER_HECTARE
        return f"{self.number(hectares, self._decimals(hectares))} ha"

    def square_metres(self, area_m2: object) -> str:
        """Write an area in m2."""
        return self.unknown if _is_null(area_m2) else f"{self.number(area_m2)} m²"

    def euros(self, value: object) -> str:
        """Write an amount of money: three digits that count, because more would claim too much.

        Examples
        --------
        >>> Words("en").euros(1234567.0), Words("nl").euros(-45678.0), Words("en").euros(None)
        ('€ 1,230,000', '−€ 45.700', 'unknown')
        """
        if _is_null(value):
            return self.unknown
        number = float(str(value))
        return f"{'−' if number < 0 else ''}€ {self.about(abs(number))}"

    def span(self, low: object, high: object) -> str:
        """Write a range."""
        if _is_null(low) or _is_null(high):
            return self.unknown
        return f"{self.number(low)} – {self.number(high)}"

    def yes_no(self, value: object) -> str:
        """Write a truth value; null is unknown, never no."""
        if _is_null(value):
            return self.unknown
        return self.text("yes") if bool(value) else self.text("no")

    @staticmethod
    def _decimals(amount: float) -> int:
        """Return the decimals that leave about three digits."""
        size = abs(amount)
        if size >= 100 or size == 0:  # noqa: PLR2004 - three digits before the separator
            return 0
        return 1 if size >= 10 else 2  # noqa: PLR2004


class _Filled(str):
    """What stands in a placeholder of a text, which chooses between two words by whether it is one."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        one, bar, more = spec.partition("|")
        return super().__format__(spec) if not bar else one if self == "1" else more


def unit_in(measure: str) -> str:
    """Return the unit that a measure's id ends with; empty for counts and classes."""
    unit = unit_of_key(measure)
    return "" if unit == PURE else unit


@cache
def load_meanings(lang: str) -> Mapping[str, list[str]]:
    """Return what columns mean, by ``Table.column`` or column: what it is, and what null means where it may be null."""
    text = files("flexsites.reporting").joinpath("labels", f"columns.{lang}.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, list[str]] = load_plain(text)
    return loaded


@cache
def load_texts(lang: str) -> Mapping[str, Any]:
    """Return the texts of a language."""
    text = files("flexsites.reporting").joinpath("labels", f"{lang}.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = load_plain(text)
    return loaded


def _is_null(value: object) -> bool:
    """Return whether a scalar is null of any kind."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
