"""What one tile of the synthetic country holds in each layer, and what is known of it by construction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from flexsites.worlds.country import GRIDS, TILE_M, Country, Tile
from flexsites.worlds.country_lines import TRUNKS, streets, trunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAND_USES = ("grassland_extensive", "grassland", "arable", "fallow", "residential", "business_park", "forest")
RURAL_SHARES = (0.4, 0.2, 0.15, 0.05, 0.1, 0.0, 0.1)
URBAN_SHARES = (0.05, 0.0, 0.0, 0.05, 0.7, 0.15, 0.05)
"""How often each land use occurs in tiles of the country and of towns."""

OWNERS = ("gemeente", "corporatie", "rijk", "waterschap", "commercieel", "particulier", "")
OWNER_SHARES = (0.12, 0.1, 0.03, 0.05, 0.15, 0.5, 0.05)
"""Owners of parcels; of one in twenty none is known."""

AMENITIES = ("supermarket", "daily_shop", "gp", "pharmacy", "primary_school", "secondary_school", "park", "childcare")
"""One of each category in a tile of a town; elsewhere one in turn."""

OF_SOME_TOWNS = {"work_area": 2, "higher_education": 4}
"""Of how many tiles of towns one has it: in the whole some 1,800 work areas, and 900 places to study."""

CATEGORIES = ("1", "2", "3.1", "3.2", "4.1", "4.2")
GRASS, ORCHARD = 265, 1095
"""Crop codes: permanent grassland, and apples."""

STOPS = dict(zip(GRIDS, (1, 1, 2, 4), strict=True))
"""Stops in a tile, by its density: 50,000 in the whole, as in the country."""

DITCHES, DITCH_M = 5, 2.0
"""Ditches across a tile of the country, and how wide they are; every ditch leaves a dam of 8 m in each hundred."""

PROOF_EVERY = 40
"""Of every forty tiles the first that is countryside has known answers."""

PROOFS = (("cemetery", 1, 2, 40.0, 50.0), ("landfill", 2, 3, 30.0, 30.0))
"""Known answers: a layer, the row and column of a parcel, and the sides in m of the box in its middle."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a layer: shapes, shape (n,), null where the layer has none, and columns of as many values."""

    shapes: NDArray[np.object_] | None
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)


def content(country: Country, number: int) -> dict[str, Rows]:
    """
    Return what a tile holds, by layer.

    Examples
    --------
    >>> country = Country(1_000)
    >>> held = content(country, 0)
    >>> len(held["parcels"].shapes) == country.grid(0)[0] * country.grid(0)[1], sorted(held)[:3]
    (True, ['amenities', 'buildings', 'businesses'])
    """
    tile, rng = country.tile(number), np.random.default_rng((country.seed, 4, number))
    n = len(tile.parcels)
    use = rng.choice(np.array(LAND_USES), n, p=URBAN_SHARES if tile.is_urban else RURAL_SHARES)
    owner = rng.choice(np.array(OWNERS), n, p=OWNER_SHARES)
    has_dwelling = (rng.random(len(tile.buildings)) < 0.8) & ~tile.is_shed
    held = {
        "parcels": Rows(tile.parcels, {"site_id": tile.parcel_id, "land_use": use}),
        "ownership": Rows(
            None,
            {
                "site_id": tile.parcel_id,
                "owner_class": owner,
                "tenure": np.where(rng.random(n) < 0.05, "erfpacht", "vol eigendom"),
            },
        ),
        "buildings": Rows(tile.buildings, {"id": tile.building_id, "has_dwelling": has_dwelling}),
        "yards": _yards(tile, has_dwelling),
        "monuments": _few(tile.buildings, tile.building_id, 0.01, rng, kind=np.array(["building", "site"])),
        "businesses": _few(tile.buildings, tile.building_id, 0.01, rng, milieucategorie=np.array(CATEGORIES)),
        **_land(country, number, tile, use),
        **_lines(country, number),
        **_served(country, number),
    }
    return held | {layer: Rows(*rows) for layer, rows in _proofs(country, number, tile).items()}


def _ids(prefix: str, number: int, n: int) -> NDArray[np.str_]:
    return np.array([f"{prefix}{number:06d}-{order:04d}" for order in range(n)], dtype=np.str_)


def _yards(tile: Tile, has_dwelling: NDArray[np.bool_]) -> Rows:
    """Return the yards: in town the whole parcel of a dwelling, elsewhere what lies around the house."""
    rows = np.unique(tile.building_row[has_dwelling])
    rows = rows[tile.kinds[rows] == "clean"]
    ids = tile.parcel_id[rows]
    if tile.is_urban:
        return Rows(tile.parcels[rows], {"id": ids})
    x, y = shapely.get_coordinates(shapely.centroid(tile.parcels[rows])).reshape(-1, 2).T
    return Rows(np.asarray(shapely.box(x - 20.0, y - 20.0, x + 20.0, y + 20.0)), {"id": ids})


def _few(
    shapes: NDArray[np.object_], ids: NDArray[np.str_], share: float, rng: np.random.Generator, **values: NDArray[Any]
) -> Rows:
    """Return a few of the shapes, each with one of the values of every attribute."""
    rows = np.flatnonzero(rng.random(len(shapes)) < share)
    drawn = {name: each[rng.integers(0, len(each), len(rows))] for name, each in values.items()}
    return Rows(shapes[rows], {"id": ids[rows], **drawn})


def _land(country: Country, number: int, tile: Tile, use: NDArray[np.str_]) -> dict[str, Rows]:
    """Return what is mapped of the land of a tile: its use, zoning, contour, crops, ditches, homes and green."""
    west, south, east, north = country.tile_bounds(number)
    is_land, is_dense = len(tile.parcels) > 0, country.grid(number)[0] >= GRIDS[2][0]
    whole = np.asarray(shapely.box([west], [south], [east], [north]))[:is_land]
    one = _ids("T", number, int(is_land))
    x, y = np.meshgrid(west + 250.0 * np.arange(4) + 10.0, south + 250.0 * np.arange(4) + 10.0)
    blocks: NDArray[np.object_] = shapely.box(x, y, x + 230.0, y + 230.0).ravel()
    is_built = is_dense and is_land
    n_homes = (12 if tile.is_urban else 6) if is_built else 0
    grown = np.isin(use, ("grassland", "grassland_extensive", "arable")) & (tile.kinds == "clean") & (not is_dense)
    codes = np.where(np.arange(len(use)) % 33 == 0, ORCHARD, GRASS)
    boats = np.asarray(shapely.box([west + 500.0], [south + 600.0], [west + 520.0], [south + 606.0]))
    boats = boats[: int(is_proof(country, number))]
    ditches = _ditches(west, south) if is_land and not is_dense else np.empty(0, dtype=object)
    return {
        "zoning": Rows(whole, {"id": one, "is_housing": np.full(len(one), is_dense)}),
        "urban_contour": Rows(whole, {"id": one, "is_inside": np.full(len(one), is_dense)}),
        "residential_land": Rows(blocks[:n_homes], {"id": _ids("R", number, n_homes)}),
        "public_green": Rows(blocks[13 : 15 if is_built else 13], {"id": _ids("G", number, 2 if is_built else 0)}),
        "houseboats": Rows(boats, {"id": _ids("H", number, len(boats))}),
        "crops": Rows(tile.parcels[grown], {"id": tile.parcel_id[grown], "crop_code": codes[grown]}),
        "ditches": Rows(ditches, {"id": _ids("D", number, len(ditches))}),
    }


def _ditches(west: float, south: float) -> NDArray[np.object_]:
    """Return the ditches of a tile of the country, in lengths between dams."""
    y = south + TILE_M / DITCHES * (np.arange(DITCHES) + 0.5)
    x = west + 100.0 * np.arange(int(TILE_M / 100.0)) + 8.0
    x, y = (part.ravel() for part in np.meshgrid(x, y))
    return np.asarray(shapely.box(x, y, x + 92.0, y + DITCH_M))


def _lines(country: Country, number: int) -> dict[str, Rows]:
    lines, road_class = streets(country, number)
    held = {"streets": Rows(lines, {"street_id": _ids("", number, len(lines)), "road_class": road_class.astype(str)})}
    for layer in TRUNKS:
        pieces = trunks(country, number, layer) if len(lines) else np.empty(0, dtype=object)
        held[layer] = Rows(pieces, {"id": _ids(layer[0].upper(), number, len(pieces))})
    n = len(held["motorways"].columns["id"])
    held["motorways"].columns["road_class"] = np.full(n, "motorway")
    n = len(held["rail"].columns["id"])
    held["rail"].columns["rail_class"] = np.full(n, "rail")
    return held


def _served(country: Country, number: int) -> dict[str, Rows]:
    """Return amenities and stops, near the middle of the tile."""
    west, south, _, _ = country.tile_bounds(number)
    grid = country.grid(number)
    in_town = (*AMENITIES, *(name for name, every in OF_SOME_TOWNS.items() if number % every == 0))
    categories = in_town if grid == GRIDS[-1] else (AMENITIES[number % len(AMENITIES)],) * bool(grid[0])
    x = west + TILE_M / 2 + 5.0 + 40.0 * np.arange(len(categories))
    places = shapely.points(x, np.full(len(x), south + TILE_M / 2 + 5.0))
    n_stops = STOPS.get(grid, 0)
    east, north = (TILE_M * (0.5 + part) / 2 for part in np.divmod(np.arange(n_stops), 2))
    stops = shapely.points(west + east + 8.0, south + north + 8.0)
    mode = np.where((np.arange(n_stops) == 0) & (number % 25 == 0), "train", "bus")
    ids = _ids("S", number, n_stops)
    return {
        "amenities": Rows(
            np.asarray(places),
            {"amenity_id": _ids("A", number, len(categories)), "category": np.array(categories, dtype="<U20")},
        ),
        "stops": Rows(np.asarray(stops), {"stop_id": ids, "mode": mode.astype("<U5"), "stop_name": ids}),
    }


def _proofs(country: Country, number: int, tile: Tile) -> dict[str, tuple[NDArray[np.object_], dict[str, Any]]]:
    """Return the shapes whose area on a parcel is known: nothing else in the country lies in their layers."""
    grid = country.grid(number)
    found = {}
    for layer, row, column, width, height in PROOFS:
        at = row * grid[1] + column
        is_there = is_proof(country, number) and tile.kinds[at] == "clean"
        rows = np.array([at] if is_there else [], dtype=np.int64)
        x, y = shapely.get_coordinates(shapely.centroid(tile.parcels[rows])).reshape(-1, 2).T
        boxes = np.asarray(shapely.box(x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        found[layer] = boxes, {"id": _ids(layer[0].upper(), number, len(rows))}
    return found


def is_proof(country: Country, number: int) -> bool:
    """Whether a tile has known answers."""
    first = number // PROOF_EVERY * PROOF_EVERY
    is_country = (country.grid(one) == GRIDS[0] for one in range(first, number))
    return country.grid(number) == GRIDS[0] and not any(is_country)


def known_answers(country: Country, number: int) -> list[dict[str, Any]]:
    """
    Return what rules cover of parcels of a tile, by construction: ``site_id``, ``rule_id``, ``covered_area_m2``.

    Examples
    --------
    >>> country = Country(5_000, dirty_share=0.0)
    >>> number = next(i for i in range(country.n_tiles) if is_proof(country, i))
    >>> [(one["rule_id"], one["covered_area_m2"]) for one in known_answers(country, number)]
    [('cemetery', 2000.0), ('landfill', 900.0)]
    """
    if not is_proof(country, number):
        return []
    tile, grid = country.tile(number), country.grid(number)
    rows = [(layer, row * grid[1] + column, width * height) for layer, row, column, width, height in PROOFS]
    return [
        {"site_id": str(tile.parcel_id[at]), "rule_id": layer, "covered_area_m2": area}
        for layer, at, area in rows
        if tile.kinds[at] == "clean"
    ]
