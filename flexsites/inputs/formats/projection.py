"""To RD New (EPSG:28992), with a transformation whose accuracy is known and told.

The official RDNAPTRANS grid is not part of pyproj's wheels. Where it is absent PROJ falls back on a seven-parameter
transformation of 0.25 m, which is told as such; a ballpark transformation (more than 100 m off) is refused.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup

from flexsites.errors import CrsError, Fault
from flexsites.tables import RD_BOUNDS, Bounds

Geometries = NDArray[np.object_]

RD_NEW = 28992
# Where coordinates in degrees can lie that are meant to be in the Netherlands: its area with the North Sea.
_LONGITUDES = (2.0, 8.0)
_MOST_DEGREES = 360.0
_LATITUDES = (50.0, 56.0)


@dataclass(frozen=True, slots=True)
class Projection:
    """How coordinates of one reference system become RD New.

    `accuracy_m` is what PROJ states for the transformation; null when nothing needs to be done or nothing is stated.
    """

    source: str
    is_identity: bool
    accuracy_m: float | None = None
    has_official_grid: bool = True

    @property
    def notes(self) -> str:
        """One sentence for the manifest; empty when the source is in RD New already."""
        if self.is_identity:
            return ""
        grid = "with the RDNAPTRANS grid" if self.has_official_grid else "without the RDNAPTRANS grid (not installed)"
        accuracy = "unknown" if self.accuracy_m is None else f"{self.accuracy_m:g} m"
        return f"from {self.source} {grid}, accuracy {accuracy}"

    def apply(self, geometries: Geometries) -> Geometries:
        """Return the geometries in RD New; null stays null. x and y only: heights are not transformed."""
        flat = shapely.force_2d(geometries) if shapely.has_z(geometries).any() else geometries
        if self.is_identity:
            return np.asarray(flat, dtype=object)
        transformer = _transformer(self.source)

        def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
            x, y = transformer.transform(xy[:, 0], xy[:, 1], errcheck=False)
            return np.column_stack([x, y])

        return np.asarray(shapely.transform(flat, move), dtype=object)

    def n_exchanged(self, geometries: Geometries, window: Bounds | None, but: Bounds | None) -> int:
        """Return how many geometries would lie in or at a window in RD New if x and y were exchanged in them.

        Parameters
        ----------
        geometries
            Shape (n,), in the source's own coordinates.
        window
            The window; None: there is none, and nothing lies outside it.
        but
            What lies in this one does not count; None: all does.

        Examples
        --------
        >>> given = np.array([shapely.Point(52.1552, 5.3872), shapely.Point(5.3872, 52.1552), shapely.Point(9.0, 5.0)])
        >>> to_rd("EPSG:4326", where="x").n_exchanged(given, (154_990, 462_990, 155_010, 463_010), None)
        1
        """
        if window is None or not len(geometries):
            return 0
        south, west, north, east = np.moveaxis(shapely.bounds(geometries), -1, 0)

        def meet(box: Bounds) -> NDArray[np.bool_]:
            low_x, low_y, high_x, high_y = self.window(box)
            found = (east >= low_x) & (west <= high_x) & (north >= low_y) & (south <= high_y)
            return np.asarray(found, dtype=bool)

        is_counted = meet(window)
        return int((is_counted if but is None else is_counted & ~meet(but)).sum())

    def window(self, bounds: Bounds) -> Bounds:
        """Return a window in the source's own coordinates that holds a window in RD New."""
        if self.is_identity:
            return bounds
        west, south, east, north = _transformer(self.source).transform_bounds(*bounds, direction="INVERSE")
        margin = max(east - west, north - south) / 100
        return west - margin, south - margin, east + margin, north + margin


def to_rd(crs: str, *, where: str) -> Projection:
    """Return the projection of a reference system to RD New.

    Raises
    ------
    CrsError
        If the system is not known, or PROJ only has a ballpark transformation for it.

    Examples
    --------
    >>> to_rd("EPSG:28992", where="parcels.gpkg").is_identity
    True
    """
    try:
        system = CRS.from_user_input(crs)
    except CRSError as error:
        fault = Fault(f"the CRS {crs!r} is not known", where, "give an EPSG code, for example EPSG:28992")
        raise CrsError(fault) from error
    flat = _horizontal(system)
    if flat.to_epsg() == RD_NEW or flat == CRS.from_epsg(RD_NEW):
        return Projection(source=crs, is_identity=True)
    try:
        group = _group(crs)
    except (ProjError, IndexError) as error:  # of a system that is nearly one PROJ lists a grid and does not name it
        raise CrsError(Fault(f"the CRS {crs} cannot be transformed to RD New", where, "reproject it first")) from error
    best = group.transformers[0] if group.transformers else None
    if best is None or "ballpark" in best.description.lower():
        what = f"only a ballpark transformation exists from {crs} to RD New"
        raise CrsError(Fault(what, where, "reproject the file with RDNAPTRANS first, or install the PROJ grids"))
    accuracy = best.accuracy if best.accuracy is not None and best.accuracy >= 0 else None
    official = any("rdtrans" in step for step in (best.definition or "").split())
    return Projection(crs, is_identity=False, accuracy_m=accuracy, has_official_grid=official)


def coordinate_faults(bounds: NDArray[np.float64], crs: str, *, where: str) -> list[Fault]:
    """Return what the numbers say against their label, from bounds as read (n, 4; NaN rows are ignored).

    Degrees labelled as metres, metres labelled as degrees, and axes that are exchanged (of land in RD New y is beyond
    any x) are each a fault of the whole file. Single features outside the country are faults of rows, found after
    projection.

    Examples
    --------
    >>> degrees = np.array([[4.9, 52.3, 5.0, 52.4]])
    >>> [f.what for f in coordinate_faults(degrees, "EPSG:28992", where="x")]
    ['coordinates in degrees, labelled EPSG:28992']
    """
    known = bounds[~np.isnan(bounds).any(axis=1)]
    if len(known) == 0:
        return []
    middle = np.median(known, axis=0)
    low, high = middle[:2], middle[2:]
    is_degrees = bool(_within(low[0], _LONGITUDES) and _within(low[1], _LATITUDES))
    is_swapped = bool(_within(low[0], _LATITUDES) and _within(low[1], _LONGITUDES))
    is_metres = bool(_within(low[0], RD_BOUNDS[::2]) and _within(high[1], RD_BOUNDS[1::2]))
    system = _horizontal(CRS.from_user_input(crs))
    if system.to_epsg() == RD_NEW and _within(low[0], RD_BOUNDS[1::2]) and _within(high[1], RD_BOUNDS[::2]):
        return [Fault(f"y stands before x, labelled {crs}", where, "write the file with x first")]
    if is_swapped:
        what = f"latitude stands before longitude, labelled {crs}"
        return [Fault(what, where, "write the file with longitude first (x, y)")]
    is_beyond = bool(np.abs([low, high]).max() > _MOST_DEGREES)  # also where x and y were exchanged by the label
    if system.is_geographic and (is_metres or is_beyond):
        return [
            Fault(
                f"coordinates in metres, labelled {crs}",
                where,
                "relabel the file (EPSG:28992); GeoJSON without `crs` may be declared",
            )
        ]
    if system.to_epsg() == RD_NEW and is_degrees:
        what = f"coordinates in degrees, labelled {crs}"
        return [Fault(what, where, "relabel the file (EPSG:4326) or reproject it to EPSG:28992")]
    return []


def outside_rd(geometries: Geometries) -> NDArray[np.bool_]:
    """Return which geometries lie wholly outside the domain of RD New; null and empty ones do not.

    What only reaches outside (a nature area of the sea) is kept whole.
    """
    bounds = shapely.bounds(geometries)
    west, south, east, north = np.moveaxis(bounds, -1, 0)
    with np.errstate(invalid="ignore"):
        is_outside = (east < RD_BOUNDS[0]) | (west > RD_BOUNDS[2]) | (north < RD_BOUNDS[1]) | (south > RD_BOUNDS[3])
    is_infinite = np.isinf(bounds).any(axis=1)
    is_lost = np.isnan(bounds).any(axis=1) & ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    return np.asarray(is_outside | is_infinite | is_lost, dtype=bool)


def meets(geometry: Geometries, bounds: Bounds | None) -> NDArray[np.bool_]:
    """Return which rows may lie in the window; those without an extent cannot be told to lie outside, so they count."""
    if bounds is None:
        return np.ones(len(geometry), dtype=bool)
    west, south, east, north = np.moveaxis(shapely.bounds(geometry), -1, 0)
    away = (east < bounds[0]) | (west > bounds[2]) | (north < bounds[1]) | (south > bounds[3])
    return np.asarray(~away, dtype=bool)


def _within(value: float, limits: tuple[float, ...]) -> bool:
    return limits[0] <= value <= limits[1]


def _horizontal(system: CRS) -> CRS:
    """Return the horizontal part of a compound system (EPSG:7415 is RD New with heights)."""
    if system.is_compound:
        return CRS.from_user_input(system.sub_crs_list[0])
    return system


@lru_cache(maxsize=32)
def _group(crs: str) -> Any:  # noqa: ANN401 - pyproj's own class carries no types
    """Return PROJ's candidate transformations, best first; that a better grid exists is told by us, not warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        source = _horizontal(CRS.from_user_input(crs))
        return TransformerGroup(source, CRS.from_epsg(RD_NEW), always_xy=True, allow_ballpark=False)


@lru_cache(maxsize=32)
def _transformer(crs: str) -> Transformer:
    return _group(crs).transformers[0]  # type: ignore[no-any-return]
