"""What a page shows besides tables, as plain values: stacked bars and ranges. Templates only place them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flexsites.reporting.presentation import presentation
from flexsites.reporting.words import Words
from flexsites.tables import Frame

_TICKS = 4
_LEAST_SHARE = 0.06
"""A part that is wider has its figure written in it [A]."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a stacked bar: its share of the bar in [0, 1], colour, name, and its figure written."""

    share: float
    colour: str
    name: str
    text: str

    @property
    def is_told(self) -> bool:
        """Whether it is wide enough for its figure to be written in it; it is told beside it all the same."""
        return self.share > _LEAST_SHARE

    @property
    def is_light(self) -> bool:
        """Whether dark letters are read on its colour."""
        colours = presentation().colours
        verdict = colours.verdict
        return self.colour in (verdict["excluded"], verdict["conditional"], colours.outcome["no"], colours.missing)

    @property
    def percent(self) -> str:
        """The share as a CSS percentage."""
        return f"{self.share * 100:.4f}%"


@dataclass(frozen=True, slots=True)
class StackView:
    """Stacked bars: per bar a label, its parts, and the whole written."""

    bars: Sequence[tuple[str, Sequence[Part], str]]
    legend: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RangeRow:
    """A range on a common axis: the amounts (None: unknown), positions in CSS percentages, the figures written."""

    label: str
    amounts: tuple[float, ...] | None
    left: str
    width: str
    middle: str
    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class RangeView:
    """Ranges on one axis from zero to its end, with its ticks as (position, text)."""

    rows: Sequence[RangeRow]
    end: float
    ticks: Sequence[tuple[str, str]]


def stack(
    bars: Iterable[tuple[str, Sequence[tuple[str, float]], str]],
    colours: Mapping[str, str],
    names: Mapping[str, str],
    words: Words,
) -> StackView:
    """Build stacked bars; each bar is the whole of its own amounts.

    Parameters
    ----------
    bars
        Label, (key, amount) per part, and the whole written.
    colours, names
        Per key.
    """
    built = []
    for label, amounts, whole in bars:
        total = sum(amount for _, amount in amounts)
        parts = [
            Part(amount / total, colours[key], names[key], words.number(amount))
            for key, amount in amounts
            if total and amount
        ]
        built.append((label, parts, whole))
    return StackView(built, [(names[key], colours[key]) for key in names])


def ranges(rows: Sequence[tuple[str, tuple[float, ...] | None, str]], words: Words) -> RangeView:
    """Build ranges on a common axis from zero.

    Parameters
    ----------
    rows
        Label, the amounts low, middle and high (None: unknown), colour.
    """
    top = _axis_end(max((amounts[2] for _, amounts, _ in rows if amounts is not None), default=1.0))
    built = []
    for label, amounts, colour in rows:
        if amounts is None:
            built.append(RangeRow(label, None, "0%", "0%", "", words.unknown, colour))
            continue
        low, middle, high = amounts
        left, width = f"{low / top * 100:.3f}%", f"{max(high - low, 0) / top * 100:.3f}%"
        text = f"{words.number(middle)} ({words.span(low, high)})"
        built.append(RangeRow(label, amounts, left, width, f"{middle / top * 100:.3f}%", text, colour))
    ticks = [(f"{100 * i / _TICKS:.2f}%", words.number(top * i / _TICKS)) for i in range(_TICKS + 1)]
    return RangeView(built, top, ticks)


def _axis_end(largest: float) -> float:
    """Return the round number at or above the largest value that four ticks divide well.

    Examples
    --------
    >>> _axis_end(7363.0), _axis_end(35.0), _axis_end(0.0)
    (8000.0, 40.0, 4.0)
    """
    end = float(_TICKS)
    while True:
        for factor in (1.0, 2.0, 3.0, 5.0):
            if end * factor >= largest:
                return end * factor
        end *= 10.0


def with_range(table: Frame, words: Words, count: str) -> Frame:
    """Return the table with the range of a count of homes, written, in ``units_range``; unknown where an end is.

    Parameters
    ----------
    table, words
        Rows, and the language.
    count
        The count, as its columns begin: ``n_common``.
    """
    ends = zip(table[f"{count}_low"], table[f"{count}_high"], strict=True)
    return table.assign(units_range=[words.span(low, high) for low, high in ends])


def is_open(n_known: float, n_unknown: float) -> bool:
    """Return whether zero would be a claim: none is known to count, and some may.

    Examples
    --------
    >>> is_open(0, 3), is_open(0, 0), is_open(2, 3)
    (True, False, False)
    """
    return bool(n_known == 0 and n_unknown > 0)


def where_known(
    sums: Frame, columns: Sequence[str], *, known: str = "n_sites", unknown: str = "n_sites_unknown"
) -> Frame:
    """Return sums with null for what nobody knows: in rows where none is known to count and some may.

    Examples
    --------
    >>> import pandas as pd
    >>> sums = pd.DataFrame({"n_sites": [0, 0], "n_sites_unknown": [3, 0], "n_common_expected": [0.0, 0.0]})
    >>> where_known(sums, ["n_common_expected"])["n_common_expected"].tolist()
    [<NA>, 0.0]
    """
    unsure = sums[known].eq(0) & sums[unknown].gt(0)
    return sums.assign(**{name: sums[name].astype("Float64").mask(unsure) for name in columns})
