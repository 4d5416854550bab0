"""Tables of text as people write them: the first row holds the names, every cell stays the text that it is."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from flexsites.errors import Fault, InputError

_SEPARATORS = ",;\t|"
_EXACT = 2**53
"""Whole numbers beyond this are not all there in 64 bits of a float, in which workbooks keep them."""


def read_text(path: str | Path, where: str, *, is_empty_null: bool = True) -> pd.DataFrame:
    """Read a table of text; its separator is the one that the heading has most of.

    Parameters
    ----------
    path
        The file (csv, txt, tsv), in UTF-8.
    where
        What to name in an error.
    is_empty_null
        Whether cells that are empty, or say NA, are null; else they are texts.

    Raises
    ------
    InputError
        If it is no text or no table, a row has more cells than the heading, or two columns have one name.
    """
    try:
        with Path(path).open(encoding="utf-8-sig") as stream:
            heading = next((line for line in stream if line.strip()), "")
        separator = max(_SEPARATORS, key=heading.count)
        cells = pd.read_csv(
            path, sep=separator, header=None, dtype="str", encoding="utf-8-sig", keep_default_na=is_empty_null
        )
    except UnicodeDecodeError as error:
        raise InputError(Fault("its text is not UTF-8", where, "export it as UTF-8")) from error
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(Fault(f"cannot be read ({error})", where, "export the file again")) from error
    return with_heading(cells, where)


def with_heading(cells: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the rows below the first, under the names that it holds; one that is empty is `Unnamed: n`.

    Raises
    ------
    InputError
        If two columns have one name: nobody can tell which is meant.

    Examples
    --------
    >>> with_heading(pd.DataFrame([["a", None], ["1", "2"]], dtype="str"), "t.csv").to_dict("list")
    {'a': ['1'], 'Unnamed: 1': ['2']}
    """
    first = [] if cells.empty else cells.iloc[0].tolist()
    names = pd.Series([f"Unnamed: {i}" if pd.isna(one) or one == "" else str(one) for i, one in enumerate(first)])
    if twice := sorted(set(names[names.duplicated()])):
        what = "two columns of one name: which is meant is not known"
        raise InputError(Fault(what, where, "give each column a name of its own", len(twice), twice))
    return cells.iloc[1:].reset_index(drop=True).set_axis(names, axis=1)


def as_text(cells: pd.DataFrame) -> pd.DataFrame:
    """Return cells of any kind as text; a number that its file has rounded is written so that it shows it.

    Examples
    --------
    >>> as_text(pd.DataFrame({"a": [12, 900719925474099328], "b": ["012", None]}, dtype="object")).to_dict("list")
    {'a': ['12', '9.007199254740993e+17'], 'b': ['012', nan]}
    """
    texts = cells.astype("str")
    for name in cells.columns:
        column = cells[name].to_numpy(dtype=object)
        is_rounded = np.array([type(one) in (int, float) and abs(one) > _EXACT for one in column], dtype=bool)
        if is_rounded.any():
            texts.loc[is_rounded, name] = [repr(float(one)) for one in column[is_rounded]]
    return texts


def require_exact(keys: pd.Series, where: str) -> None:
    """Refuse keys that a spreadsheet has rounded: they are those of nothing, or of something else.

    Raises
    ------
    InputError
        If a key is written as a power of ten (9.00719925474099E+17).
    """
    is_rounded = keys.astype("str").str.fullmatch(r"\d([.,]\d+)?[eE]\+?\d+").fillna(value=False).to_numpy(dtype=bool)
    if is_rounded.any():
        found = keys[is_rounded].astype("str")
        what = "identifications that a spreadsheet has rounded"
        remedy = "format the column as text before its values are entered or pasted, and save it again"
        raise InputError(Fault(what, where, remedy, len(found), list(found[:3])))
