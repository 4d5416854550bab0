"""Which rows and columns of a source are kept, under which names and words: the user's mapping, applied to batches.

A value that the mapping does not list, a column that is not there: faults, told together with all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.config.input_rules import Spellings
from flexsites.config.source_rows import Selection
from flexsites.errors import Fault
from flexsites.inputs.formats.vector import Batch
from flexsites.inputs.rows.cells import holds_lists, is_null, members, written
from flexsites.inputs.rows.numbers import OF_A_MAPPING, Unreadable
from flexsites.inputs.rows.pairs import of_kind
from flexsites.inputs.rows.spellings import meanings, spellings_of
from flexsites.inputs.rows.words import nearly

EVERY_COLUMN = "*"
_SHOWN = 6
_EXACT = 2.0**53
"""From here on a float does not hold every integer."""
_ROUNDED = r"\d[.,]\d{4,}[eE]\+?\d{2}"
"""How a spreadsheet writes a long number that it has rounded."""


@dataclass(slots=True)
class Unlisted:
    """Values that a `recode` does not list, that `where` nearly does, or `pairs` cannot read, over all batches."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    nearly: dict[str, Counter[str]] = field(default_factory=dict)
    single: dict[str, Counter[str]] = field(default_factory=dict)
    unreadable: Unreadable = field(default_factory=Unreadable)

    def faults(self, where: str) -> list[Fault]:
        """Return one fault per column, its most frequent values shown."""
        found = []
        for column, counter in self.counts.items():
            values = ", ".join(value for value, _ in counter.most_common(_SHOWN))
            what = f"values whose meaning is not listed for {column}: {values}"
            remedy = "say in `recode` what each becomes; null is for unknown"
            found.append(Fault(what, where, remedy, sum(counter.values())))
        for column, counter in self.nearly.items():
            what = f"values of {column} that `where` asks for in other signs, or that hold one it asks for among others"
            remedy = "list them in `where` too, or write them otherwise in the file: these rows would be left out"
            found.append(
                Fault(what, where, remedy, counter.total(), [value for value, _ in counter.most_common(_SHOWN)])
            )
        for column, counter in self.single.items():
            if len(counter) > 1:
                values = ", ".join(sorted(counter)[:_SHOWN])
                what = f"rows of several deliveries in one file: {column} is {values}"
                remedy = "say in `where` of the source's entry which one is meant"
                found.append(Fault(what, where, remedy, counter.total()))
        return [*found, *self.unreadable.faults(where, OF_A_MAPPING)]


def kept_columns(selection: Selection, available: Iterable[str], needed: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the source's columns that travel on, in the source's order; what it does not have is not among them.

    Parameters
    ----------
    selection
        The user's mapping; `keep: ["*"]` keeps every column.
    available
        The source's columns.
    needed
        Columns, by their new names, that rules ask for: kept although the mapping does not name them.
    """
    names = tuple(available)
    if EVERY_COLUMN in selection.keep:
        return names
    theirs = {ours: name for name, ours in selection.rename.items()}
    periods = (*getattr(selection, "periods", ()), *getattr(selection, "without_period", ()))
    wanted = {*selection.keep, *selection.rename, *periods, *(theirs.get(name, name) for name in needed)}
    return tuple(name for name in names if name in wanted)


def read_columns(selection: Selection, available: Iterable[str], needed: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the source's columns that must be read: those kept, those of `where`, and the id."""
    names = tuple(available)
    asked = {*kept_columns(selection, names, needed), *selection.where, *selection.single, *_paired(selection)}
    asked.update(selection.identifying)
    return tuple(name for name in names if name in asked)


def asked_columns(selection: Selection, needed: Iterable[str] = ()) -> tuple[str, ...] | None:
    """Return the columns that may be read of a source, by its own names in any of its namings; None: all of them.

    Parameters
    ----------
    selection
        The user's mapping.
    needed
        Columns, by their new names, that rules ask for.

    Examples
    --------
    >>> asked_columns(Selection(id_column="id", rename={"klasse": "land_use"}), ("land_use", "zone"))
    ('id', 'klasse', 'zone')
    """
    every = (selection, *getattr(selection, "namings", ()))
    if any(EVERY_COLUMN in one.keep for one in every):
        return None
    found: dict[str, None] = {}
    for one in every:
        theirs = {ours: name for name, ours in one.rename.items()}
        names = [
            *one.identifying,
            *getattr(one, "has", ()),
            *one.where,
            *one.single,
            *one.keep,
            *one.rename,
            *_paired(one),
        ]
        names += [*getattr(one, "periods", {}), *(theirs.get(name, name) for name in needed)]
        found |= dict.fromkeys(name for name in names if name is not None)
    return tuple(found)


def _paired(selection: Selection) -> list[str]:
    """Return the source's columns that `pairs` reads."""
    return [name for pairs in selection.pairs.values() for name in pairs.columns]


def column_faults(
    selection: Selection, available: Iterable[str], needed: Iterable[str] = (), *, where: str
) -> list[Fault]:
    """Return a fault for every column that the mapping or a rule names and the source does not have."""
    names = set(available)
    made = {*selection.constants, *selection.pairs}
    ours = (names - set(selection.rename)) | set(selection.rename.values()) | made
    told = {
        "where": selection.where,
        "single": selection.single,
        "keep": [name for name in selection.keep if name != EVERY_COLUMN],
        "periods": getattr(selection, "periods", {}),
        "without_period": getattr(selection, "without_period", ()),
        "rename": selection.rename,
        "pairs": dict.fromkeys(_paired(selection)),
        "id_columns" if selection.id_columns else "id_column": selection.identifying,
    }
    told_of_ours: dict[str, Iterable[str]] = {"recode": selection.recode, "spelled": selection.spelled}
    asked = [(name, option) for option, listed in told.items() for name in listed if name not in names]
    asked += [(name, option) for option, listed in told_of_ours.items() for name in listed if name not in ours]
    has = f"name one of its columns: {', '.join(sorted(names)) or 'it has none'}"
    faults = [Fault(f"no column {name}, which `{option}` names", where, has) for name, option in asked]
    lacking = [name for name in dict.fromkeys(needed) if name not in ours]
    faults += [Fault(f"no column {name}, which a rule asks for", where, has) for name in lacking]
    kept = [selection.rename.get(name, name) for name in kept_columns(selection, names, needed)]
    twice = sorted(name for name, n in Counter([*kept, *selection.constants, *selection.pairs]).items() if n > 1)
    return faults + [Fault(f"two columns become {name}", where, "give each its own name in `rename`") for name in twice]


def matches(column: pd.Series, values: Iterable[object]) -> NDArray[np.bool_]:
    """Return which rows hold one of the values; a list matches if any member does, null and blank if null is asked.

    Numbers, text and booleans are compared as they are written, so `1`, `1.0` and "1" are the same; where a number is
    asked, `0265` is 265, where text is asked it is not. A text with `|` or `;` is a list.

    Examples
    --------
    >>> matches(pd.Series([1.0, 2.0, None]), (1,)).tolist()
    [True, False, False]
    >>> matches(pd.Series([["woonfunctie", "winkelfunctie"], ["industriefunctie"]]), ("woonfunctie",)).tolist()
    [True, False]
    >>> matches(pd.Series(["woonfunctie|winkelfunctie", "industriefunctie"]), ("woonfunctie",)).tolist()
    [True, False]
    >>> matches(pd.Series(["2024-01-01", None, ""]), (None,)).tolist()
    [False, True, True]
    >>> matches(pd.Series(["0265", "0026"]), (265,)).tolist(), matches(pd.Series(["0265"]), ("265",)).tolist()
    ([True, False], [False])
    """
    values = tuple(values)
    wanted = {written(value) for value in values if value is not None}
    are_numbers = any(isinstance(value, int) and not isinstance(value, bool) for value in values)
    written_as = _without_zeros if are_numbers else str
    if None in values:
        holds_nothing = np.array(
            [is_null(value) or (isinstance(value, str) and not value.strip()) for value in column], dtype=bool
        )
        return np.asarray(
            holds_nothing | matches(column, tuple(value for value in values if value is not None)), dtype=bool
        )
    if holds_lists(column):
        return np.array([any(written(v) in wanted for v in members(cell)) for cell in column], dtype=bool)
    codes, uniques = pd.factorize(column)
    hits = np.array([*(_is_or_holds(written_as(written(value)), wanted) for value in uniques), False], dtype=bool)
    return np.asarray(hits[codes], dtype=bool)


def _without_zeros(text: str) -> str:
    """Return a whole number without the zeros that stand before it; any other text as it is."""
    return text.lstrip("0") or "0" if text.isdigit() else text


def _is_or_holds(text: str, wanted: set[str]) -> bool:
    return text in wanted or (
        ("|" in text or ";" in text) and any(part.strip() in wanted for part in text.replace(";", "|").split("|"))
    )


def select(batch: Batch, selection: Selection, kept: tuple[str, ...], unlisted: Unlisted) -> tuple[Batch, int]:
    """Return the rows and columns kept, by their new names and in plain types, and how many rows `where` left out."""
    keep = np.ones(len(batch.columns), dtype=bool)
    for name, values in selection.where.items():
        keep &= matches(batch.columns[name], values)
        _count_nearly(batch.columns[name], values, name, unlisted)
    for name in selection.single:
        seen = unlisted.single.setdefault(name, Counter())
        seen.update(written(value) for value in batch.columns[name][keep] if not is_null(value))
    rows = batch.columns[keep].reset_index(drop=True)
    columns: dict[str, pd.Series] = {}
    for name in kept:
        ours = selection.rename.get(name, name)
        column = plain(rows[name], selection.nulls)
        if ours in selection.recode:
            column = _recode(column, selection.recode[ours], ours, unlisted)
        if ours in selection.spelled:
            column = spelled(column, spellings_of(selection.spelled[ours]), ours, unlisted)
        columns[ours] = column
    for name, value in selection.constants.items():
        columns[name] = plain(pd.Series([value] * len(rows)), ())
    for name, pairs in selection.pairs.items():
        columns[name] = of_kind(rows, pairs, name, unlisted.unreadable)
    chosen = pd.DataFrame(columns, index=rows.index)
    return Batch(chosen, batch.geometry[keep]), int((~keep).sum())


def _count_nearly(column: pd.Series, values: Iterable[object], name: str, unlisted: Unlisted) -> None:
    """Count the words that would be among those asked for, were they written alike: nobody means to leave them out."""
    words = [value for value in values if isinstance(value, str)]
    if not words or pd.api.types.is_numeric_dtype(column.dtype):
        return
    cells = column.explode() if holds_lists(column) else column
    codes, distinct = pd.factorize(cells)
    is_near = nearly(pd.Series([*distinct], dtype=object), words).copy()
    # A list with commas, as some exports write one: what holds a comma may as well be one name.
    is_near |= np.array([not set(words).isdisjoint(str(value).split(",")) for value in distinct], dtype=bool)
    is_near &= ~matches(pd.Series([*distinct], dtype=object), words)
    if is_near.any():
        rows = np.bincount(codes[codes >= 0], minlength=len(distinct))
        found = zip(map(str, distinct), rows.tolist(), is_near.tolist(), strict=True)
        hits = {word: n for word, n, is_hit in found if is_hit}
        unlisted.nearly.setdefault(name, Counter()).update(hits)


def identifiers(batch: Batch, selection: Selection) -> pd.Series:
    """Return the ids of the rows that `where` keeps, as text with the prefix; null where the source has none."""
    if not selection.identifying:
        return pd.Series(np.full(len(batch.columns), None, dtype=object), dtype="str")
    chosen = _identifying(batch, selection)
    first, *others = (_id_part(chosen[name]) for name in selection.identifying)
    for other in others:
        first = first + " " + other
    return selection.id_prefix + first


def has_lost_digits(batch: Batch, selection: Selection) -> NDArray[np.bool_]:
    """Return which of the rows that `where` keeps have an id that is rounded: a number too large, or 9.007199E+17."""
    chosen = _identifying(batch, selection)
    lost = np.zeros(len(chosen), dtype=bool)
    for name in selection.identifying:
        column = chosen[name]
        if pd.api.types.is_float_dtype(column.dtype):
            lost |= (column.abs() >= _EXACT).to_numpy(dtype=bool, na_value=False)
        elif isinstance(column.dtype, pd.StringDtype | np.dtypes.ObjectDType):
            text = column.astype("str")
            lost |= text.str.fullmatch(_ROUNDED).fillna(value=False).to_numpy(dtype=bool)
    return lost


def _identifying(batch: Batch, selection: Selection) -> pd.DataFrame:
    """Return the columns that make the ids, of the rows that `where` keeps."""
    keep = np.ones(len(batch.columns), dtype=bool)
    for name, values in selection.where.items():
        keep &= matches(batch.columns[name], values)
    return batch.columns.loc[keep, list(dict.fromkeys(selection.identifying))]


def _id_part(column: pd.Series) -> pd.Series:
    """Return a column as text, null where it is blank."""
    text = plain(column, ())
    if not isinstance(text.dtype, pd.StringDtype):
        text = pd.Series([None if is_null(v) else written(v) for v in text], dtype="str")
    return text.mask(text == "")


def plain(column: pd.Series, nulls: Iterable[object]) -> pd.Series:
    """Return a column as text, Int64, float64 or boolean; dates as ISO text, lists joined by `|`, `nulls` as null.

    Examples
    --------
    >>> plain(pd.Series([1, -99997]), (-99997,)).tolist()
    [1, <NA>]
    >>> plain(pd.Series([2**64 - 1], dtype="UInt64"), ()).tolist()  # more than Int64 holds
    ['18446744073709551615']
    >>> plain(pd.Series([["b", "a"], None]), ()).tolist()
    ['b|a', nan]
    """
    if holds_lists(column):
        column = pd.Series([None if is_null(c) else "|".join(map(written, members(c))) for c in column], dtype="str")
    kind = column.dtype
    result: pd.Series[Any]
    if pd.api.types.is_bool_dtype(kind):
        result = column.astype("boolean")
    elif pd.api.types.is_integer_dtype(kind) and not (column > np.iinfo(np.int64).max).any():
        result = column.astype("Int64")
    elif pd.api.types.is_float_dtype(kind):
        result = column.astype("float64")
    elif isinstance(kind, pd.StringDtype):
        result = column.astype("str")
    elif pd.api.types.is_datetime64_any_dtype(kind):
        result = pd.Series([None if pd.isna(v) else v.isoformat() for v in column], dtype="str")
    else:
        result = pd.Series([None if is_null(v) else written(v) for v in column], dtype="str")
    result = result.reset_index(drop=True)
    stands_for_null = matches(result, nulls) if nulls else np.zeros(len(result), dtype=bool)
    return result.mask(stands_for_null) if stands_for_null.any() else result


def _recode(column: pd.Series, words: dict[str, str | bool | None], name: str, unlisted: Unlisted) -> pd.Series:
    text = pd.Series([None if is_null(v) else written(v) for v in column], dtype="str")
    strange = text.notna() & ~text.isin(list(words))
    if strange.any():
        unlisted.counts.setdefault(name, Counter()).update(text[strange])
    found = [words.get(value) if isinstance(value, str) else None for value in text]
    if {type(value) for value in words.values()} - {type(None)} == {bool}:
        return pd.Series(found, dtype="boolean")
    return pd.Series([None if value is None else written(value) for value in found], dtype="str")


def spelled(column: pd.Series, table: Spellings, name: str, unlisted: Unlisted) -> pd.Series:
    """Return what the values of a column mean by a table of spellings; one that has no meaning is counted."""
    text = pd.Series([None if is_null(v) else written(v) for v in column], dtype="str")
    words = meanings(map(str, text.dropna().unique()), table)
    strange = text.notna() & ~text.isin(list(words))
    if strange.any():
        unlisted.counts.setdefault(name, Counter()).update(text[strange])
    return pd.Series([words.get(value) if isinstance(value, str) else None for value in text], dtype="str")
