"""A map per gemeente of a run over several: how much each offers for its size, and of how much nothing is known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.drawing import Frame, Numbered
from flexsites.reporting.report.first_places import FirstPlace
from flexsites.reporting.results import Results
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.views import is_open
from flexsites.reporting.words import Words
from flexsites.tables.counting import AVAILABLE

_WIDTH, _HEIGHT = 440, 400
_MARGIN = 10
_LEAST_M = 1000.0
"""Shown at least [A]."""
_STEP_PX = 0.4
"""What borders are simplified by [A]: less than half a pixel is not seen."""
_N_CLASSES = 5
"""As many as the ramp has colours."""
_SHARES = (0.1, 0.25, 0.5, 0.75)
"""Where classes of a share begin [A]."""
_LETTER_PX, _LINE_PX = 5.6, 13.0
"""What a letter of a name takes of the map, and a line: names that would be written over each other are left out."""
_M2_PER_KM2 = 1e6


@dataclass(frozen=True, slots=True)
class AreaClass:
    """A class of a map: its label, its fill (``unknown`` is a pattern), and the path of what is in it."""

    label: str
    fill: str
    path: str


@dataclass(frozen=True, slots=True)
class AreaMap:
    """An SVG: its title, size, classes, borders, names, numbers of places, scale bar, and its number of gemeenten."""

    title: str
    width: int
    height: int
    classes: list[AreaClass]
    borders: str
    names: list[tuple[str, float, float]]
    numbers: list[Numbered]
    bar_px: float
    bar_km: float
    n_areas: int


def area_maps(results: Results, words: Words, places: Sequence[FirstPlace] = ()) -> list[AreaMap]:
    """Return two maps of the gemeenten of a run, side by side; none where it has fewer than two with a border.

    The first is of the common programme on available parcels by the area that was examined. A gemeente of which no
    parcel is known to be available while of some it is unknown is apart: zero would be a claim. The second is of that
    unknown itself, as a share of the area that was examined.

    Parameters
    ----------
    results, words
        The run, and the language.
    places
        Places that are numbered, on the first map.
    """
    told = _per_gemeente(results)
    if len(told) < 2:  # noqa: PLR2004 - of one there is nothing to compare
        return []
    shapes = told["geometry"].to_numpy(dtype=object)
    bounds = tuple(shapely.total_bounds(shapes))
    frame = Frame.around(bounds, _WIDTH, _HEIGHT, margin=_MARGIN, least_m=_LEAST_M)
    simple = shapely.simplify(shapes, _STEP_PX / frame.scale)
    homes, share = told["homes_per_km2"].to_numpy(), told["unknown_share"].to_numpy()
    return [
        _drawn(words.text("areas.homes"), frame, simple, _of_homes(homes, words), told, places),
        _drawn(words.text("areas.unknown"), frame, simple, _of_shares(share, words), told, ()),
    ]


def _per_gemeente(results: Results) -> pd.DataFrame:
    """Return of each gemeente with parcels and a border its name, its homes per km2 examined, and what is unknown.

    Returns
    -------
        Key (index) the code: ``name, homes_per_km2`` (null: not known), ``unknown_share`` of the area, ``geometry``.
    """
    if not results.has("canonical/areas"):
        return pd.DataFrame()
    verdicts = summary(results, "verdicts")
    own = verdicts[verdicts["area_kind"] == "gemeente"]
    area = own.pivot_table(index="area_code", columns="verdict", values="parcel_area_m2", aggfunc="sum", fill_value=0.0)
    homes = own[own["verdict"].isin(AVAILABLE)].groupby("area_code")["n_common_expected"].sum()
    areas = results.table("canonical/areas")
    areas = areas[areas["area_kind"] == "gemeente"].set_index("area_code")
    codes = area.index.intersection(areas.index)
    area, examined = area.loc[codes], area.loc[codes].sum(axis=1)
    known = sum((area[one] for one in AVAILABLE if one in area), start=pd.Series(0.0, index=codes))
    unknown = area["unknown"] if "unknown" in area else pd.Series(0.0, index=codes)
    is_unknown = [is_open(*both) for both in zip(known, unknown, strict=True)]
    per_km2 = homes.reindex(codes).fillna(0.0) / (examined / _M2_PER_KM2)
    return pd.DataFrame(
        {
            "name": areas.loc[codes, "area_name"],
            "homes_per_km2": per_km2.mask(np.array(is_unknown)),
            "unknown_share": unknown / examined,
            "geometry": areas.loc[codes, "geometry"].to_numpy(dtype=object),
        },
        index=codes,
    )


def breaks_of(values: npt.NDArray[np.float64], n: int) -> list[float]:
    """Return where classes begin: rounded to two figures, about as many values in each; fewer where values are alike.

    Parameters
    ----------
    values
        Shape (m,), above 0.
    n
        How many classes at most.

    Examples
    --------
    >>> breaks_of(np.array([1.0, 23.4, 49.8, 512.0, 5210.0]), 3)
    [1.0, 32.0, 360.0]
    >>> breaks_of(np.array([7.0, 7.0]), 5)
    [7.0]
    """
    if not len(values):
        return []
    cuts = np.quantile(values, np.arange(n) / n)
    power = 10.0 ** (np.floor(np.log10(cuts)) - 1)
    rounded = np.floor(cuts / power + 0.5) * power
    rounded[0] = np.floor(cuts[0] / power[0]) * power[0]  # the lowest is in the first class
    return sorted({round(float(one), 6) for one in rounded})


Classed = tuple[list[tuple[str, str]], npt.NDArray[np.int64]]
"""The label and fill of each class, and of each gemeente its class."""


def _of_homes(homes: npt.NDArray[np.float64], words: Words) -> Classed:
    breaks = breaks_of(homes[homes > 0], _N_CLASSES)
    ramp = presentation().colours.ramp[-len(breaks) :] if breaks else ()
    ends = [words.text("areas.from", low=_figure(one, words)) for one in breaks]
    spans = [
        words.text("areas.between", low=_figure(low, words), high=_figure(high, words))
        for low, high in itertools.pairwise(breaks)
    ]
    labels = [*spans, *ends[-1:]]
    which = np.where(homes > 0, 1 + np.searchsorted(breaks, homes, side="right"), 1)
    which[np.isnan(homes)] = 0
    none = [(words.unknown, "unknown"), (words.text("areas.none"), presentation().colours.verdict["excluded"])]
    return [*none, *zip(labels, ramp, strict=True)], which.astype(np.int64)


def _of_shares(share: npt.NDArray[np.float64], words: Words) -> Classed:
    ends = [0.0, *_SHARES, 1.0]
    labels = [
        words.text("areas.between", low=words.percent(low), high=words.percent(high))
        for low, high in itertools.pairwise(ends)
    ]
    which = np.where(share > 0, 1 + np.searchsorted(_SHARES, share, side="right"), 0)
    none = (words.text("areas.none"), presentation().colours.verdict["excluded"])
    return [none, *zip(labels, presentation().colours.unknown_ramp, strict=True)], which.astype(np.int64)


def _figure(value: float, words: Words) -> str:
    """Write where a class begins: two figures, as it was rounded to."""
    return words.number(value, max(0, 1 - math.floor(math.log10(value))))


def _drawn(
    title: str,
    frame: Frame,
    shapes: npt.NDArray[np.object_],
    classed: Classed,
    told: pd.DataFrame,
    places: Sequence[FirstPlace],
) -> AreaMap:
    classes, which = classed
    return AreaMap(
        title,
        frame.width,
        frame.height,
        [
            AreaClass(label, fill, frame.path(shapes[which == i]))
            for i, (label, fill) in enumerate(classes)
            if (which == i).any()
        ],
        frame.path(shapely.boundary(shapes), closed=False),
        _names(frame, shapes, told["name"].tolist()),
        frame.numbered([(place.number, place.at) for place in places]),
        frame.bar_px,
        frame.bar_m / 1000.0,
        len(shapes),
    )


def _names(frame: Frame, shapes: npt.NDArray[np.object_], names: Sequence[str]) -> list[tuple[str, float, float]]:
    """Return the names that can be read, and where they stand: of the largest first, none over another."""
    at = frame.at(shapely.get_coordinates(shapely.point_on_surface(shapes)))
    found: list[tuple[str, float, float]] = []
    for i in np.argsort(-shapely.area(shapes), kind="stable").tolist():
        name, (x, y) = str(names[i]), np.round(at[i], 1).tolist()
        reach = len(name) * _LETTER_PX / 2
        is_free = all(
            abs(y - its_y) > _LINE_PX or abs(x - its_x) > reach + len(its) * _LETTER_PX / 2
            for its, its_x, its_y in found
        )
        if is_free and reach <= x <= frame.width - reach:
            found.append((name, x, y))
    return found
