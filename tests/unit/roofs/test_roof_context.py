"""What lies around a building: owner, plan height, monument, parking and panels, joined in space and by BAG id."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.accessibility.kernels.network import build_network
from flexsites.accessibility.roof_transit import serve_buildings
from flexsites.accessibility.transit import serve, walk_to_stops
from flexsites.capacity.roof_context import join_context
from flexsites.config.load import configs_directory, read_model
from flexsites.config.transit import TransitClasses
from flexsites.inputs.osm.streets_lines import LineColumns, streets_from_lines
from flexsites.tables import CRS, Coverages, Frame, Layers, Parcels, RoofTransit, Stops, conform, empty
from tests.unit.accessibility.places import pieces_at
from tests.unit.accessibility.places import rules as street_rules
from tests.unit.roofs.stock import buildings, flat_block, pand_id, rules

BLOCK = shapely.box(100_000, 400_050, 100_060, 400_062)
EVERYWHERE = shapely.box(0, 300_000, 280_000, 620_000)
Row = tuple[str, shapely.Geometry, dict[str, object]]


def joined(
    *rows: Row, covered: tuple[str, ...] = (), parcels: Frame | None = None, transit: str | None = None, **known: object
) -> pd.Series:
    """Return the block of 60 x 12 m with what these layers, and the coverage of some of them, say of it."""
    layers = empty(Layers)
    if rows:
        table = [
            {"layer": name, "feature_id": str(n), "part": 0, "geometry": shape, **columns}
            for n, (name, shape, columns) in enumerate(rows)
        ]
        layers = gpd.GeoDataFrame(table, geometry="geometry", crs=CRS)
    coverages = empty(Coverages)
    if covered:
        said = {"layer": list(covered), "coverage_id": "1", "coverage": "covered"}
        coverages = gpd.GeoDataFrame(said, geometry=[EVERYWHERE] * len(covered), crs=CRS)
    served = pd.DataFrame({"bag_pand_id": [pand_id(1)], "transit_class": [transit]})
    stock = buildings(flat_block(**{"owner_class": None, "is_monument": None, **known}))
    found = join_context(
        stock, empty(Parcels) if parcels is None else parcels, layers, coverages, served, rules=rules().context
    )
    return found.iloc[0]


def parcels(*rows: tuple[str | None, float, float]) -> Frame:
    """Return parcels by owner class, from one x to another along the block."""
    shapes = [shapely.box(100_000 + low, 400_000, 100_000 + high, 400_100) for _, low, high in rows]
    frame = pd.DataFrame(
        {
            "site_id": [str(n) for n in range(len(rows))],
            "parcel_area_m2": shapely.area(shapes),
            "owner_class": [owner for owner, *_ in rows],
        }
    ).reindex(columns=Parcels.columns)
    return conform(gpd.GeoDataFrame(frame.assign(geometry=shapes), crs=CRS), Parcels, where="test")


@pytest.mark.parametrize(
    ("ground", "owner"),
    [
        ([("corporatie", -10, 70)], "corporatie"),
        ([("corporatie", 0, 40), ("gemeente", 40, 60)], "corporatie"),
        ([("particulier", 0, 20), ("particulier", 20, 40), ("gemeente", 40, 60)], "particulier"),
        ([("corporatie", 0, 25), ("gemeente", 25, 30)], None),  # 25 of 60 m: nobody is known to own half
        ([(None, 0, 60)], None),
        ([("onbekend", 0, 60)], None),
        ([], None),
    ],
)
def test_the_owner_of_most_of_the_ground_owns_the_building(
    ground: list[tuple[str | None, float, float]], owner: str | None
) -> None:
    found = joined(parcels=parcels(*ground) if ground else None)["owner_class"]
    assert (None if pd.isna(found) else found) == owner


def test_what_the_owners_own_table_says_stands_before_what_is_joined() -> None:
    found = joined(parcels=parcels(("gemeente", 0, 60)), transit="B", owner_class="corporatie", transit_class="A")
    assert (found["owner_class"], found["transit_class"]) == ("corporatie", "A")


def test_the_least_of_the_plan_heights_on_a_building_holds() -> None:
    west, east = shapely.box(100_000, 400_000, 100_030, 400_100), shapely.box(100_030, 400_000, 100_060, 400_100)
    plans: tuple[Row, ...] = (
        ("plan_height", west, {"height_max_m": 15.0}),
        ("plan_height", east, {"height_max_m": 12.0}),
        ("plan_height", east, {"height_max_m": None}),
        ("plan_height", shapely.box(100_060, 400_000, 100_090, 400_100), {"height_max_m": 3.0}),  # next door
    )
    assert joined(*plans)["plan_height_limit_m"] == 12.0
    assert pd.isna(joined(covered=("plan_height",))["plan_height_limit_m"]), "a plan without a height allows none known"


def test_a_monument_is_joined_by_its_bag_id_never_by_where_its_point_lies() -> None:
    """Most points are only roughly located: here on the block, naming another, and far away, naming the block."""
    on_the_block, elsewhere = shapely.Point(100_030, 400_056), shapely.Point(120_000, 450_000)
    other = ("monuments", on_the_block, {"bag_pand_id": pand_id(2)})
    own = ("monuments", elsewhere, {"bag_pand_id": f"NL.IMBAG.Pand.{pand_id(1)}"})
    assert not joined(other, covered=("monuments",))["is_monument"]
    assert joined(other, own, covered=("monuments",))["is_monument"]
    assert joined(own)["is_monument"]
    assert pd.isna(joined(other)["is_monument"]), "outside the register's coverage nothing is known"
    assert pd.isna(joined()["is_monument"])


@pytest.mark.parametrize(
    ("layer", "column"),
    [("solar_roofs", "has_pv"), ("roof_plant", "has_plant"), ("parking_regulated", "is_parking_regulated")],
)
def test_what_lies_on_a_building_is_met_known_absent_or_unknown(layer: str, column: str) -> None:
    on, beside = (layer, BLOCK.buffer(-3), {}), (layer, shapely.box(100_060, 400_050, 100_070, 400_062), {})
    assert bool(joined(on, covered=(layer,))[column]) is True
    assert bool(joined(beside, covered=(layer,))[column]) is False
    assert pd.isna(joined(beside)[column])
    assert pd.isna(joined(covered=("another",))[column])


def test_rows_stay_as_they_were() -> None:
    stock = buildings(flat_block(2), flat_block(1))
    nothing = empty(Parcels), empty(Layers), empty(Coverages), empty(RoofTransit)
    found = join_context(stock, *nothing, rules=rules().context)
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(stock))


def test_the_transit_class_of_a_building_is_that_of_a_piece_of_land_there() -> None:
    """A street of 6 km with a station in its middle; blocks at 100 m, 900 m and 1,500 m from it, and one off it."""
    street = shapely.LineString([(97_000, 400_000), (103_000, 400_000)])
    around = shapely.LineString(shapely.box(97_000, 397_000, 103_000, 403_000).exterior.coords)
    lines = gpd.GeoDataFrame({"highway": ["residential"] * 2}, geometry=[street, around], crs=CRS)
    graph = streets_from_lines(lines, columns=LineColumns("highway"), rules=street_rules()).graph
    network = build_network(graph, mode="walk", min_component_m=0.0)
    plain = {field.name: [8.0] for field in Stops.fields if field.dtype == "float"}
    counts = {field.name: [8] for field in Stops.fields if field.dtype == "int"}
    station = {**plain, **counts, "stop_id": ["s"], "mode": ["train"], "stop_name": ["FXD"], "is_hub": [False]}
    stops = gpd.GeoDataFrame(station, geometry=[shapely.Point(100_000, 400_000)], crs=CRS)
    places = [(100_100, 400_005), (100_900, 400_005), (101_500, 400_005), (100_100, 401_000)]
    blocks = [shapely.box(x - 30, y - 3, x + 30, y + 3) for x, y in places]
    stock = buildings(*(flat_block(n, geometry=shape) for n, shape in enumerate(blocks)))
    classes = read_model(configs_directory() / "transit_classes.yaml", TransitClasses)
    walk = {"network": network, "reach_m": 1_125.0, "max_snap_m": 150.0}
    found = serve_buildings(stock, stops, classes=classes, **walk)["transit_class"]
    pieces = pieces_at(np.array(places, dtype=np.float64))
    of_pieces = serve(pieces, stops, walk_to_stops(pieces, stops, **walk), classes=classes)["transit_class"]
    assert found.fillna("null").tolist() == of_pieces.fillna("null").tolist()
    assert found[0] < found[1] < "geen"
    assert found[2] == "geen"
    assert pd.isna(found[3])
