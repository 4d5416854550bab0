"""A synthetic country of any size, made tile by tile: what a tile holds does not depend on the order or the others.

The real country has about 8.4 million parcels on 34,000 km2. Here a tile is a square kilometre, and chance says how
urban it is and so how many parcels it has. Nothing of the country is held in memory but the tile asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
    """

    parcel_id: NDArray[np.str_]
    parcels: NDArray[np.object_]
    kinds: NDArray[np.str_]
    is_urban: bool
    buildings: NDArray[np.object_]
    building_id: NDArray[np.str_]


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

    Examples
    --------
    >>> country = Country(5_000)
    >>> country.n_tiles, country.count() == sum(len(country.tile(i).parcels) for i in range(country.n_tiles))
    (25, True)
    """

    n_parcels: int
    seed: int = 1
    dirty_share: float = 0.001

    @property
    def n_columns(self) -> int:
        """Tiles from west to east; there are as many from south to north."""
        return max(1, int(np.ceil(np.sqrt(self.n_parcels / MEAN_PARCELS))))

    @property
    def n_tiles(self) -> int:
        """Number of tiles."""
        return self.n_columns**2

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Extent (minx, miny, maxx, maxy) in m."""
        side = self.n_columns * TILE_M
        return ORIGIN[0], ORIGIN[1], ORIGIN[0] + side, ORIGIN[1] + side

    def grid(self, number: int) -> tuple[int, int]:
        """Rows and columns of parcels of a tile."""
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
        west, south = ORIGIN[0] + column * TILE_M, ORIGIN[1] + row * TILE_M
        return west, south, west + TILE_M, south + TILE_M

    def tile(self, number: int) -> Tile:
        """Make one tile: the same content whatever was made before."""
        bounds = self.tile_bounds(number)
        n_rows, n_columns = self.grid(number)
        rng = np.random.default_rng((self.seed, 2, number))
        parcels = warped_grid(bounds, n_rows, n_columns, rng)
        is_urban = (n_rows, n_columns) == GRIDS[-1]
        share = np.full(len(parcels), 0.85 if n_rows >= GRIDS[2][0] else 0.3)
        buildings, _ = footprints(parcels, share, rng)
        spoilt, kinds = soil(parcels, self.dirty_share, rng)
        parcel_id = np.array([f"NL{number:06d}{row:05d}" for row in range(len(parcels))])
        building_id = np.array([f"{number + 1:07d}10{row:07d}" for row in range(len(buildings))])
        return Tile(parcel_id, spoilt, kinds, is_urban, buildings, building_id)

    def tiles(self) -> Iterator[tuple[int, Tile]]:
        """Every tile in turn, with its number."""
        for number in range(self.n_tiles):
            yield number, self.tile(number)

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
        n_squares = int(np.ceil(self.n_columns * TILE_M / COARSE_M))
        low = [int((edge - reach - start) // COARSE_M) for edge, start in ((west, ORIGIN[0]), (south, ORIGIN[1]))]
        high = [int((edge + reach - start) // COARSE_M) for edge, start in ((east, ORIGIN[0]), (north, ORIGIN[1]))]
        shapes: list[NDArray[np.object_]] = []
        ids: list[str] = []
        for row in range(max(low[1], 0), min(high[1], n_squares - 1) + 1):
            for column in range(max(low[0], 0), min(high[0], n_squares - 1) + 1):
                shapes.append(self._anchored(layer, (row, column), per_square, n_vertices, radius_m))
                ids.extend(f"{layer}-{row:03d}-{column:03d}-{order:03d}" for order in range(per_square))
        if not shapes:
            return np.empty(0, dtype=object), np.empty(0, dtype="<U1")
        found = np.concatenate(shapes)
        touches = shapely.intersects(shapely.envelope(found), shapely.box(west, south, east, north))
        return found[touches], np.array(ids)[touches]

    def _anchored(
        self,
        layer: str,
        square: tuple[int, int],
        per_square: int,
        n_vertices: tuple[int, int],
        radius_m: tuple[float, float],
    ) -> NDArray[np.object_]:
        row, column = square
        rng = np.random.default_rng((self.seed, 3, row, column, *layer.encode()))
        side = min(COARSE_M, self.n_columns * TILE_M)
        x = ORIGIN[0] + column * COARSE_M + rng.random(per_square) * side
        y = ORIGIN[1] + row * COARSE_M + rng.random(per_square) * side
        size = rng.random(per_square) ** 2
        radius = radius_m[0] * (radius_m[1] / radius_m[0]) ** size
        vertices = (n_vertices[0] * (n_vertices[1] / n_vertices[0]) ** size).astype(np.int64)
        return ragged_areas(x, y, radius, vertices, rng)


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
