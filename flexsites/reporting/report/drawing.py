"""A small drawing of a place as SVG: the parcel, its neighbours, what remains of it, modules, streets, a scale bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

_NICE = (1, 2, 5)
_APART_PX = 30
"""Numbers stand so far apart [A] that each is read."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """The number of a place, in pixels: where it stands, and the place itself, which it may stand beside."""

    number: int
    x: float
    y: float
    place: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a drawing in pixels lies on the land, north up.

    Attributes
    ----------
    width, height
        In pixels.
    centre
        What lies in the middle, x and y in metres (RD New).
    scale
        Pixels to a metre.
    """

    width: int
    height: int
    centre: npt.NDArray[np.float64]
    scale: float

    @classmethod
    def around(
        cls, bounds: tuple[float, float, float, float], width: int, height: int, *, margin: int, least_m: float
    ) -> Frame:
        """Return the frame of what lies within bounds, as high as it needs and no higher than given.

        Parameters
        ----------
        bounds
            West, south, east, north in metres.
        width, height
            In pixels, at most.
        margin
            Pixels left free along each side.
        least_m
            What lies closer together does not fill the frame.

        Examples
        --------
        >>> made = Frame.around((0, 0, 800, 200), 900, 620, margin=50, least_m=100)
        >>> made.height, made.scale, made.bar_m
        (300, 1.0, 100.0)
        """
        west, south, east, north = bounds
        sides = max(east - west, least_m), max(north - south, least_m)
        scale = min((width - 2 * margin) / sides[0], (height - 2 * margin) / sides[1])
        high = int(min(height, sides[1] * scale + 2 * margin))
        return cls(width, high, np.array([(west + east) / 2, (south + north) / 2]), scale)

    @property
    def middle(self) -> npt.NDArray[np.float64]:
        """The middle, in pixels."""
        return np.array([self.width, self.height]) / 2

    @property
    def box(self) -> shapely.Polygon:
        """What the frame shows, in metres."""
        corner = self.middle / self.scale
        return shapely.box(*(self.centre - corner), *(self.centre + corner))

    @property
    def bar_m(self) -> float:
        """The length of the scale bar, a fifth of the width at most."""
        return bar_of(self.width / 5 / self.scale)

    @property
    def bar_px(self) -> float:
        """The same, in pixels."""
        return round(self.bar_m * self.scale, 1)

    def at(self, places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return where places lie in the drawing, shape (n, 2) both."""
        return np.asarray((places - self.centre) * [self.scale, -self.scale] + self.middle)

    def numbered(self, places: Sequence[tuple[int, tuple[float, float]]]) -> list[Numbered]:
        """Return where the numbers of places stand: at their places, and beside each other where these lie together."""
        found: list[Numbered] = []
        for number, place in places:
            x, y = there = tuple(np.round(self.at(np.array(place)), 1).tolist())
            while any(np.hypot(x - one.x, y - one.y) < _APART_PX for one in found):
                x += _APART_PX
            found.append(Numbered(number, x, y, there))
        return found

    def path(self, shapes: npt.NDArray[np.object_], *, closed: bool = True) -> str:
        """Return what the frame shows of all rings or lines as one SVG path, to a tenth of a pixel."""
        parts = shapely.get_parts(self._cut(shapes))
        wanted = shapely.GeometryType.POLYGON if closed else shapely.GeometryType.LINESTRING
        # What lies outside the frame is cut to nothing, and a path without a point ends all that is drawn after it.
        parts = parts[(shapely.get_type_id(parts) == wanted) & ~shapely.is_empty(parts)]
        lines = shapely.get_rings(parts) if closed else parts
        written = []
        for line in lines:
            steps = self.at(shapely.get_coordinates(line))
            kept = steps[:-1] if closed else steps
            written.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept) + ("Z" if closed else ""))
        return "".join(written)

    def _cut(self, shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
        """Return shapes cut to the frame; most lie in it."""
        low, high = np.split(shapely.bounds(shapes).reshape(-1, 4), 2, axis=1)
        west, south, east, north = shapely.bounds(self.box)
        is_beyond = ~((low >= [west, south]) & (high <= [east, north])).all(axis=1)
        cut = np.array(shapes, dtype=object)
        cut[is_beyond] = shapely.intersection(cut[is_beyond], self.box)
        return cut


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
    ('M250.0 250.0L250.0 50.0L50.0 50.0L50.0 250.0Z', 20.0)
    """
    west, south, east, north = shapely.bounds(parcel)
    scale = min(width / max(east - west, 1.0), height / max(north - south, 1.0)) * 2 / 3
    frame = Frame(width, height, np.array([(west + east) / 2, (south + north) / 2]), scale)
    point = None
    if access is not None:
        x, y = frame.at(np.array(access))
        point = (round(float(x), 1), round(float(y), 1))
    return Drawing(
        width,
        height,
        frame.path(neighbours),
        frame.path(np.array([parcel], dtype=object)),
        frame.path(pieces),
        frame.path(ground),
        frame.path(modules),
        frame.path(streets, closed=False),
        point,
        frame.bar_px,
        frame.bar_m,
    )


def bar_of(longest_m: float) -> float:
    """Return the longest round length that is not longer than asked.

    Examples
    --------
    >>> bar_of(73.0), bar_of(0.9)
    (50.0, 0.5)
    """
    power = 10.0 ** np.floor(np.log10(longest_m))
    return float(max(factor * power for factor in _NICE if factor * power <= longest_m))
