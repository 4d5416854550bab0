"""A small drawing of a place as SVG: the parcel, its neighbours, what remains of it, modules, streets, a scale bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

_NICE = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG's content.

    Attributes
    ----------
    width, height
        In pixels.
    neighbours, parcel, pieces, ground, modules, streets
        SVG paths; empty where there is nothing to draw.
    access
        Pixel position of the entrance, where there is one.
    bar_px, bar_m
        Length of the scale bar.
    """

    width: int
    height: int
    neighbours: str
    parcel: str
    pieces: str
    ground: str
    modules: str
    streets: str
    access: tuple[float, float] | None
    bar_px: float
    bar_m: float


def draw(
    parcel: shapely.Geometry,
    *,
    pieces: npt.NDArray[np.object_],
    modules: npt.NDArray[np.object_],
    ground: npt.NDArray[np.object_],
    neighbours: npt.NDArray[np.object_],
    streets: npt.NDArray[np.object_],
    access: tuple[float, float] | None = None,
    width: int = 460,
    height: int = 380,
) -> Drawing:
    """Draw a place, north up, so that the parcel fills about two thirds of the frame.

    Parameters
    ----------
    parcel
        In metres (RD New).
    pieces, ground, modules, neighbours, streets
        Geometry around it; what falls outside the frame is cut off.
    access
        The entrance in RD New.
    width, height
        Of the drawing, in pixels.

    Examples
    --------
    >>> nothing = dict.fromkeys(("pieces", "ground", "modules", "neighbours", "streets"), np.array([], dtype=object))
    >>> made = draw(shapely.box(0, 0, 100, 100), **nothing, width=300, height=300)
    >>> made.parcel, made.bar_m
    ('M50.0 250.0L50.0 50.0L250.0 50.0L250.0 250.0Z', 20.0)
    """
    west, south, east, north = shapely.bounds(parcel)
    scale = min(width / max(east - west, 1.0), height / max(north - south, 1.0)) * 2 / 3
    centre = np.array([(west + east) / 2, (south + north) / 2])
    corner = np.array([width, height]) / 2 / scale
    frame = shapely.box(*(centre - corner), *(centre + corner))

    def path(shapes: npt.NDArray[np.object_], *, closed: bool = True) -> str:
        cut = shapely.intersection(shapes, frame)
        return path_of(cut, centre, scale, np.array([width, height]) / 2, closed=closed)

    bar_m = bar_of(width / 5 / scale)
    point = None
    if access is not None:
        x, y = (np.array(access) - centre) * np.array([scale, -scale]) + np.array([width, height]) / 2
        point = (round(float(x), 1), round(float(y), 1))
    return Drawing(
        width,
        height,
        path(neighbours),
        path(np.array([parcel], dtype=object)),
        path(pieces),
        path(ground),
        path(modules),
        path(streets, closed=False),
        point,
        round(bar_m * scale, 1),
        bar_m,
    )


def path_of(
    shapes: npt.NDArray[np.object_],
    centre: npt.NDArray[np.float64],
    scale: float,
    middle: npt.NDArray[np.float64],
    *,
    closed: bool,
) -> str:
    """Return all rings or lines as one SVG path, to a tenth of a pixel."""
    parts = shapely.get_parts(shapes)
    wanted = shapely.GeometryType.POLYGON if closed else shapely.GeometryType.LINESTRING
    # What lies outside the frame is cut to nothing, and a path without a point ends all that is drawn after it.
    parts = parts[(shapely.get_type_id(parts) == wanted) & ~shapely.is_empty(parts)]
    lines = shapely.get_rings(parts) if closed else parts
    written = []
    for line in lines:
        steps = (shapely.get_coordinates(line) - centre) * np.array([scale, -scale]) + middle
        kept = steps[:-1] if closed else steps
        written.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept) + ("Z" if closed else ""))
    return "".join(written)


def bar_of(longest_m: float) -> float:
    """Return the longest round length that is not longer than asked.

    Examples
    --------
    >>> bar_of(73.0), bar_of(0.9)
    (50.0, 0.5)
    """
    power = 10.0 ** np.floor(np.log10(longest_m))
    return float(max(factor * power for factor in _NICE if factor * power <= longest_m))
