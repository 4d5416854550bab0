"""What 3DBAG states of the quality of its own reconstruction, in our names; what is not stated stays null.

Newer releases state one indicator. It is their own formula over attributes that older releases have too, so there the
formula is applied: a building that is known to fail one of its terms is doubtful, one of which a term is missing and
none fails is not known to be sound.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from flexsites.inputs.rows.numbers import numbers
from flexsites.inputs.stock.files import first_column
from flexsites.tables import Frame

__all__ = ["QUALITY_OPTIONAL", "roof_quality"]

_INDICATOR = ("kwaliteitsindicator",)
_OVERLAP = ("bag_bag_overlap",)
_VALIDITY = ("val3dity_lod22",)
_SELECTION = ("pw_selectie_reden",)
_INCOMPLETE = ("reconstructie_onvolledig",)
_RMSE = ("rmse_lod22",)
_CLOUD = ("pw_bron",)
_NODATA = {f"AHN{edition}": (f"nodata_fractie_ahn{edition}",) for edition in (3, 4, 5, 6)}

QUALITY_OPTIONAL = (
    *(name for names in (_INDICATOR, _OVERLAP, _VALIDITY, _SELECTION, _INCOMPLETE, _RMSE, _CLOUD) for name in names),
    *(name for names in _NODATA.values() for name in names),
)
"""Columns of 3DBAG, theirs in every dialect, that are read where they are there."""

_DOUBTFUL_CLOUDS = ("_HIGHEST_YET_INSUFFICIENT_COVERAGE", "_LATEST_BUT_OUTDATED")
_VALID = ("[]", "")


def roof_quality(rows: Frame, *, where: str) -> Frame:
    """Return per building whether its reconstruction is sound, how far the points lie from it, and what has none.

    Parameters
    ----------
    rows
        Attributes of buildings in one of 3DBAG's dialects, names in lower case.
    where
        What to name in an error.

    Returns
    -------
        roof_quality, roof_rmse_m and roof_nodata_share, in the order of the rows.

    Raises
    ------
    InputError
        If a value that must be a number is none.

    Examples
    --------
    >>> stated = pd.DataFrame({"b3_bag_bag_overlap": [0.0, 0.0, None, None], "b3_val3dity_lod22": ["[]", "[302]"] * 2,
    ...                        "b3_pw_selectie_reden": ["PREFERRED_AND_LATEST"] * 4})
    >>> roof_quality(stated, where="3DBAG")["roof_quality"].tolist()
    ['sound', 'doubtful', nan, 'doubtful']
    """
    stated = _truth(rows, _INDICATOR)
    terms = np.array([*_terms(rows, where)])
    by_terms = np.where((terms == 0).any(axis=0), 0.0, np.where(np.isnan(terms).any(axis=0), np.nan, 1.0))
    is_sound = np.where(np.isnan(stated), by_terms, stated)
    # A building that was not reconstructed in full is doubtful, whatever was stated of the model that it has.
    is_sound = np.where(_truth(rows, _INCOMPLETE) == 1, 0.0, is_sound)
    words = np.array(["doubtful", "sound", None], dtype=object)
    rmse = _numbers(rows, _RMSE, where)
    return pd.DataFrame(
        {
            "roof_quality": pd.Series(words[np.where(np.isnan(is_sound), 2, is_sound).astype(int)], dtype="str"),
            "roof_rmse_m": np.where(rmse >= 0, rmse, np.nan),
            "roof_nodata_share": _nodata_share(rows, where),
        }
    )


def _terms(rows: Frame, where: str) -> tuple[np.ndarray, ...]:
    """Return the terms of 3DBAG's formula: 1 met, 0 failed, NaN not stated."""
    overlap = _numbers(rows, _OVERLAP, where)
    validity, selection = _texts(rows, _VALIDITY), _texts(rows, _SELECTION)
    return (
        np.where(np.isnan(overlap), np.nan, (overlap == 0).astype(float)),
        np.where(validity.isna(), np.nan, validity.str.replace(" ", "").isin(_VALID).astype(float)),
        np.where(selection.isna(), np.nan, (~selection.isin(_DOUBTFUL_CLOUDS)).astype(float)),
    )


def _nodata_share(rows: Frame, where: str) -> np.ndarray:
    """Return the share without points of the point cloud that was used for each building."""
    used = _texts(rows, _CLOUD).str.upper()
    share = np.full(len(rows), np.nan)
    for cloud, names in _NODATA.items():
        share = np.where((used == cloud).to_numpy(dtype=bool, na_value=False), _numbers(rows, names, where), share)
    return np.where((share >= 0) & (share <= 1), share, np.nan)


def _numbers(rows: Frame, names: tuple[str, ...], where: str) -> np.ndarray:
    name = first_column(rows, names)
    return np.full(len(rows), np.nan) if name is None else numbers(rows[name], name, where).to_numpy(dtype="float64")


def _texts(rows: Frame, names: tuple[str, ...]) -> pd.Series[str]:
    """Return a column as text; a list (CityJSON) as it would be written."""
    name = first_column(rows, names)
    if name is None:
        return pd.Series(None, index=range(len(rows)), dtype="str")
    return pd.Series([None if _is_null(value) else str(value) for value in rows[name].tolist()], dtype="str")


def _truth(rows: Frame, names: tuple[str, ...]) -> np.ndarray:
    """Return 1 or 0, however true and false are written (booleans, TEXT of a GeoPackage); NaN where not stated."""
    words = _texts(rows, names).str.casefold()
    return words.map({"true": 1.0, "1": 1.0, "1.0": 1.0, "false": 0.0, "0": 0.0, "0.0": 0.0}).to_numpy(dtype="float64")


def _is_null(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))
