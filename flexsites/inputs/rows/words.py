"""Words in columns from outside: what stands for true and false, and which words a vocabulary does not have.

A word that is nearly one that a rule lists (in capitals, with a comma for a point) is no other word, and no match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

YES = ("true", "waar", "ja", "j", "yes", "y", "1")
NO = ("false", "onwaar", "nee", "n", "no", "0")
_BOOLEANS = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)


def booleans(column: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Return a column as true and false (null: null or empty), and which cells are neither.

    Examples
    --------
    >>> found, is_strange = booleans(pd.Series(["Ja", "false", None, "misschien"]))
    >>> found.tolist(), is_strange.tolist()
    ([True, False, <NA>, <NA>], [False, False, False, True])
    >>> booleans(pd.Series([1.0, 0.0, 2.0]))[0].tolist()
    [True, False, <NA>]
    """
    text = written(column).str.strip().str.lower()
    is_null = text.isna() | (text == "")
    found = text.map(_BOOLEANS).astype("boolean")
    return found, np.asarray(found.isna() & ~is_null, dtype=bool)


def written(column: pd.Series) -> pd.Series:
    """Return values as they are written: 2.0 is "2", true is "true"; null stays null."""
    if isinstance(column.dtype, pd.StringDtype):
        return column
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.map({True: "true", False: "false"}).astype("str")
    if pd.api.types.is_float_dtype(column.dtype):
        whole = column.dropna()
        if len(whole) and (whole % 1 == 0).all():
            return column.astype("Int64").astype("str")
    return column.astype("str")


def strangers(column: pd.Series, words: Iterable[str]) -> NDArray[np.bool_]:
    """Return which values are none of the words; null is no stranger.

    Examples
    --------
    >>> strangers(pd.Series(["hard", "Hard", None]), ["hard", "zacht"]).tolist()
    [False, True, False]
    """
    text = written(column)
    return np.asarray(text.notna() & ~text.isin(list(words)), dtype=bool)


def nearly(column: pd.Series, words: Iterable[str]) -> NDArray[np.bool_]:
    """Return which values would be one of the words but for capitals, blanks, a comma for a point or an underscore.

    Examples
    --------
    >>> nearly(pd.Series(["3,1", " Hard", "hard", "soft"]), ["3.1", "hard"]).tolist()
    [True, True, False, False]
    """
    listed = tuple(words)
    alike = _plainest(pd.Series(listed, dtype="str"))
    text = written(column)
    return np.asarray(text.notna() & ~text.isin(list(listed)) & _plainest(text).isin(list(alike)), dtype=bool)


def _plainest(text: pd.Series) -> pd.Series:
    plain = text.str.strip().str.casefold()
    for sign, instead in ((",", "."), (" ", "_"), ("-", "_")):
        plain = plain.str.replace(sign, instead, regex=False)
    return plain


def by_word(words: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Return lists of words sorted, each word once: what a canonical file depends on, as JSON."""
    return {name: tuple(sorted(set(values))) for name, values in sorted(words.items())}
