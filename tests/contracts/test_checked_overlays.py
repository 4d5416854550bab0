"""An overlay can be wrong without an error: who asks shapely itself, not `flexsites.geometry.robust`, stands here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import flexsites

PACKAGE = Path(flexsites.__file__).parent

OVERLAYS = {
    *("intersection", "difference", "symmetric_difference", "union", "union_all", "unary_union"),
    *("intersection_all", "symmetric_difference_all", "coverage_union", "coverage_union_all", "clip_by_rect"),
}

LINES = "lines over polygons without thin holes, whose edges they do not run along"
PICTURE = "a picture"
CHECKED = "checked there, by area"
UNCHECKED = {
    "geometry/robust.py intersect": CHECKED,
    "geometry/robust.py _overlay": CHECKED,
    "geometry/robust.py _unite_singly": CHECKED,
    "geometry/robust.py _split_on_grid": "on a grid, where nothing all but coincides",
    "geometry/robust.py _unite_on_grid": "on a grid, where nothing all but coincides",
    "geometry/polygons.py _dissolve": "checked by who asks it, `unite` and `unite_each`",
    "exclusion/kernels/entrances.py lets": LINES,
    "exclusion/kernels/entrances.py needs_culvert": LINES,
    "exclusion/kernels/entrances.py _shortest": "lines with lines; nothing is told inside or outside",
    "exclusion/kernels/entrances.py length_over_parcels": "lines over parcels in millimetres: no hole is thin",
    "exclusion/kernels/entrances.py _faces": "lines are noded; nothing is told inside or outside",
    "exclusion/kernels/lanes.py begins_lane": LINES,
    "exclusion/kernels/lanes.py crossing_to": LINES,
    "exclusion/kernels/lanes.py part_with_lanes": "parts of one polygon meet in points at most",
    "capacity/kernels/complexes.py shared_walls": LINES,
    "capacity/kernels/layout_ground.py _along": LINES,
    "capacity/kernels/layout_ground.py _before": LINES,
    "capacity/kernels/roof_surfaces.py facade_lines": LINES,
    "inputs/osm/amenities.py entrances": LINES,
    "inputs/osm/layers.py osm_extent": "boxes of files, few and whole",
    "inputs/land/raster_overlaps.py _pairs": "upright boxes",
    "inputs/formats/polygon_filter.py read_poly": "in degrees; its rings lie apart, or in one another",
    "reporting/report/drawing.py _cut": PICTURE,
    "reporting/maps/display.py without_holes": PICTURE,
    "reporting/maps/background.py areas_within": PICTURE,
}


def test_who_takes_an_overlay_unchecked_says_why() -> None:
    assert set(_who_asks()) == set(UNCHECKED)


def _who_asks() -> Iterator[str]:
    """Yield each function outside the synthetic worlds that names an overlay of shapely."""
    for path in sorted(PACKAGE.rglob("*.py")):
        where, source = path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")
        if where.startswith("worlds/") or "shapely." not in source:
            continue
        for function in ast.walk(ast.parse(source)):
            if isinstance(function, ast.FunctionDef) and any(map(_is_overlay, ast.walk(function))):
                yield f"{where} {function.name}"


def _is_overlay(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id == "shapely")
        and node.attr in OVERLAYS
    )
