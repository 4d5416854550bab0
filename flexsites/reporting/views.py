"""What a page shows, as plain values: tables, stacked bars and ranges. Templates only place them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flexsites.reporting.words import Words

_TICKS = 4


@dataclass(frozen=True, slots=True)
class TableView:
    """A table of written cells.

    Attributes
    ----------
    headings
        Label and whether the column holds numbers (set right).
    rows
        Cells, written.
    caption
        What it is; empty: the section says so.
    emphasis
        Indices of rows to set bold (totals).
    """

    headings: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    emphasis: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a stacked bar: its share of the bar in [0, 1], colour, name, and its figure written."""

    share: float
    colour: str
    name: str
    text: str

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
    """A range on a common axis: positions in CSS percentages and the figures written."""

    label: str
    left: str
    width: str
    middle: str
    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class RangeView:
    """Ranges on one axis that starts at zero, with its ticks as (position, text)."""

    rows: Sequence[RangeRow]
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


def ranges(rows: Sequence[tuple[str, float, float, float, str]], words: Words) -> RangeView:
    """Build ranges (label, low, middle, high, colour) on a common axis from zero."""
    top = _axis_end(max((high for _, _, _, high, _ in rows), default=1.0))
    built = [
        RangeRow(
            label,
            f"{low / top * 100:.3f}%",
            f"{max(high - low, 0) / top * 100:.3f}%",
            f"{middle / top * 100:.3f}%",
            f"{words.number(middle)} ({words.span(low, high)})",
            colour,
        )
        for label, low, middle, high, colour in rows
    ]
    ticks = [(f"{100 * i / _TICKS:.2f}%", words.number(top * i / _TICKS)) for i in range(_TICKS + 1)]
    return RangeView(built, ticks)


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


def heads(words: Words, texts: Sequence[str], numbers: Sequence[str]) -> list[tuple[str, bool]]:
    """Return headings: texts to the left, numbers to the right."""
    return [
        *((words.text(f"columns.{k}"), False) for k in texts),
        *((words.text(f"columns.{k}"), True) for k in numbers),
    ]


def write_counts(row: Any, names: Sequence[str], words: Words) -> str:  # noqa: ANN401 - a row of totals
    """Write counts of a flexmilieu; where no parcel is known to suit and some may, zero would be a claim."""
    if not row["n_sites"] and row["n_sites_unknown"]:
        return words.unknown
    return " / ".join(words.number(row[name]) for name in names)
