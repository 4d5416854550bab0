"""What examples of stages are made of: a few invented rows, and the figures of the bundled run demo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import shapely

from flexsites.config.rules import Effect, Hardness, Inside
from flexsites.config.study import Study, resolve
from flexsites.tables import Frame, Pieces, Table, conform
from flexsites.tables.own import as_frame

__all__ = ["demo", "inside", "plain", "plain_pieces", "plot", "street_around"]


@cache
def demo() -> Study:
    """Return the bundled run demo, resolved: the rules and figures that examples take."""
    return resolve("demo")


def plot(west: float = 0.0, *, width_m: float = 100.0, depth_m: float = 50.0) -> shapely.Polygon:
    """Return a rectangle in the middle of the country.

    Examples
    --------
    >>> plot(200).bounds
    (150200.0, 450000.0, 150300.0, 450050.0)
    """
    return shapely.box(150_000 + west, 450_000, 150_000 + west + width_m, 450_000 + depth_m)


def street_around(shape: shapely.Polygon) -> shapely.LineString:
    """Return the outline of a shape as the line of a street."""
    return shapely.LineString(shape.exterior.coords)


def inside(layer: str, effect: Effect = "exclude", hardness: Hardness = "zacht") -> Inside:
    """Return a rule on the land inside the polygons of a layer, with the name of the layer.

    Examples
    --------
    >>> inside("water").rule_id
    'water'
    """
    label: Any = {"nl": layer, "en": layer}
    return Inside(
        rule_id=layer, kind="inside", label=label, effect=effect, hardness=hardness, layer=layer, source="example"
    )


def plain(table: Table, geometry: Sequence[shapely.Geometry] | None = None, **columns: object) -> Frame:
    """Return invented rows of a table, for an example that cares for a few columns only.

    What is not given is null where it may be null. Where it may not, it is the area of the geometry, or as little as
    may be: zero or the least there is, false, no names, the first word of a closed list. So it is never for land that
    is there; :func:`flexsites.tables.own.own` is, which leaves nothing out.

    Examples
    --------
    >>> from flexsites.tables import ValidPieces
    >>> plain(ValidPieces, piece_id=["a#1"], site_id="a").iloc[0].to_dict()
    {'piece_id': 'a#1', 'site_id': 'a', 'core_area_m2': 0.0}
    """
    frame = as_frame(table, geometry, columns)
    area = None if geometry is None else shapely.area(list(geometry))
    least: dict[str, Any] = {}
    for field in table.fields:
        if field.name not in frame:
            is_area = area is not None and field.name.endswith("area_m2")
            word = field.values[0] if field.values else "-"
            nothing = {"str": word, "bool": False}.get(field.dtype, field.low or 0)
            least[field.name] = area if is_area else nothing
    frame = frame.assign(**least)
    return conform(frame, table, where="example")


def plain_pieces(*shapes: shapely.Geometry, **columns: object) -> Frame:
    """Return pieces that passed all tests: of the parcels a, b, c, entered in the middle of their west side.

    Examples
    --------
    >>> plain_pieces(plot())[["piece_id", "piece_area_m2", "access_x_m", "access_y_m"]].to_numpy().tolist()
    [['a#1', 5000.0, 150000.0, 450025.0]]
    """
    sites = [chr(ord("a") + i) for i in range(len(shapes))]
    west, south, _, north = shapely.bounds(list(shapes)).T
    known: dict[str, object] = {
        "site_id": sites, "piece_id": [f"{one}#1" for one in sites], "free_id": [f"{one}#1" for one in sites],
        "piece_number": 1, "access_x_m": west, "access_y_m": (south + north) / 2, "is_valid": True,
        "is_with_consent": True, "is_without_consent": True, "plan_coverage": "covered",
        **{f"available_years_{one}": 15.0 for one in ("low", "expected", "high")},
    }  # fmt: skip
    return plain(Pieces, shapes, **(known | columns))
