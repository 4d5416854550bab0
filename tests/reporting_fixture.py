"""A small, deterministic run directory in the form that a real run leaves: what the reporting tests read.

Two synthetic municipalities of 60 sites each. The ledger closes, verdicts follow from the areas, the units are
ordered, and unknowns, near misses, restrictions, owners and texts that look like formulas all occur.
"""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import yaml
from shapely.geometry import Polygon

from tests.piece_rows import pieces_of

CRS = "EPSG:28992"
UNDEMANDING = ("groen_tiny",)
FLEXMILIEUS = ("stedelijk_ov", "campus", "fietsstad", "zorg_nabij", "werk_nabij", "groen_tiny")
ESTIMATES = ("low", "expected", "high")
RULES = (
    ("natura2000", "exclude", "zeer_hard", "Natura 2000", "Natura 2000"),
    ("nnn", "exclude", "hard", "Natuurnetwerk Nederland", "National nature network"),
    ("in_use", "exclude", "hard", "In gebruik: wonen, weg, water, spoor", "In use: homes, road, water, rail"),
    ("plan_hard", "exclude", "middel", "Harde plancapaciteit binnen tien jaar", "Hard plan capacity within ten years"),
    ("flood_depth", "exclude", "middel", "Overstroming dieper dan 1 m", "Flood deeper than 1 m"),
    ("vng_distance", "restrict", "zacht", "Afstand tot bedrijven", "Distance to businesses"),
    ("zoning", "flag", None, "Bestemming niet wonen (BOPA)", "Zoning is not housing (BOPA)"),
    ("grid_congestion", "flag", None, "Netcongestie", "Grid congestion"),
    ("piece_min_area", "test", None, "Te klein", "Too small"),
    ("piece_min_width", "test", None, "Te smal", "Too thin"),
    ("piece_road_access", "test", None, "Geen weg", "No road"),
)
MEASURES = (
    ("walk_distance_transit_m", "m", "loopafstand tot halte met dienst", "walking distance to a served stop"),
    ("walk_distance_bus_m", "m", "loopafstand tot bushalte met dienst", "walking distance to a served bus stop"),
    ("walk_distance_train_m", "m", "loopafstand tot station", "walking distance to a station"),
    ("walk_distance_tram_m", "m", "loopafstand tot tramhalte met dienst", "walking distance to a served tram stop"),
    ("walk_distance_metro_m", "m", "loopafstand tot metro met dienst", "walking distance to a served metro stop"),
    ("walk_distance_supermarket_m", "m", "loopafstand tot supermarkt", "walking distance to supermarket"),
    ("walk_distance_gp_m", "m", "loopafstand tot huisarts", "walking distance to general practitioner"),
)
ORIGIN = (190_000.0, 505_000.0)
N_COLUMNS, N_ROWS, SIDE_M = 12, 10, 140.0
NASTY_OWNER_TEXT = '=HYPERLINK("http://example.invalid")'


def write_results(directory: Path, *, with_timetable: bool = True, with_roofs: bool = True) -> Path:
    """Write the run directory and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    tables = make_tables(with_timetable=with_timetable)
    for name, table in tables.items():
        table.to_parquet(directory / f"{name}.parquet")
    strict = directory / "variants" / "strict"
    strict.mkdir(parents=True, exist_ok=True)
    for name, table in stricter(tables).items():
        table.to_parquet(strict / f"{name}.parquet")
    canonical = directory / "canonical"
    canonical.mkdir(exist_ok=True)
    for name, table in surroundings().items():
        table.to_parquet(canonical / f"{name}.parquet")
    if with_roofs:
        for name, table in make_roofs().items():
            table.to_parquet(directory / f"{name}.parquet")
    (directory / "manifest.json").write_text(json.dumps(make_manifest(tables), indent=2), encoding="utf-8")
    measures = [{"id": key, "unit": unit, "label": {"nl": nl, "en": en}} for key, unit, nl, en in MEASURES]
    content = {"run": {"name": "waterdam", "pipeline": "municipal_shortlist"}, "measures": {"measures": measures}}
    (directory / "run.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return directory


def make_tables(*, with_timetable: bool = True) -> dict[str, pd.DataFrame]:
    """Return the result tables of the base variant, by name."""
    rng = np.random.default_rng(20_261_123)
    sites, shares = _sites(rng)
    reasons = _reasons(sites, shares)
    taken = reasons.groupby("site_id")["attributed_area_m2"].sum()
    sites["buildable_area_m2"] = np.maximum(sites["parcel_area_m2"] - sites["site_id"].map(taken).fillna(0.0), 0.0)
    sites.loc[sites["buildable_area_m2"] < 1e-6, "buildable_area_m2"] = 0.0
    sites["n_pieces"] = (sites["buildable_area_m2"] > 0).astype(int)
    _decide(sites)
    pieces = _pieces(sites)
    access = _accessibility(pieces, rng, with_timetable=with_timetable)
    units = _units(pieces)
    suitability = _suitability(access, units)
    _choose(sites, suitability)
    near_misses, near_miss_units = _near_misses(sites, reasons)
    return {
        "near_misses": near_misses,
        "near_miss_units": near_miss_units,
        "sites": _typed(sites),
        "pieces": pieces,
        "reasons": reasons,
        "accessibility": access,
        "units": units,
        "suitability": suitability,
    }


def stricter(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return sites and suitability of a variant in which every conditional site falls."""
    sites = tables["sites"].copy()
    falls = sites["verdict"] == "conditional"
    sites.loc[falls, "verdict"] = "excluded"
    sites.loc[falls, ["n_units_low", "n_units_expected", "n_units_high"]] = 0
    sites.loc[falls, "buildable_area_m2"] = 0.0
    sites.loc[falls, "n_pieces"] = 0
    sites.loc[falls, "location_id"] = None
    suitability = tables["suitability"].copy()
    return {"sites": sites, "suitability": suitability[~suitability["site_id"].isin(sites.loc[falls, "site_id"])]}


def surroundings() -> dict[str, gpd.GeoDataFrame]:
    """Return areas with names and a few streets, as the prepared inputs hold them."""
    x, y = ORIGIN
    half, wide, tall = N_COLUMNS * SIDE_M / 2, N_COLUMNS * SIDE_M, N_ROWS * SIDE_M
    areas = gpd.GeoDataFrame(
        {
            "area_kind": ["gemeente", "gemeente", "provincie"],
            "area_code": ["GM9001", "GM9002", "PV99"],
            "area_name": ["Waterdam", "Hoogveen & <Laag>", "Nieuwland"],
        },
        geometry=[
            shapely.box(x - 60, y - 60, x + half, y + tall + 60),
            shapely.box(x + half, y - 60, x + wide + 60, y + tall + 60),
            shapely.box(x - 60, y - 60, x + wide + 60, y + tall + 60),
        ],
        crs=CRS,
    )
    lines = [shapely.LineString([(x - 60, y + row * SIDE_M), (x + wide + 60, y + row * SIDE_M)]) for row in (0, 4, 8)]
    lines += [shapely.LineString([(x + i * SIDE_M, y - 60), (x + i * SIDE_M, y + tall + 60)]) for i in (0, 3, 6, 9)]
    streets = gpd.GeoDataFrame(
        {
            "street_id": [f"s{i}" for i in range(len(lines))],
            "road_class": ["primary", "secondary", "tertiary", "secondary", "residential", "tertiary", "secondary"],
            "road_kind": "street",
            "street_name": None,
            "is_roundabout": None,
            "is_walk": True,
            "is_bicycle": True,
            "is_car": True,
        },
        geometry=lines,
        crs=CRS,
    )
    return {"areas": areas, "streets": streets}


def make_roofs() -> dict[str, pd.DataFrame]:
    """Return a few roofs with known counts: three suitable, two unknown, one too young a rule, per age rule."""
    n = 8
    x, y = ORIGIN
    squares = [shapely.box(x + 40 * i, y - 400, x + 40 * i + 30, y - 388) for i in range(n)]
    roofs = gpd.GeoDataFrame(
        {
            "bag_pand_id": [f"99010000000000{i:02d}" for i in range(n)],
            "gemeente_code": "GM9001",
            "owner_class": "corporatie",
            "year_built": pd.array([1968, 1971, 1994, 1950, None, 1985, 2001, 1999], dtype="Int64"),
            "n_dwellings": pd.array([24, 32, 18, 8, 40, None, 12, 6], dtype="Int64"),
            "n_storeys": pd.array([4, 4, 5, 3, 4, None, 4, 2], dtype="Int64"),
            "verdict": [
                "eligible",
                "eligible",
                "conditional",
                "excluded",
                "unknown",
                "unknown",
                "eligible",
                "excluded",
            ],
        },
        geometry=squares,
        crs=CRS,
    )
    rows = [
        (pand, age_rule, variant, verdict, units)
        for pand, verdict, units in zip(
            roofs["bag_pand_id"], roofs["verdict"], (6, 8, 9, 0, None, None, 4, 0), strict=True
        )
        for age_rule in ("stec_2023", "load_1999")
        for variant in ("permanent", "temporary")
    ]
    columns = ["bag_pand_id", "age_rule", "roof_variant", "verdict", "n_units_expected"]
    roof_units = pd.DataFrame(rows, columns=columns)
    roof_units["n_units_expected"] = roof_units["n_units_expected"].astype("Int64")
    roof_units["n_units_low"] = roof_units["n_units_expected"] - (roof_units["n_units_expected"] > 0).astype("Int64")
    roof_units["n_units_high"] = roof_units["n_units_expected"] + (roof_units["n_units_expected"] > 0).astype("Int64")
    roof_units["extra_floor_area_m2"] = roof_units["n_units_expected"].astype("float64") * 30.0
    roof_units["block_type"], roof_units["roof_quality"] = "dwellings", "sound"
    roof_units["missing_evidence"] = np.where(roof_units["n_units_expected"].isna(), "building_height", "")
    return {"roofs": roofs, "roof_units": roof_units}


def make_manifest(tables: dict[str, pd.DataFrame]) -> dict[str, object]:
    """Return a manifest that closes."""
    sites, reasons = tables["sites"], tables["reasons"]
    labels = {
        "stedelijk_ov": ("Stedelijk, met ov", "Urban, by transit"),
        "campus": ("Campus", "Campus"),
        "fietsstad": ("Fietsstad", "Cycling town"),
        "zorg_nabij": ("Zorg nabij", "Care nearby"),
        "werk_nabij": ("Werk nabij", "Work nearby"),
        "groen_tiny": ("Groen en klein", "Green and tiny"),
    }
    return {
        "run_id": "waterdam-2026",
        "name": "waterdam",
        "title": {
            "nl": "Flexwoonlocaties Waterdam & Hoogveen",
            "en": "Sites for temporary homes in Waterdam & Hoogveen",
        },
        "about": {
            "nl": "Verzonnen gemeenten, om het rapport te toetsen.",
            "en": "Invented municipalities, to test the report.",
        },
        "notes": [{"nl": "Alle percelen zijn verzonnen.", "en": "All parcels are invented."}],
        "is_synthetic": True,
        "pipeline": "municipal_shortlist",
        "flexsites_version": "0.1.0",
        "reference_date": "2026-01-01",
        "sources": [
            {
                "id": "parcels",
                "title": "Kadastrale Kaart (synthetisch)",
                "provider": "Kadaster",
                "licence": "CC BY 4.0",
                "attribution": "© Kadaster",
                "edition": "2026-01",
                "url": "https://www.pdok.nl/brk",
                "sha256": "0" * 64,
                "n_features": len(sites),
                "notes": "<script>alert('no')</script>",
            },
            {
                "id": "streets",
                "title": "OpenStreetMap",
                "provider": "OpenStreetMap",
                "licence": "ODbL 1.0",
                "attribution": "© OpenStreetMap-bijdragers",
                "edition": "2024-01-15",
                "url": "https://www.openstreetmap.org/copyright",
                "sha256": "1" * 64,
                "n_features": 7,
            },
        ],
        "assumptions": [
            {"path": "tests.min_area_m2", "value": 1000.0, "unit": "m2", "why": "kleiner loont niet"},
            {"path": "tests.min_width_m", "value": 15.0, "unit": "m", "why": "twee rijen modules en een pad"},
            {"path": "flexmilieus.stedelijk_ov.density", "value": 120.0, "unit": "1/ha", "why": None},
        ],
        "figures": [{"path": "transit.reach_m", "value": 1125.0, "unit": "m", "source": "[R] PBL network model"}],
        "rules": [
            {
                "rule_id": rule_id,
                "label": {"nl": nl, "en": en},
                "effect": effect,
                "hardness": hardness,
                "kind": "inside",
                "source": "METHOD",
            }
            for rule_id, effect, hardness, nl, en in RULES
        ],
        "flexmilieus": [
            {"id": key, "label": {"nl": nl, "en": en}, "is_undemanding": key in UNDEMANDING}
            for key, (nl, en) in labels.items()
        ],
        "versions": {"python": "3.11", "geopandas": "1.2.0"},
        "cells": [{"cell": "c0", "kind": "parcels", "n_sites": len(sites), "seconds": 1.25, "n_repairs": 2}],
        "closes": {
            "area_in_m2": float(sites["parcel_area_m2"].sum()),
            "buildable_area_m2": float(sites["buildable_area_m2"].sum()),
            "attributed_area_m2": float(reasons["attributed_area_m2"].sum()),
            "difference_m2": 0.0,
        },
        "variants": [
            {"id": "base", "label": {"nl": "Basis", "en": "Base"}},
            {"id": "strict", "label": {"nl": "Strenger: niets met toestemming", "en": "Stricter: no consent"}},
        ],
        "warnings": ["2 ongeldige geometrieën hersteld in percelen"],
    }


def _sites(rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, np.ndarray]:
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
            "buurt_code": None,
            "owner_class": owners,
            "tenure": np.where(owners == "gemeente", "vol eigendom", None),
            "parcel_area_m2": area,
            "registered_area_m2": np.round(area),
            "plan_coverage": np.where(column < 9, "covered", "not"),
            "provincial_coverage": "covered",
            "restrictions": np.where(rng.random(n) < 0.2, "vng_distance", ""),
            "flags": np.where(
                rng.random(n) < 0.3, "grid_congestion|zoning", np.where(rng.random(n) < 0.3, "zoning", "")
            ),
        },
        geometry=polygons,
        crs=CRS,
    )
    return sites, shares


def _reasons(sites: gpd.GeoDataFrame, shares: np.ndarray) -> pd.DataFrame:
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
    return pd.DataFrame(rows)


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


def _decide(sites: gpd.GeoDataFrame) -> None:
    n = np.arange(len(sites))
    free = sites["buildable_area_m2"] > 0
    consent = sites["restrictions"] != ""
    sites["verdict"] = np.select([~free, n % 23 == 7, consent], ["excluded", "unknown", "conditional"], "eligible")
    years = np.where(sites["plan_coverage"] == "covered", np.where(n % 5 == 0, 7.5, 15.0), np.nan)
    for one in ESTIMATES:
        sites[f"available_years_{one}"] = years
    sites["buildable_without_consent_m2"] = sites["buildable_area_m2"]
    sites["n_rules_checked"], sites["n_rules_excluding"], sites["unchecked_rules"] = len(RULES), len(RULES), ""
    sites["location_id"] = pd.Series([f"L{i // 2:04d}" for i in n], index=sites.index).where(free, None)


def _pieces(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    open_sites = sites[sites["n_pieces"] > 0]
    # What is left of a parcel is a strip cut from its west side, as wide as the free share of its area.
    shapes = []
    for site in open_sites.itertuples():
        west, south, east, north = site.geometry.bounds
        low, high = west, east
        for _ in range(60):
            middle = (low + high) / 2
            area = shapely.intersection(site.geometry, shapely.box(west, south, middle, north)).area
            low, high = (middle, high) if area < site.buildable_area_m2 else (low, middle)
        shapes.append(shapely.intersection(site.geometry, shapely.box(west, south, high, north)))
    bounds = shapely.bounds(shapes)
    columns = {
        "piece_id": [f"{site}#1" for site in open_sites["site_id"]],
        "site_id": open_sites["site_id"].to_numpy(),
        "road_distance_m": 6.0,
        "access_x_m": bounds[:, 0],
        "access_y_m": bounds[:, 1],
        "farthest_interior_m": 120.0,
        **{name: open_sites[name].to_numpy() for name in ("restrictions", "flags", "plan_coverage")},
        **{f"available_years_{one}": open_sites[f"available_years_{one}"].to_numpy() for one in ESTIMATES},
    }
    return pieces_of(columns, shapes)


def _near_misses(sites: gpd.GeoDataFrame, reasons: pd.DataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return what comes back of excluded sites that only one arguable rule touches: the whole parcel."""
    taking = reasons[reasons["effect"].eq("exclude") & reasons["covered_area_m2"].gt(0)]
    lonely = taking[~taking["site_id"].duplicated(keep=False) & taking["hardness"].eq("middel")]
    excluded = sites[sites["verdict"] == "excluded"].set_index("site_id")
    lonely = lonely[lonely["site_id"].isin(excluded.index)].set_index("site_id")
    back = excluded.loc[lonely.index].reset_index()
    pieces = _pieces(back.assign(n_pieces=1, buildable_area_m2=back["parcel_area_m2"]))
    pieces.insert(0, "rule_id", lonely["rule_id"].to_numpy())
    units = _units(pieces)
    units.insert(0, "rule_id", units["site_id"].map(lonely["rule_id"]).to_numpy())
    return pieces, units


def _accessibility(pieces: gpd.GeoDataFrame, rng: np.random.Generator, *, with_timetable: bool) -> pd.DataFrame:
    parts = []
    for i, (measure, *_) in enumerate(MEASURES):
        distance = rng.gamma(2.0, (420, 440, 1500, 1e6, 1e6, 450, 700)[i], len(pieces))
        asks_timetable = i < 5
        reached = distance < 5000
        status = np.where(reached, "reached", "unreached")
        if asks_timetable and not with_timetable:
            status = np.full(len(pieces), "unknown")
        parts.append(
            pd.DataFrame(
                {
                    "piece_id": pieces["piece_id"].to_numpy(),
                    "site_id": pieces["site_id"].to_numpy(),
                    "measure": measure,
                    "value": np.where(status == "reached", distance, np.nan),
                    "status": status,
                    "is_truncated": False,
                    "why": np.where(status == "unknown", "no timetable", None),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _units(pieces: gpd.GeoDataFrame) -> pd.DataFrame:
    density = {
        "stedelijk_ov": 120,
        "campus": 110,
        "fietsstad": 90,
        "zorg_nabij": 60,
        "werk_nabij": 80,
        "groen_tiny": 15,
    }
    parts = []
    for flexmilieu in FLEXMILIEUS:
        by_density = pieces["piece_area_m2"].to_numpy() / 1e4 * density[flexmilieu]
        layout = np.floor(by_density * 0.9 + 1).astype(int)
        expected = np.minimum(np.floor(by_density).astype(int), layout)
        parts.append(
            pd.DataFrame(
                {
                    "piece_id": pieces["piece_id"].to_numpy(),
                    "site_id": pieces["site_id"].to_numpy(),
                    "flexmilieu": flexmilieu,
                    "dwelling_mix": "studio:1.00" if flexmilieu != "groen_tiny" else "tiny:1.00",
                    "n_units_low": np.floor(expected * 0.75).astype(int),
                    "n_units_expected": expected,
                    "n_units_high": np.ceil(expected * 1.3).astype(int),
                    "n_units_density": by_density,
                    "n_units_layout": layout,
                    "bound_by": np.where(by_density < layout, "density", "layout"),
                    "n_parking": expected // 3,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _suitability(access: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    wide = access.assign(piece=access["site_id"]).pivot_table(
        index="site_id", columns="measure", values="value", dropna=False
    )
    status = access.set_index(["site_id", "measure"])["status"]
    asks = {
        "stedelijk_ov": ("walk_distance_transit_m", 1125.0),
        "campus": ("walk_distance_train_m", 2500.0),
        "fietsstad": ("walk_distance_train_m", 3500.0),
        "zorg_nabij": ("walk_distance_gp_m", 1200.0),
        "werk_nabij": ("walk_distance_supermarket_m", 1000.0),
        "groen_tiny": ("walk_distance_supermarket_m", 1900.0),
    }
    rows = []
    for flexmilieu, (measure, limit) in asks.items():
        of_flexmilieu = units[units["flexmilieu"] == flexmilieu].set_index("site_id")
        for site_id, unit in of_flexmilieu.iterrows():
            value, known = wide.loc[site_id].get(measure, np.nan), status[(site_id, measure)] != "unknown"
            meets = bool(value <= limit) if known else None
            rows.append(
                {
                    "site_id": site_id,
                    "flexmilieu": flexmilieu,
                    "is_suitable": meets,
                    "failed_criterion": measure if meets is False else None,
                    "failed_by": value - limit if meets is False else np.nan,
                    "unknown_criteria": "" if known else measure,
                    "score": float(np.clip(1 - value / (2 * limit), 0, 1)) if known and np.isfinite(value) else np.nan,
                    "score_known_share": 1.0 if known else 0.5,
                    **{name: int(unit[name]) for name in ("n_units_low", "n_units_expected", "n_units_high")},
                }
            )
    table = pd.DataFrame(rows)
    table["is_suitable"] = table["is_suitable"].astype("boolean")
    ranked = table[table["is_suitable"].fillna(value=False)].sort_values(["score", "site_id"], ascending=[False, True])
    table["rank"] = (ranked.groupby("flexmilieu").cumcount() + 1).astype("Int64")
    return table.sort_values(["site_id", "flexmilieu"], ignore_index=True)


def _choose(sites: gpd.GeoDataFrame, suitability: pd.DataFrame) -> None:
    def any_of(rows: pd.DataFrame) -> pd.Series:
        by_site = rows.groupby("site_id")["is_suitable"]
        yes = by_site.apply(lambda s: bool(s.fillna(value=False).any()))
        unknown = by_site.apply(lambda s: bool(s.isna().any()))
        return pd.Series(np.where(yes, True, np.where(unknown, None, False)), index=yes.index)  # noqa: FBT003

    sites["is_suitable"] = sites["site_id"].map(any_of(suitability)).astype("boolean")
    demanding = suitability[~suitability["flexmilieu"].isin(UNDEMANDING)]
    sites["is_suitable_demanding"] = sites["site_id"].map(any_of(demanding)).astype("boolean")
    ordered = suitability.assign(_yes=suitability["is_suitable"].map({True: 2, False: 0}).fillna(1).astype(int))
    ordered = ordered.sort_values(["_yes", "score", "flexmilieu"], ascending=[False, False, True])
    first = ordered.drop_duplicates("site_id").set_index("site_id")
    for name in ("n_units_low", "n_units_expected", "n_units_high"):
        sites[name] = sites["site_id"].map(first[name]).fillna(0).astype("Int64")
    sites["flexmilieu_units"] = sites["site_id"].map(first["flexmilieu"])
    best = first[first["_yes"] == 2]
    sites["flexmilieu_best"] = sites["site_id"].map(best["flexmilieu"])
    sites["score_best"] = sites["site_id"].map(best["score"])


def _typed(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    order = [
        "site_id", "gemeente_code", "provincie_code", "buurt_code", "owner_class", "tenure", "parcel_area_m2",
        "registered_area_m2", "buildable_area_m2", "buildable_without_consent_m2", "n_pieces", "location_id",
        "verdict", "n_rules_checked", "n_rules_excluding", "unchecked_rules", "is_suitable",
        "is_suitable_demanding", "available_years_low", "available_years_expected", "available_years_high",
        "plan_coverage", "provincial_coverage", "n_units_low",
        "n_units_expected", "n_units_high", "flexmilieu_best", "flexmilieu_units", "score_best", "restrictions",
        "flags",
        "geometry",
    ]  # fmt: skip
    return sites[order]
