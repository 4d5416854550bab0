"""The run file of the synthetic country: a source for every rule that is on, streets, timetable, owners and demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from flexsites.worlds.country_areas import AREA_LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RUN_FILE = "run.yaml"

KEPT = {
    "parcels": ("land_use",),
    "buildings": ("has_dwelling",),
    "monuments": ("kind",),
    "businesses": ("milieucategorie",),
    "zoning": ("is_housing",),
    "urban_contour": ("is_inside",),
    "crops": ("crop_code",),
    "motorways": ("road_class",),
    "rail": ("rail_class",),
}
"""Attributes of layers that tiles hold."""

TILE_LAYERS = (
    "buildings", "yards", "monuments", "businesses", "zoning", "urban_contour", "residential_land", "public_green",
    "houseboats", "crops", "motorways", "rail", "power_lines", "pipelines", "cemetery", "landfill",
)  # fmt: skip
"""Layers of rules that tiles hold under their own names."""

ABOUT = {
    "title": "Synthetic country (invented)", "provider": "flexsites", "licence": "MIT",
    "attribution": "flexsites (synthetic)", "edition": "2026",
}  # fmt: skip


def write_run_file(folder: Path, n_rows: Mapping[str, int], *, size: str) -> Path:
    """Write the run file beside the country's files, which it names relative to itself.

    A layer without rows is left out: an empty file is a fault, and a small country may hold none of some kinds.
    """
    path = folder / RUN_FILE
    run = {
        "name": f"world_{size}",
        "title": {"nl": f"Verzonnen land ({size})", "en": f"Synthetic country ({size})"},
        "notes": [
            {
                "nl": "Synthetische gegevens: geen enkele uitkomst zegt iets over een bestaande plaats.",
                "en": "Synthetic data: no result says anything about an existing place.",
            }
        ],
        "is_synthetic": True,
        "pipeline": "provincial_sweep",
        "reference_date": "2026-01-01",
        "rules": "omgevingswet_2024",
        "sources": _sources(n_rows),
    }
    path.write_text(yaml.safe_dump(run, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def _vector(name: str, *keep: str, id_column: str = "id", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    kept = {"keep": list(keep)} if keep else {}
    return {"reader": "vector", "about": ABOUT, "path": f"{name}.parquet", "id_column": id_column, **kept, **more}


def _sources(n_rows: Mapping[str, int]) -> dict[str, Any]:
    layers = {name: _vector(name, *KEPT.get(name, ()), coverage="run") for name in TILE_LAYERS}
    layers |= {name: _vector(name, *about.values, coverage="run") for name, about in AREA_LAYERS.items()}
    layers = {name: source for name, source in layers.items() if n_rows.get(name)}
    layers["land_use"] = _vector("parcels", "land_use", id_column="site_id", coverage="run")
    layers["roads"] = _vector("streets", "road_class", id_column="street_id", coverage="run")
    layers["noise"] = {"reader": "raster", "about": ABOUT, "path": "noise.tif", "unit": "dB Lden"}
    layers["flood"] = {"reader": "raster", "about": ABOUT, "path": "flood.tif", "unit": "m"}
    kinds = ("gemeenten", "provincies", "buurten")
    areas: dict[str, Any] = {kind: {"reader": "vector", "about": ABOUT, "path": f"{kind}.parquet"} for kind in kinds}
    areas["buurten"]["keep"] = ["address_density_per_km2", "urbanity_class"]
    return {
        "parcels": _vector("parcels", "land_use", id_column="site_id"),
        "layers": layers,
        "streets": {
            "reader": "lines", "about": ABOUT, "path": "streets.parquet", "id_column": "street_id",
            "class_column": "road_class",
        },
        "amenities": {
            "all": {
                "reader": "points", "about": ABOUT, "path": "amenities.parquet", "id_column": "amenity_id",
                "category_column": "category",
            },
        },
        "stops": {"timetable": {"reader": "gtfs", "about": ABOUT, "path": "timetable.zip"}},
        "areas": areas,
        "ownership": {
            "reader": "table", "about": ABOUT, "path": "ownership.parquet", "key": "site_id",
            "keep": ["owner_class", "tenure"],
        },
        "demand": {
            "reader": "table", "about": ABOUT, "path": "demand.csv", "key": "gemeente_code",
            "keep": ["target_group", "n_homes"],
        },
    }  # fmt: skip
