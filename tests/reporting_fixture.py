"""A small, deterministic run directory in the form that a real run leaves: what the reporting tests read.

Two synthetic municipalities of 60 sites each. The ledger closes, verdicts follow from the areas, the units are
ordered, and unknowns, near misses, restrictions, owners and texts that look like formulas all occur. Every table
passes its contract, and the sites are gathered by the stage that gathers them in a run.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import yaml
from shapely.geometry import Polygon

from flexsites.arrays import lists
from flexsites.capacity.common_programme import programme_in_common
from flexsites.config.counting import Counting
from flexsites.config.estimates import ESTIMATES
from flexsites.config.exploitation import Exploitation as Figures
from flexsites.config.load import configs_directory, read_model
from flexsites.config.suitability import Flexmilieu
from flexsites.exclusion.locations import describe_locations, group_locations, link_cores, place_pieces
from flexsites.exploitation.land import exploit
from flexsites.geometry.cluster_sizes import Sizes
from flexsites.held import hold
from flexsites.suitability.judgement import judge
from flexsites.suitability.sites import gather
from flexsites.supply import ranks_of_sites, serve_locations, spread_supply
from flexsites.tables import (
    CRS,
    Accessibility,
    Areas,
    Clusters,
    Exclusions,
    Exploitation,
    Frame,
    Locations,
    LocationSuitability,
    NearMisses,
    Parcels,
    PieceLocations,
    Pieces,
    PieceSuitability,
    Reasons,
    Roofs,
    RoofUnits,
    RuleCoverage,
    Sites,
    StreetLines,
    Suitability,
    Table,
    Units,
    ValidPieces,
    conform,
    empty,
)
from flexsites.tables.files import write_table
from flexsites.tables.manifest import Manifest, write_manifest
from tests.piece_rows import pieces_of

RUN = Path(__file__).with_name("reporting_run.yaml").read_text(encoding="utf-8")
MANIFEST = yaml.safe_load(Path(__file__).with_name("reporting_manifest.yaml").read_text(encoding="utf-8"))
FLEXMILIEUS = tuple(entry["id"] for entry in MANIFEST["flexmilieus"])
RULES = tuple((entry["rule_id"], entry["effect"], entry["hardness"]) for entry in MANIFEST["rules"])
COUNTING = read_model(configs_directory() / "counting.yaml", Counting)
SIZES = dict.fromkeys(FLEXMILIEUS, Sizes((5.0, 3.0, 2.0), (40.0, 60.0, 90.0), 3.0))
UNDEMANDING = tuple(entry["id"] for entry in MANIFEST["flexmilieus"] if entry["is_undemanding"])
MEASURES = tuple(entry["id"] for entry in yaml.safe_load(RUN)["measures"]["measures"])
TABLES = {
    "sites": Sites,
    "pieces": Pieces,
    "reasons": Reasons,
    "rule_coverage": RuleCoverage,
    "accessibility": Accessibility,
    "units": Units,
    "suitability": Suitability,
    "exploitation": Exploitation,
    "piece_suitability": PieceSuitability,
    "piece_locations": PieceLocations,
    "locations": Locations,
    "location_suitability": LocationSuitability,
    "clusters": Clusters,
    "near_misses": NearMisses,
    "roofs": Roofs,
    "roof_units": RoofUnits,
    "canonical/areas": Areas,
    "canonical/streets": StreetLines,
}
ORIGIN = (190_000.0, 505_000.0)
N_COLUMNS, N_ROWS, SIDE_M = 12, 10, 140.0
NASTY_OWNER_TEXT = '=HYPERLINK("http://example.invalid")'
YEARS = [f"available_years_{one}" for one in ("low", "expected", "high")]


def write_results(directory: Path, *, with_timetable: bool = True, with_roofs: bool = True) -> Path:
    """Write the run directory and return it."""
    for name, content in _content(with_timetable=with_timetable, with_roofs=with_roofs).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    return directory


@cache
def _content(*, with_timetable: bool, with_roofs: bool) -> dict[str, bytes]:
    """Return the files of the run directory; they are computed once in a process, for the many tests that read them."""
    with TemporaryDirectory() as folder:
        directory = _make(Path(folder), with_timetable=with_timetable, with_roofs=with_roofs)
        found = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
        return {str(path.relative_to(directory)): content for path, content in found.items()}


def _make(directory: Path, *, with_timetable: bool, with_roofs: bool) -> Path:
    tables = make_tables(with_timetable=with_timetable)
    written = tables | {f"variants/strict/{name}": table for name, table in stricter(tables).items()} | surroundings()
    for name, table in (written | (make_roofs() if with_roofs else {})).items():
        write_table(table, TABLES[name.removeprefix("variants/strict/")], directory / f"{name}.parquet")
    write_manifest(make_manifest(tables), directory)
    (directory / "run.yaml").write_text(RUN, encoding="utf-8")
    return directory


def made(frame: Frame, table: Table) -> Frame:
    """Return the frame as its contract has it; columns that may be null and are not given are null."""
    absent = {field.name: None for field in table.fields if field.null and field.name not in frame}
    return conform(frame.assign(**absent)[table.columns], table, where="fixture", is_result=True)


def make_tables(*, with_timetable: bool = True) -> dict[str, Frame]:
    """Return the result tables of the base variant, by name: copies of one's own."""
    return {name: table.copy() for name, table in _tables(with_timetable=with_timetable).items()}


@cache
def _tables(*, with_timetable: bool) -> dict[str, Frame]:
    """Return the same; they are computed once in a process."""
    rng = np.random.default_rng(20_261_123)
    sites, shares = _parcels(rng)
    reasons = _reasons(sites, shares)
    taken = sites["site_id"].map(reasons.groupby("site_id")["attributed_area_m2"].sum()).fillna(0.0)
    left = np.maximum(sites["parcel_area_m2"] - taken, 0.0)
    _decide(sites, left.mask(left < 1e-6, 0.0))
    pieces = _pieces(sites[sites["n_pieces"] > 0])
    access = _accessibility(pieces, rng, with_timetable=with_timetable)
    units = _units(pieces)
    judged = _piece_suitability(access, units)
    suitability = judge(judged, units, sizes=SIZES)
    exclusions = made(sites, Exclusions)
    gathered = gather(
        made(sites, Parcels),
        exclusions,
        suitability,
        programme_in_common(pieces, exclusions, counting=COUNTING),
        undemanding=UNDEMANDING,
        precedence=COUNTING.first_of(FLEXMILIEUS),
    )
    across = _across(made(gathered, Sites), pieces, judged, units, suitability)
    near_misses = _near_misses(sites, reasons)
    return {
        "exploitation": _exploitation(made(gathered, Sites), suitability, pieces),
        "near_misses": near_misses,
        "pieces": pieces,
        "reasons": reasons,
        "rule_coverage": empty(RuleCoverage),
        "accessibility": access,
        "units": units,
        "piece_suitability": judged,
        **across,
    }


def stricter(tables: dict[str, Frame]) -> dict[str, Frame]:
    """Return sites and suitability of a variant in which every conditional site falls."""
    sites = tables["sites"].copy()
    falls = sites["verdict"] == "conditional"
    sites.loc[falls, "verdict"] = "excluded"
    sites.loc[falls, "n_pieces"] = 0
    sites.loc[falls, "buildable_area_m2"] = 0.0
    sites.loc[falls, "location_id"] = None
    sites.loc[falls, [name for name in sites if name == "programme_area_m2" or name.startswith("n_common_")]] = 0.0
    left = {
        name: made(table[~table["site_id"].isin(sites.loc[falls, "site_id"])], TABLES[name])
        for name, table in tables.items()
        if name in ("pieces", "piece_suitability", "units", "suitability")
    }
    across = _across(made(sites, Sites), left["pieces"], left["piece_suitability"], left["units"], left["suitability"])
    return across | {"pieces": left["pieces"], "units": left["units"]}


def _across(sites: Frame, pieces: Frame, judged: Frame, units: Frame, suitability: Frame) -> dict[str, Frame]:
    """Return what the step across cells makes: locations, their homes and ranks, clusters; and what it fills in."""
    valid = made(pieces.drop(columns="geometry"), ValidPieces)
    located = group_locations(valid, link_cores(pieces))
    streets = surroundings()["canonical/streets"]
    locations = describe_locations(place_pieces(pieces, streets), located, sites)
    held = hold(pieces, judged, units, names=FLEXMILIEUS)
    served = serve_locations(held, located, locations, names=FLEXMILIEUS, sizes=SIZES)
    ranks = ranks_of_sites(held, located, served)
    suits = suitability["is_suitable"].fillna(value=False).astype(bool)
    ranked = suitability[["site_id", "flexmilieu"]].merge(ranks, on=["site_id", "flexmilieu"], how="left")["rank"]
    at = located.assign(site_id=located["piece_id"].str.partition("#")[0]).set_index("site_id")["location_id"]
    return {
        "sites": made(sites.assign(location_id=sites["site_id"].map(at).astype("str")), Sites),
        "suitability": made(suitability.assign(rank=ranked.astype("Int64").where(suits)), Suitability),
        "piece_locations": located,
        "locations": locations,
        "location_suitability": served,
        "clusters": spread_supply(held, sites, names=FLEXMILIEUS, sizes=SIZES, reach_m=250.0),
    }


def surroundings() -> dict[str, Frame]:
    """Return areas with names and a few streets, as the prepared inputs hold them."""
    x, y = ORIGIN
    half, wide, tall = N_COLUMNS * SIDE_M / 2, N_COLUMNS * SIDE_M, N_ROWS * SIDE_M
    named = [
        ("gemeente", "GM9001", "Waterdam", shapely.box(x - 60, y - 60, x + half, y + tall + 60)),
        ("gemeente", "GM9002", "Hoogveen & <Laag>", shapely.box(x + half, y - 60, x + wide + 60, y + tall + 60)),
        ("provincie", "PV99", "Nieuwland", shapely.box(x - 60, y - 60, x + wide + 60, y + tall + 60)),
    ]
    areas = gpd.GeoDataFrame(named, columns=["area_kind", "area_code", "area_name", "geometry"], crs=CRS)
    lines = [shapely.LineString([(x - 60, y + row * SIDE_M), (x + wide + 60, y + row * SIDE_M)]) for row in (0, 4, 8)]
    lines += [shapely.LineString([(x + i * SIDE_M, y - 60), (x + i * SIDE_M, y + tall + 60)]) for i in (0, 3, 6, 9)]
    classes = ["primary", "secondary", "tertiary", "secondary", "residential", "tertiary", "secondary"]
    streets = {"street_id": [f"s{i}" for i in range(len(lines))], "road_class": classes, "road_kind": "street"}
    may = dict.fromkeys(("is_walk", "is_bicycle", "is_car"), True)
    return {
        "canonical/areas": made(areas, Areas),
        "canonical/streets": made(gpd.GeoDataFrame(streets, geometry=lines, crs=CRS).assign(**may), StreetLines),
    }


def make_roofs() -> dict[str, Frame]:
    """Return a few roofs with known counts: three suitable, two unknown, one too young a rule, per age rule."""
    x, y = ORIGIN
    told = [
        ("eligible", 6, 1968, 24, 4), ("eligible", 8, 1971, 32, 4), ("conditional", 9, 1994, 18, 5),
        ("excluded", 0, 1950, 8, 3), ("unknown", None, None, 40, 4), ("unknown", None, 1985, None, None),
        ("eligible", 4, 2001, 12, 4), ("excluded", 0, 1999, 6, 2),
    ]  # fmt: skip
    columns = ["verdict", "n_units_expected", "year_built", "n_dwellings", "n_storeys"]
    squares = [shapely.box(x + 40 * i, y - 400, x + 40 * i + 30, y - 388) for i in range(len(told))]
    roofs = gpd.GeoDataFrame(told, columns=columns, geometry=squares, crs=CRS)
    homes = roofs["n_units_expected"].astype("Int64")
    one = (homes > 0).astype("Int64")
    roofs = roofs.assign(
        bag_pand_id=[f"99010000000000{i:02d}" for i in range(len(told))],
        gemeente_code="GM9001",
        owner_class="corporatie",
        footprint_area_m2=360.0,
        n_units_low=homes - one,
        n_units_high=homes + one,
        failed_rules=[()] * len(told),
        missing_evidence=[("building_height",) if one else () for one in homes.isna()],
        block_type="dwellings",
        roof_quality="sound",
        extra_floor_area_m2=homes.astype("float64") * 30.0,
        flags=[()] * len(told),
    )
    ways = pd.DataFrame({"age_rule": ["stec_2023", "load_1999"]}).merge(
        pd.DataFrame({"roof_variant": ["permanent", "temporary"]}), how="cross"
    )
    plain = pd.DataFrame(roofs.drop(columns="geometry"))
    return {"roofs": made(roofs, Roofs), "roof_units": made(plain.merge(ways, how="cross"), RoofUnits)}


def make_manifest(tables: dict[str, Frame]) -> Manifest:
    """Return a manifest that closes."""
    sites, reasons = tables["sites"], tables["reasons"]
    parcels, *others = MANIFEST["sources"]
    cell, *_ = MANIFEST["cells"]
    closes = {
        "area_in_m2": float(sites["parcel_area_m2"].sum()),
        "buildable_area_m2": float(sites["buildable_area_m2"].sum()),
        "attributed_area_m2": float(reasons["attributed_area_m2"].sum()),
        "difference_m2": 0.0,
    }
    computed = {"sources": [parcels | {"n_features": len(sites)}, *others], "cells": [cell | {"n_sites": len(sites)}]}
    return Manifest.model_validate(MANIFEST | computed | {"closes": closes})


def _parcels(rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    """Return parcels on a jittered grid and, per rule, the share of the parcel it covers."""
    corners = rng.uniform(-22, 22, (N_COLUMNS + 1, N_ROWS + 1, 2))
    grid = np.stack(np.meshgrid(np.arange(N_COLUMNS + 1), np.arange(N_ROWS + 1), indexing="ij"), axis=-1) * SIDE_M
    grid = grid + corners + np.array(ORIGIN)
    polygons = [
        shapely.buffer(
            Polygon([grid[i, j], grid[i + 1, j], grid[i + 1, j + 1], grid[i, j + 1]]), -float(rng.uniform(4, 40))
        )
        for i in range(N_COLUMNS)
        for j in range(N_ROWS)
    ]
    n = len(polygons)
    column = np.repeat(np.arange(N_COLUMNS), N_ROWS)
    area = shapely.area(polygons)
    owners = rng.choice(["gemeente", "commercieel", "particulier", None], n, p=[0.2, 0.25, 0.35, 0.2])
    shares = np.where(rng.random((n, 5)) < 0.16, rng.choice([0.25, 0.5, 1.0], (n, 5)), 0.0)
    sites = gpd.GeoDataFrame(
        {
            "site_id": [f"WDM00A{i:05d}" for i in range(n)],
            "gemeente_code": np.where(column < N_COLUMNS // 2, "GM9001", "GM9002"),
            "provincie_code": "PV99",
            "owner_class": owners,
            "tenure": np.where(owners == "gemeente", "vol eigendom", None),
            "parcel_area_m2": area,
            "registered_area_m2": np.round(area),
            "plan_coverage": np.where(column < 9, "covered", "not"),
            "provincial_coverage": "covered",
            "restrictions": _lists(np.where(rng.random(n) < 0.2, "vng_distance", "")),
            "flags": _lists(
                np.where(rng.random(n) < 0.3, "grid_congestion|zoning", np.where(rng.random(n) < 0.3, "zoning", ""))
            ),
        },
        geometry=polygons,
        crs=CRS,
    )
    return sites, shares


def _lists(joined: Iterable[str]) -> list[tuple[str, ...]]:
    """Return texts joined by | as lists."""
    return [tuple(filter(None, one.split("|"))) for one in joined]


def _reasons(sites: gpd.GeoDataFrame, shares: np.ndarray) -> Frame:
    """Return a ledger that closes: rules cover the parcel from the same edge, so the largest share so far wins."""
    rows = []
    for i, site in enumerate(sites.itertuples()):
        area, taken = float(site.parcel_area_m2), 0.0
        ranked = np.sort(shares[i])[::-1]
        for k in range(5):
            covered = float(shares[i, k]) * area
            if covered == 0:
                continue
            only = max(covered - float(ranked[1]) * area, 0.0) if shares[i, k] == ranked[0] else 0.0
            rows.append(_reason(site.site_id, k, covered, max(covered - taken, 0.0), only))
            taken = max(taken, covered)
        if site.restrictions:
            rows.append(_reason(site.site_id, 5, area, 0.0, 0.0))
        if site.flags:
            rows.append(_reason(site.site_id, 6, area, 0.0, 0.0))
        left = area - taken
        if 0 < left < 2500:
            rows.append(_reason(site.site_id, 8 + i % 3, left, left, left))
    return made(pd.DataFrame(rows), Reasons)


def _reason(site_id: str, k: int, covered: float, attributed: float, unique: float) -> dict[str, object]:
    return {
        "site_id": site_id,
        "rule_id": RULES[k][0],
        "effect": RULES[k][1],
        "hardness": RULES[k][2],
        "covered_area_m2": covered,
        "attributed_area_m2": attributed,
        "unique_area_m2": unique,
        "coverage": "covered",
        "covered_share": 1.0,
    }


def _decide(sites: gpd.GeoDataFrame, left: pd.Series) -> None:
    """Add what the ledger leaves of each parcel, and its verdict."""
    n, free, consent = np.arange(len(sites)), left > 0, sites["restrictions"].map(bool)
    sites["buildable_area_m2"], sites["n_pieces"] = left, free.astype(int)
    sites["verdict"] = np.select([~free, n % 23 == 7, consent], ["excluded", "unknown", "conditional"], "eligible")
    years = np.where(sites["plan_coverage"] == "covered", np.where(n % 5 == 0, 7.5, 15.0), np.nan)
    sites[YEARS] = np.column_stack([years] * len(YEARS))
    sites["buildable_without_consent_m2"] = sites["buildable_area_m2"]
    n_excluding = sum(effect == "exclude" for _, effect, *_ in RULES)
    sites["n_rules_checked"], sites["n_rules_excluding"] = n_excluding, n_excluding
    sites["unchecked_rules"] = [()] * len(sites)
    sites["rule_coverage_id"] = "all"
    sites["location_id"] = pd.Series([f"L{i // 2:04d}" for i in n], index=sites.index).where(free, None)
    sites["mates"] = [(f"WDM00A{i ^ 1:05d}#1",) for i in n]  # two and two are one location


def _pieces(sites: gpd.GeoDataFrame) -> Frame:
    # What is left of a parcel is a strip cut from its west side, as wide as the free share of its area.
    shapes = []
    for site in sites.itertuples():
        west, south, east, north = site.geometry.bounds
        low, high = west, east
        for _ in range(60):
            middle = (low + high) / 2
            area = shapely.intersection(site.geometry, shapely.box(west, south, middle, north)).area
            low, high = (middle, high) if area < site.buildable_area_m2 else (low, middle)
        shapes.append(shapely.intersection(site.geometry, shapely.box(west, south, high, north)))
    bounds = shapely.bounds(shapes)
    told = ["site_id", "restrictions", "flags", "plan_coverage", *YEARS]
    columns = {name: sites[name].to_numpy() for name in told} | {
        "piece_id": [f"{site}#1" for site in sites["site_id"]],
        "road_distance_m": 6.0,
        "access_x_m": bounds[:, 0],
        "access_y_m": bounds[:, 1],
        "farthest_interior_m": 120.0,
        "is_without_consent": sites["verdict"].ne("conditional").to_numpy(),
        "free_id": [
            None if v == "conditional" else f"{s}#1~" for s, v in zip(sites["site_id"], sites["verdict"], strict=True)
        ],
        "core_mates": sites["mates"].to_numpy(),
        "free_core_mates": lists(((f"{one}~",) for (one,) in sites["mates"]), len(sites)),
    }
    return made(pieces_of(columns, shapes), Pieces)


def _near_misses(sites: gpd.GeoDataFrame, reasons: Frame) -> Frame:
    """Return what comes back of excluded sites that only one arguable rule touches: the whole parcel."""
    taking = reasons[reasons["effect"].eq("exclude") & reasons["covered_area_m2"].gt(0)]
    lonely = taking[~taking["site_id"].duplicated(keep=False) & taking["hardness"].eq("middel")]
    excluded = sites[sites["verdict"] == "excluded"].set_index("site_id")
    lonely = lonely[lonely["site_id"].isin(excluded.index)].set_index("site_id")
    back = excluded.loc[lonely.index].reset_index()
    pieces = _pieces(back.assign(buildable_area_m2=back["parcel_area_m2"]))
    pieces.insert(0, "rule_id", lonely["rule_id"].to_numpy())
    return made(pieces, NearMisses)


def _accessibility(pieces: Frame, rng: np.random.Generator, *, with_timetable: bool) -> Frame:
    parts = []
    for i, measure in enumerate(MEASURES):
        distance = rng.gamma(2.0, (420, 440, 1500, 1e6, 1e6, 450, 700)[i], len(pieces))
        asks_timetable = i < 5
        reached = distance < 5000
        status = np.where(reached, "reached", "unreached")
        if asks_timetable and not with_timetable:
            status = np.full(len(pieces), "unknown")
        parts.append(
            pieces[["piece_id", "site_id"]].assign(
                measure=measure,
                value=np.where(status == "reached", distance, np.nan),
                status=status,
                is_truncated=False,
                why=np.where(status == "unknown", "no timetable", None),
            )
        )
    return made(pd.DataFrame(pd.concat(parts, ignore_index=True)), Accessibility)


def _units(pieces: Frame) -> Frame:
    density = dict(zip(FLEXMILIEUS, (120, 110, 90, 60, 80, 15), strict=True))
    parts = []
    for flexmilieu in FLEXMILIEUS:
        by_density = pieces["piece_area_m2"].to_numpy() / 1e4 * density[flexmilieu]
        layout = np.floor(by_density * 0.9 + 1).astype(int)
        expected = np.minimum(np.floor(by_density).astype(int), layout)
        parts.append(
            pd.DataFrame(pieces)[["piece_id", "site_id"]].assign(
                flexmilieu=flexmilieu,
                dwelling_mix="studio:1.00" if flexmilieu != "groen_tiny" else "tiny:1.00",
                **{
                    f"{count}_{estimate}": homes
                    for count in ("n_room", "n_per_cluster")
                    for estimate, homes in zip(ESTIMATES, _band(expected), strict=True)
                },
                n_room_clusters=expected,
                is_layout_least=False,
                n_units_density=by_density,
                n_units_layout=layout,
                bound_by=np.where(by_density < layout, "density", "layout"),
                n_parking=expected // 3,
            )
        )
    return made(pd.concat(parts), Units)


def _exploitation(sites: Frame, suitability: Frame, pieces: Frame) -> Frame:
    """Return it at the shipped figures, every home a studio on 100 m2."""
    figures = read_model(configs_directory() / "exploitation.yaml", Figures)
    studios = read_model(configs_directory() / "flexmilieus" / "campus.yaml", Flexmilieu).programme
    return exploit(
        sites,
        suitability,
        pieces,
        figures=figures,
        programmes=dict.fromkeys(FLEXMILIEUS, studios),
        m2_per_home=dict.fromkeys(FLEXMILIEUS, 100.0),
    )


def _band(expected: np.ndarray) -> tuple[np.ndarray, ...]:
    return np.floor(expected * 0.75).astype(int), expected, np.ceil(expected * 1.3).astype(int)


def _piece_suitability(access: Frame, units: Frame) -> Frame:
    asks = {
        "stedelijk_ov": ("walk_distance_transit_m", 1125.0),
        "campus": ("walk_distance_train_m", 2500.0),
        "fietsstad": ("walk_distance_train_m", 3500.0),
        "zorg_nabij": ("walk_distance_gp_m", 1200.0),
        "werk_nabij": ("walk_distance_supermarket_m", 1000.0),
        "groen_tiny": ("walk_distance_supermarket_m", 1900.0),
    }
    table = units.assign(measure=units["flexmilieu"].map({key: measure for key, (measure, _) in asks.items()}))
    table = table.merge(access[["site_id", "measure", "value", "status"]], on=["site_id", "measure"])
    limit = table["flexmilieu"].map({key: limit for key, (_, limit) in asks.items()})
    known, value = table["status"] != "unknown", table["value"]
    meets = (value <= limit).astype("boolean").mask(~known)
    fails = known & ~(value <= limit)
    table = table.assign(
        is_suitable=meets,
        failed_criterion=table["measure"].where(fails),
        failed_by=(value - limit).where(fails),
        unknown_criteria=_lists(table["measure"].where(~known, "")),
        score=(1 - value / (2 * limit)).clip(0, 1).round(3).where(known),
        score_known_share=np.where(known, 1.0, 0.5),
    )
    return made(table.sort_values(["piece_id", "flexmilieu"]), PieceSuitability)
