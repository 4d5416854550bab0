"""The parcels by their verdict as a drawing in the page: it needs no script and no WebGL, and prints at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from flexsites.reporting.report.drawing import Frame, Numbered
from flexsites.reporting.report.first_places import FirstPlace
from flexsites.reporting.report.land import VERDICTS

_WIDTH, _HEIGHT = 900, 620
_MARGIN = 12
_LEAST_M = 100.0
"""Shown at least [A]: a single parcel does not fill the drawing."""
_STEP_PX = 0.5
"""What lines are simplified by [A]: half a pixel is not seen."""
_SEEN_PX2 = 1.0
"""Of what is smaller [A] nothing is seen; parcels that are not excluded are drawn all the same, with a line around."""

_NOTHING: npt.NDArray[np.object_] = np.array([], dtype=object)


@dataclass(frozen=True, slots=True)
class ParcelMap:
    """An SVG's content: its size, paths, and a scale bar.

    Attributes
    ----------
    numbers
        Of each place that is numbered.
    water, buildings, streets
        What lies around; empty where the run has none, or nothing that is seen at this scale.
    parcels
        Per verdict that occurs its key and its path; those that matter most come last, over the others.
    """

    width: int
    height: int
    water: str
    buildings: str
    streets: str
    parcels: list[tuple[str, str]]
    numbers: list[Numbered]
    bar_px: float
    bar_m: float


def parcel_map(
    parcels: gpd.GeoDataFrame, around: Mapping[str, npt.NDArray[np.object_]], places: Sequence[FirstPlace] = ()
) -> ParcelMap | None:
    """Draw parcels by their verdict, with the water, the buildings and the main streets around them; None: no parcels.

    Parameters
    ----------
    parcels
        With ``verdict``, in RD New.
    around
        What lies around them, by what it is.
    places
        Places that are numbered.

    Examples
    --------
    >>> two = gpd.GeoDataFrame(
    ...     {"verdict": ["excluded", "eligible"]}, geometry=[shapely.box(0, 0, 400, 200), shapely.box(400, 0, 800, 200)]
    ... )
    >>> made = parcel_map(two, {"water": np.array([shapely.box(-900, 0, -800, 9)])})
    >>> [verdict for verdict, _ in made.parcels], made.water, made.bar_m
    (['excluded', 'eligible'], '', 100.0)
    """
    shapes = parcels.geometry.to_numpy()
    if not len(shapes) or shapely.is_empty(shapes).all():
        return None
    frame = Frame.around(tuple(shapely.total_bounds(shapes)), _WIDTH, _HEIGHT, margin=_MARGIN, least_m=_LEAST_M)

    def path(drawn: npt.NDArray[np.object_], *, closed: bool = True) -> str:
        return frame.path(shapely.simplify(drawn, _STEP_PX / frame.scale), closed=closed)

    def areas(drawn: npt.NDArray[np.object_]) -> str:
        return path(drawn[shapely.area(drawn) * frame.scale**2 >= _SEEN_PX2])

    def of(verdict: str) -> str:
        own = shapes[parcels["verdict"].eq(verdict).to_numpy()]
        return areas(own) if verdict == "excluded" else path(own)

    there = set(parcels["verdict"])
    return ParcelMap(
        frame.width,
        frame.height,
        areas(around.get("water", _NOTHING)),
        areas(around.get("buildings", _NOTHING)),
        path(around.get("streets", _NOTHING), closed=False),
        [(one, of(one)) for one in reversed(VERDICTS) if one in there],
        frame.numbered([(place.number, place.at) for place in places]),
        frame.bar_px,
        frame.bar_m,
    )
