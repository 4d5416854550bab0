"""A synthetic country of any size, made tile by tile: what a tile holds does not depend on the order or the others.

The real country has about 8.4 million parcels on 34,000 km2. Here a tile is a square kilometre, and chance says how
urban it is and so how many parcels it has. Nothing of the country is held in memory but the tile asked for. Where real
borders are given, the tiles whose middle lies within them are the country; else it is a square.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from flexsites.worlds.shapes import footprints, ragged_areas, soil, warped_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE_M = 1_000.0
"""Side of a tile."""

COARSE_M = 20_000.0
"""Side of the squares in which large areas are anchored."""

ORIGIN = (20_000.0, 310_000.0)
"""South-west corner of the country in RD New."""

GRIDS = ((4, 5), (9, 10), (20, 22), (36, 40))
"""Parcels per tile as (rows, columns) from rural to urban: 20, 90, 440, 1,440."""

DENSITY_STEPS = (0.5, 0.75, 0.89)
"""Shares of tiles below each step up: half rural, 11 % town. The mean is 252 parcels per tile, as in the country."""

MEAN_PARCELS = 252.0

BUILT_SHARES, SHED_SHARES = (0.3, 0.85), (0.3, 0.5)
"""Shares of parcels with a building, and with a shed, in the country and from the second step of density on: together
1.3 a parcel, as in the country."""

SHED_M = (3.0, 4.0)
"""Sides of a shed."""


@dataclass(frozen=True)
class Tile:
    """
    What one tile holds.

    Parameters
    ----------
    parcel_id
        Ids, shape (n,), unique in the country.
    parcels
        Polygons that tile the square, but for the spoilt ones.
    kinds
        ``"clean"`` or how the parcel is spoilt, see ``shapes.soil``.
    is_urban
        Whether the tile is a town.
    buildings
        Footprints, shape (m,).
    building_id
        16 digits, as in the BAG, shape (m,).
    is_shed
        Whether it is a shed, which holds no dwelling, shape (m,).
    building_row
        The row of the parcel on which each building stands, shape (m,).
    """

    parcel_id: NDArray[np.str_]
    parcels: NDArray[np.object_]
    kinds: NDArray[np.str_]
    is_urban: bool
    buildings: NDArray[np.object_]
    building_id: NDArray[np.str_]
    is_shed: NDArray[np.bool_]
    building_row: NDArray[np.int64]


@dataclass(frozen=True)
class Country:
    """
    A synthetic country.

    Parameters
    ----------
    n_parcels
        About how many parcels; ``count`` gives the exact number.
    seed
        Equal seeds give equal countries.
    dirty_share
        Share of parcels that are spoilt.
    land
        The land within real borders, in RD New; its area then says how many parcels there are. None: a square.

    Examples
    --------
    >>> country = Country(5_000)
    >>> country.n_tiles, country.count() == sum(len(country.tile(i).parcels) for i in range(country.n_tiles))
    (25, True)
    """

    n_parcels: int
    seed: int = 1
    dirty_share: float = 0.001
    land: shapely.Geometry | None = None

    @property
    def origin(self) -> tuple[float, float]:
        """South-west corner in RD New."""
        if self.land is None:
            return ORIGIN
        west, south, _, _ = shapely.bounds(self.land)
        return float(np.floor(west / TILE_M) * TILE_M), float(np.floor(south / TILE_M) * TILE_M)

    @property
    def shape(self) -> tuple[int, int]:
        """Tiles from south to north, and from west to east."""
        if self.land is None:
            side = max(1, int(np.ceil(np.sqrt(self.n_parcels / MEAN_PARCELS))))
            return side, side
        _, _, east, north = shapely.bounds(self.land)
        start_x, start_y = self.origin
        return int(np.ceil((north - start_y) / TILE_M)), int(np.ceil((east - start_x) / TILE_M))

    @property
    def n_columns(self) -> int:
        """Tiles from west to east."""
        return self.shape[1]

    @property
    def n_tiles(self) -> int:
        """Number of tiles, those outside the borders among them."""
        return self.shape[0] * self.shape[1]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Extent (minx, miny, maxx, maxy) in m."""
        (n_rows, n_columns), (west, south) = self.shape, self.origin
        return west, south, west + n_columns * TILE_M, south + n_rows * TILE_M

    @cached_property
    def is_land(self) -> NDArray[np.bool_]:
        """Which tiles are land: their middle lies within the borders, shape (n_tiles,)."""
        if self.land is None:
            return np.ones(self.n_tiles, dtype=bool)
        row, column = np.divmod(np.arange(self.n_tiles), self.n_columns)
        west, south = self.origin
        shapely.prepare(self.land)
        middle = west + (column + 0.5) * TILE_M, south + (row + 0.5) * TILE_M
        return np.asarray(shapely.contains_xy(self.land, *middle), dtype=bool)

    def grid(self, number: int) -> tuple[int, int]:
        """Rows and columns of parcels of a tile; none at sea."""
        if not self.is_land[number]:
            return 0, 0
        urbanity = np.random.default_rng((self.seed, 1, number)).random()
        return GRIDS[int(np.searchsorted(DENSITY_STEPS, urbanity, side="right"))]

    def count(self) -> int:
        """Exact number of parcels of the country, without making them."""
        return sum(rows * columns for rows, columns in map(self.grid, range(self.n_tiles)))

    def tile_bounds(self, number: int) -> tuple[float, float, float, float]:
        """
        Extent of a tile.

        Raises
        ------
        IndexError
            If there is no such tile.
        """
        if not 0 <= number < self.n_tiles:
            message = f"tile {number} of {self.n_tiles}"
            raise IndexError(message)
        row, column = divmod(number, self.n_columns)
        west, south = self.origin[0] + column * TILE_M, self.origin[1] + row * TILE_M
        return west, south, west + TILE_M, south + TILE_M

    def tile(self, number: int) -> Tile:
        """Make one tile: the same content whatever was made before."""
        bounds = self.tile_bounds(number)
        n_rows, n_columns = self.grid(number)
        if not n_rows:
            none = np.empty(0, dtype=object)
            words, rows = np.empty(0, dtype="<U12"), np.empty(0, dtype=np.int64)
            return Tile(words, none, words, False, none, words, rows > 0, rows)  # noqa: FBT003 - nothing is there
        rng = np.random.default_rng((self.seed, 2, number))
        parcels = warped_grid(bounds, n_rows, n_columns, rng)
        is_dense = n_rows >= GRIDS[2][0]
        houses, house_row = footprints(parcels, np.full(len(parcels), BUILT_SHARES[is_dense]), rng)
        sheds, shed_row = _sheds(parcels, SHED_SHARES[is_dense], rng)
        buildings = np.concatenate([houses, sheds])
        spoilt, kinds = soil(parcels, self.dirty_share, rng)
        parcel_id = np.array([f"NL{number:06d}{row:05d}" for row in range(len(parcels))])
        building_id = np.array([f"{number + 1:07d}10{row:07d}" for row in range(len(buildings))])
        return Tile(
            parcel_id,
            spoilt,
            kinds,
            is_urban=(n_rows, n_columns) == GRIDS[-1],
            buildings=buildings,
            building_id=building_id,
            is_shed=np.arange(len(buildings)) >= len(houses),
            building_row=np.concatenate([house_row, shed_row]),
        )

    def tiles(self) -> Iterator[tuple[int, Tile]]:
        """Every tile in turn, with its number."""
        for number in range(self.n_tiles):
            yield number, self.tile(number)

    @property
    def squares(self) -> tuple[int, int]:
        """Squares of 20 km from south to north, and from west to east."""
        n_rows, n_columns = (int(np.ceil(n * TILE_M / COARSE_M)) for n in self.shape)
        return n_rows, n_columns

    def areas(
        self,
        layer: str,
        bounds: tuple[float, float, float, float] | None = None,
        *,
        per_square: int = 10,
        n_vertices: tuple[int, int] = (5_000, 20_000),
        radius_m: tuple[float, float] = (400.0, 4_000.0),
    ) -> tuple[NDArray[np.object_], NDArray[np.str_]]:
        """
        Return the large areas of a layer that may touch an extent, whole: nature, noise, water.

        Parameters
        ----------
        layer
            Name; each has its own areas, and areas of one layer and of several overlap.
        bounds
            Extent in m; null for the whole country.
        per_square
            Areas anchored in each square of 20 km.
        n_vertices, radius_m
            Least and most; both are drawn so that small areas are many.

        Returns
        -------
        areas
            Valid polygons, ordered by id, shape (n,).
        feature_id
            Shape (n,).
        """
        west, south, east, north = bounds or self.bounds
        reach = radius_m[1] * 1.5
        n_rows, n_columns = self.squares
        starts = self.origin
        low = [int((edge - reach - start) // COARSE_M) for edge, start in zip((west, south), starts, strict=True)]
        high = [int((edge + reach - start) // COARSE_M) for edge, start in zip((east, north), starts, strict=True)]
        shapes: list[NDArray[np.object_]] = []
        ids: list[str] = []
        for row in range(max(low[1], 0), min(high[1], n_rows - 1) + 1):
            for column in range(max(low[0], 0), min(high[0], n_columns - 1) + 1):
                shapes.append(self.anchored(layer, (row, column), per_square, n_vertices, radius_m))
                ids.extend(f"{layer}-{row:03d}-{column:03d}-{order:03d}" for order in range(per_square))
        if not shapes:
            return np.empty(0, dtype=object), np.empty(0, dtype="<U1")
        found = np.concatenate(shapes)
        touches = shapely.intersects(shapely.envelope(found), shapely.box(west, south, east, north))
        return found[touches], np.array(ids)[touches]

    def anchored(
        self,
        layer: str,
        square: tuple[int, int],
        per_square: int,
        n_vertices: tuple[int, int],
        radius_m: tuple[float, float],
    ) -> NDArray[np.object_]:
        """Return the large areas of a layer that are anchored in one square (row, column); see :meth:`areas`."""
        row, column = square
        rng = np.random.default_rng((self.seed, 3, row, column, *layer.encode()))
        side = min(COARSE_M, self.n_columns * TILE_M)
        x = self.origin[0] + column * COARSE_M + rng.random(per_square) * side
        y = self.origin[1] + row * COARSE_M + rng.random(per_square) * side
        size = rng.random(per_square) ** 2
        radius = radius_m[0] * (radius_m[1] / radius_m[0]) ** size
        vertices = (n_vertices[0] * (n_vertices[1] / n_vertices[0]) ** size).astype(np.int64)
        return ragged_areas(x, y, radius, vertices, rng)


def _sheds(
    parcels: NDArray[np.object_], share: float, rng: np.random.Generator
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return a shed in the south-west of some parcels, away from the house in their middle, and their rows."""
    rows = np.flatnonzero(rng.random(len(parcels)) < share)
    centre = shapely.get_coordinates(shapely.centroid(parcels[rows]))
    corner = shapely.bounds(parcels[rows])[:, :2]
    x, y = (centre + 0.55 * (corner - centre)).T
    return np.asarray(shapely.box(x, y, x + SHED_M[0], y + SHED_M[1])), rows


def parcels(
    n_parcels: int, *, seed: int = 1, dirty_share: float = 0.001
) -> tuple[NDArray[np.object_], NDArray[np.str_]]:
    """
    Return exactly so many parcels of a synthetic country, and their ids.

    Examples
    --------
    >>> shapes, ids = parcels(1_000)
    >>> len(shapes), len(set(ids.tolist()))
    (1000, 1000)
    """
    country = Country(round(n_parcels * 1.1) + 2 * int(GRIDS[-1][0] * GRIDS[-1][1]), seed, dirty_share)
    shapes: list[NDArray[np.object_]] = []
    ids: list[NDArray[np.str_]] = []
    found = 0
    for _, tile in country.tiles():
        shapes.append(tile.parcels)
        ids.append(tile.parcel_id)
        found += len(tile.parcels)
        if found >= n_parcels:
            break
    return np.concatenate(shapes)[:n_parcels], np.concatenate(ids)[:n_parcels]
