"""Small places for the tests of exclusion: rules, tests and tables with one line each."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.config.base import Figure
from flexsites.config.rule_sets import PIECE_TESTS, Barrier, LocationModel, PieceTests, RuleSet, TimeModel
from flexsites.exclusion.kernels.spoken import COVERAGES
from flexsites.exclusion.pieces import leave_pieces
from flexsites.tables import CRS, Coverages, Parcels, StreetLines, empty

X, Y = 150_000.0, 450_000.0
"""South-west corner of every place: on a line of the national lattice."""


def at(minx, miny, maxx, maxy):
    return shapely.box(X + minx, Y + miny, X + maxx, Y + maxy)


def figure(value):
    return Figure(value=value, assumption=True, why="test")


def rule(kind="inside", rule_id="rule", effect="exclude", **more):
    entry = {"rule_id": rule_id, "kind": kind, "label": {"nl": rule_id, "en": rule_id}, "effect": effect}
    entry |= {"source": "test"} | more
    if kind == "inside":
        entry.setdefault("layer", rule_id)
    written = {"id": "one", "label": {"nl": "a", "en": "a"}, "time": TIME.model_dump(), "tests": TESTS.model_dump()}
    written |= {"soft_classes": ["middel", "zacht"]}
    written["locations"] = {"gap_m": figure(0).model_dump(), "touch_m": figure(0.001).model_dump()}
    lifted = [{**entry, "rule_id": name, "effect": "flag", "overrides": ()} for name in more.get("overrides", ())]
    return RuleSet.model_validate(written | {"rules": [entry, *lifted]}).rules[0]


TIME = TimeModel(
    reference_date=date(2020, 1, 1),
    horizon_years=figure(10),
    term_years=figure(15),
    preparation_years=figure(1),
)
TESTS = PieceTests(
    min_area_m2=figure(1000),
    min_width_m=figure(15),
    min_core_area_m2=figure(100),
    near_m=figure(85),
    road_reach_m=figure(50),
    crossing_m=figure(0.1),
    wide_water_m=figure(3),
    right_of_way_m=figure(0.5),
    road_land_rules=("roads",),
    road_land_share=figure(0.5),
    public_owners=("gemeente",),
    enclosed_area_m2=figure(5000),
    enclosed_compactness=figure(0.85),
    mark_area_m2=figure(1),
    labels={name: {"nl": name, "en": name} for name in PIECE_TESTS},
)
LOCATIONS = LocationModel(
    gap_m=figure(0),
    touch_m=figure(0.001),
    barriers=(Barrier(layer="rail"), Barrier(layer="water", is_water=True)),
)
LANE_M = 3.5


def leave(site, faces, ways, map_rows, cover, *, rules, tests=TESTS, neighbours=None, land=None):
    """What the rules leave of parcels, with nothing around them unless it is given."""
    around = empty(Parcels) if neighbours is None else neighbours
    return leave_pieces(
        site, around, faces, ways, map_rows,
        spoken=cover, rules=rules, tests=tests, locations=LOCATIONS, time=TIME, lane_m=LANE_M, land=land,
    )  # fmt: skip


def parcels(*shapes, land_use=None):
    columns = {
        "site_id": [f"s{i}" for i in range(len(shapes))],
        "parcel_area_m2": shapely.area(np.array(shapes, dtype=object)),
        "registered_area_m2": np.nan,
        **dict.fromkeys(("gemeente_code", "provincie_code", "buurt_code", "owner_class", "tenure"), None),
        "land_use": land_use if land_use is not None else None,
    }
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)


def layers(*rows):
    """Rows of (layer, geometry) or (layer, geometry, attributes)."""
    columns = [
        {"layer": row[0], "feature_id": f"f{i:03d}", "part": 0, **(row[2] if len(row) > 2 else {})}
        for i, row in enumerate(rows)
    ]
    frame = pd.DataFrame(columns, columns=None if columns else ["layer", "feature_id", "part"])
    frame = frame.astype({"layer": "str", "feature_id": "str"})
    return gpd.GeoDataFrame(frame, geometry=[row[1] for row in rows], crs=CRS)


def streets(*lines, road_class="residential", is_car=True):
    if not lines:
        return empty(StreetLines)
    columns = {"street_id": [f"w{i}" for i in range(len(lines))], "road_class": road_class, "is_walk": True}
    columns |= {"road_kind": "motorway" if road_class == "motorway" else "street"}
    columns |= {"street_name": None, "is_roundabout": None}
    return gpd.GeoDataFrame(columns | {"is_bicycle": True, "is_car": is_car}, geometry=list(lines), crs=CRS)


def said(spoken):
    """What is said of the first parcel, rule by rule, in words."""
    codes, share = spoken.of_parcels()[0], spoken.share[spoken.combination[0]]
    words = [COVERAGES[code] for code in codes]
    return pd.DataFrame({"coverage": words, "covered_share": share}, index=list(spoken.rule_ids))


def covered(*names, shape=None, coverage="covered"):
    if not names:
        return empty(Coverages)
    shape = shape if shape is not None else at(-5000, -5000, 9000, 9000)
    columns = {"layer": list(names), "coverage_id": "all", "coverage": coverage}
    return gpd.GeoDataFrame(columns, geometry=[shape] * len(names), crs=CRS)
