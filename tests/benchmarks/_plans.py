"""What real plans and real Natura 2000 areas take of Noord-Holland: ``python -m tests.benchmarks._plans [--write]``.

The plans are those of an inventory of 2020-21 (2,141 in the province), the areas those of 2026; parcels are synthetic:
squares of a lattice, cut at the border of the province. Of the plans no more is told than these sums.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.config.rule_sets import read_rule_set
from flexsites.config.run import Area
from flexsites.config.shelf import Shelf
from flexsites.config.sources import Sources
from flexsites.exclusion.overlay import overlay
from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.prepared import Prepared

PAGE = Path(__file__).parents[2] / "flexsites" / "docs" / "pages" / "plans.md"
SIDE_M = 250.0
M2_PER_HA = 10_000.0
PERIODS = {2020.0: "2020-2024", 2025.0: "2025-2029", 2030.0: "2030-2050"}
UNKNOWN = "not known"
HARDNESS = {"hard": "hard", "zacht": "soft"}
RULES = ("plans_hard", "plans_soft", "natura2000")


def province(folder: Path) -> shapely.Geometry:
    """Return Noord-Holland as CBS draws it."""
    found = gpd.read_file(folder / "nationwide" / "pdok_cbs_provinces_nl_2025.json").to_crs(28992)
    return shapely.make_valid(found.loc[found["statcode"] == "PV27", "geometry"].iloc[0])


def lattice(area: shapely.Geometry, side_m: float) -> gpd.GeoDataFrame:
    """Return squares of a lattice, cut at a border: synthetic parcels that leave no land out and count none twice."""
    west, south, east, north = (np.floor(one / side_m) * side_m for one in area.bounds)
    x, y = np.meshgrid(np.arange(west, east + side_m, side_m), np.arange(south, north + side_m, side_m))
    squares = shapely.box(x.ravel(), y.ravel(), x.ravel() + side_m, y.ravel() + side_m)
    shapely.prepare(area)
    squares = squares[shapely.intersects(area, squares)]
    is_whole = shapely.contains_properly(area, squares)
    squares[~is_whole] = shapely.intersection(squares[~is_whole], area)
    frame = gpd.GeoDataFrame(geometry=squares, crs=28992).explode(ignore_index=True)
    frame = frame[(frame.geom_type == "Polygon") & (frame.area > 1.0)].reset_index(drop=True)
    return frame.assign(id=[f"p{number:06d}" for number in range(len(frame))])


def prepared(folder: Path, parcels: gpd.GeoDataFrame, scratch: Path) -> Prepared:
    """Read everything as a run reads it, by the presets."""
    parcels.to_parquet(scratch / "parcels.parquet")
    about = {"title": "synthetic", "provider": "none", "licence": "CC0", "attribution": "none", "edition": "1"}
    sources = {
        "parcels": {"reader": "vector", "about": about, "path": str(scratch / "parcels.parquet"), "id_column": "id"},
        "layers": {
            "plan_capacity": {"use": "plancapaciteit", "path": str(folder / "plans" / "eib.zip"), "coverage": "run"},
            "natura2000": {"use": "natura2000", "path": str(folder / "nationwide" / "natura2000_pdok_202608.gpkg")},
        },
    }
    request = Request(area=Area(bbox=tuple(parcels.total_bounds)))
    return prepare(Sources.model_validate(sources), directory=scratch / "canonical", base=scratch, request=request)


def taken(made: Prepared, parcels: gpd.GeoDataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the land that plans take by hardness and period of start, and faces of the rules as they stand."""
    rule_set = read_rule_set(Shelf().files("rules/exclusion")["omgevingswet_2024"])
    rules = tuple(one for one in rule_set.rules if one.rule_id in RULES)
    time = rule_set.time.model_copy(update={"reference_date": pd.Timestamp("2020-01-01").date()})
    layers, sites = made.read_layers(), made.parcels()
    faces = overlay(sites, layers, rules=rules, time=time)
    is_plan = (layers["layer"] == "plan_capacity") & layers.intersects(shapely.union_all(parcels.geometry.array))
    plans = layers[is_plan]
    period = plans["plan_start_year"].astype("float64").map(PERIODS).fillna(UNKNOWN)
    words = plans["plan_hardness"].map(HARDNESS).fillna(UNKNOWN)
    rows = []
    every = [(one, when) for one in (*HARDNESS.values(), UNKNOWN) for when in (*PERIODS.values(), UNKNOWN)]
    for hardness, when in every:
        chosen = plans[(words == hardness) & (period == when)]
        land = shapely.union_all(chosen.geometry.array)
        area = float(shapely.area(shapely.intersection(land, shapely.union_all(parcels.geometry.array))))
        one_each = chosen.drop_duplicates("feature_id")
        homes = one_each["n_dwellings"].astype("float64")
        met = int(shapely.intersects(parcels.geometry.array, land).sum()) if len(chosen) else 0
        rows.append((hardness, when, len(one_each), homes.sum(), int(homes.isna().sum()), area / M2_PER_HA, met))
    columns = ["hardness", "start", "n_plans", "n_homes", "n_unknown", "area_ha", "n_parcels"]
    return pd.DataFrame(rows, columns=columns), faces


def text_of(rows: pd.DataFrame, faces: pd.DataFrame, parcels: gpd.GeoDataFrame) -> str:
    """Return the page: the table by hardness and period, and what the rules take together."""
    whole = parcels.area.sum() / M2_PER_HA
    lines = [
        "# What real plans take",
        "",
        (
            "The plans of Noord-Holland (an inventory of 2020-21 after the province's monitor) and the Natura 2000 "
            f"areas go through the rules on {len(parcels):,} synthetic parcels: squares of {SIDE_M:.0f} m, cut at the "
            f"border as CBS draws it ({whole:,.0f} ha). Of 2,141 plans {rows['n_plans'].sum():,} have homes left; the "
            "others are finished. Plans overlap: rows do not add up. Points drawn as slivers count as plans and "
            "take next to nothing. Made by `python -m tests.benchmarks._plans --write`, on data that is not published: "
            "of it no more is told than this."
        ),
        "",
        "| hardness | first homes | plans | homes left | land (ha) | share of the land | parcels met |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in rows[rows["n_plans"] > 0].itertuples():
        homes = f"{one.n_homes:,.0f}" + (f" (+ {one.n_unknown} plans unknown)" if one.n_unknown else "")
        share = f"{100 * one.area_ha / whole:.2f} %"
        cells = (one.hardness, one.start, f"{one.n_plans:,}", homes, f"{one.area_ha:,.0f}", share, f"{one.n_parcels:,}")
        lines.append(f"| {' | '.join(cells)} |")
    area = faces["face_area_m2"] / M2_PER_HA
    held = {rule: faces["rules"].map(lambda labels, rule=rule: rule in labels) for rule in RULES}
    hard, soft, nature = (held[rule] for rule in RULES)
    free = ~hard & ~nature
    lines += [
        "",
        "What the rules of `omgevingswet_2024` take on 1 January 2020, ten years ahead (unknown starts count):",
        "",
        "| rule | land (ha) | share of the land |",
        "|---|---|---|",
        *(
            f"| {name} | {area[chosen].sum():,.0f} | {100 * area[chosen].sum() / whole:.2f} % |"
            for name, chosen in (
                ("hard plans (exclude)", hard),
                ("soft plans (flag; a variant excludes)", soft),
                ("soft plans on land that no hard plan takes", soft & ~hard),
                ("Natura 2000 (exclude)", nature),
                ("hard plans within Natura 2000", hard & nature),
                ("left by hard plans and Natura 2000", free),
                ("left when soft plans exclude too", free & ~soft),
            )
        ),
        "",
        f"Faces close: they sum to {area.sum():,.0f} ha. Where a plan starts stands in [the readings](readings.md).",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Make the page, and write it where that is asked."""
    folder = Path(os.environ["FLEXSITES_TEST_DATA"])
    parcels = lattice(province(folder), SIDE_M)
    with tempfile.TemporaryDirectory() as scratch:
        made = prepared(folder, parcels, Path(scratch))
        text = text_of(*taken(made, parcels), parcels)
    sys.stdout.write(text)
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
