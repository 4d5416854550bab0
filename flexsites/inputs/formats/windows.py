"""Windows of a fetch: boxes in RD New, quarters of them, and the same in degrees."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flexsites.tables.spatial_files import Bounds


def quarters(bounds: Bounds) -> list[Bounds]:
    """Return the four quarters of a window.

    Examples
    --------
    >>> quarters((0.0, 0.0, 2.0, 2.0))[3]
    (1.0, 1.0, 2.0, 2.0)
    """
    west, south, east, north = bounds
    x, y = (west + east) / 2.0, (south + north) / 2.0
    return [(west, south, x, y), (x, south, east, y), (west, y, x, north), (x, y, east, north)]


def holds(outer: Bounds | None, inner: Bounds | None) -> bool:
    """Return whether a window lies in another; None is everywhere.

    Examples
    --------
    >>> holds(None, (0, 0, 1, 1)), holds((0, 0, 1, 1), None), holds((0, 0, 2, 2), (0, 0, 1, 1))
    (True, False, True)
    """
    if outer is None or inner is None:
        return outer is None
    lower = all(o <= i for o, i in zip(outer[:2], inner[:2], strict=True))
    return lower and all(o >= i for o, i in zip(outer[2:], inner[2:], strict=True))


def beyond(outer: Bounds | None, inner: Bounds | None) -> str:
    """Return how much of a window lies beyond another, in words; empty where nothing does.

    Examples
    --------
    >>> beyond((0, 0, 100, 100), (0, -1500, 100, 100))
    '1,500 m further south'
    """
    if outer is None or inner is None:
        return "the whole is asked"
    sides = ("west", "south", "east", "north")
    gaps = [o - i for o, i in zip(outer[:2], inner[:2], strict=True)]
    gaps += [i - o for o, i in zip(outer[2:], inner[2:], strict=True)]
    return ", ".join(f"{gap:,.0f} m further {side}" for gap, side in zip(gaps, sides, strict=True) if gap > 0)


def around(bounds: Bounds, distance_m: float) -> Bounds:
    """Return a window and what lies within a distance of it.

    Examples
    --------
    >>> around((0.0, 0.0, 1.0, 1.0), 2.0)
    (-2.0, -2.0, 3.0, 3.0)
    """
    west, south, east, north = bounds
    return west - distance_m, south - distance_m, east + distance_m, north + distance_m


def in_degrees(bounds: Bounds) -> Bounds:
    """Return the box in degrees (longitude, latitude) around a window in RD New.

    Examples
    --------
    >>> [round(b, 2) for b in in_degrees((120_000, 486_000, 121_000, 487_000))]
    [4.87, 52.36, 4.89, 52.37]
    """
    west, south, east, north = _to_degrees().transform_bounds(*bounds)
    return west, south, east, north


@lru_cache(maxsize=1)
def _to_degrees() -> Any:  # noqa: ANN401 - pyproj's own class
    from pyproj import Transformer  # noqa: PLC0415 - only where a service is doubted

    return Transformer.from_crs("EPSG:28992", "OGC:CRS84", always_xy=True)
