"""Polygon filter files (``.poly``): the outlines along which extracts of OpenStreetMap are cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from flexsites.errors import Fault, InputError


def read_poly(path: Path) -> shapely.Geometry:
    """Return the area of a polygon filter file, in degrees.

    Its first line is a name; then come rings, each a name (``!`` before it: a hole), lines of longitude and latitude,
    and END; a last END closes the file.

    Raises
    ------
    InputError
        If it is none.
    """
    outer: list[shapely.Polygon] = []
    holes: list[shapely.Polygon] = []
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()][1:]
        ring: list[tuple[float, float]] | None = None
        is_hole = False
        for line in filter(None, lines):
            if ring is None and line != "END":
                ring, is_hole = [], line.startswith("!")
            elif ring is not None and line == "END":
                (holes if is_hole else outer).append(shapely.Polygon(ring))
                ring = None
            elif ring is not None:
                lon, lat = (float(number) for number in line.split()[:2])
                ring.append((lon, lat))
        area = shapely.difference(shapely.union_all(outer), shapely.union_all(holes))
    except (ValueError, OSError, shapely.errors.GEOSException) as error:
        fault = Fault(f"cannot be read as a polygon filter file ({error})", str(path), "give a .poly file, or polygons")
        raise InputError(fault) from error
    if shapely.is_empty(area) or not (np.abs(shapely.bounds(area)) <= [180, 90, 180, 90]).all():
        what = "the polygon filter file holds no area on earth"
        raise InputError(Fault(what, str(path), "give a .poly file in degrees, or polygons"))
    return area
