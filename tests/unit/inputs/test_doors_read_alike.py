"""The same features as a file, through a WFS and through an OGC API: the same rows, or the same words.

Law, per delivery of the table: whatever the door, the layer that is read is the same, and what is told of it is too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.config.rule_sets import read_rule_set
from flexsites.config.shelf import Shelf
from flexsites.errors import InputError
from flexsites.inputs.prepare import Request, prepare
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares, vector
from tests.unit.inputs.web import answered_by

RULES = {one.rule_id: one for one in read_rule_set(Shelf().files("rules/exclusion")["omgevingswet_2024"]).rules}
SHAPES = squares(4).geometry.tolist()
X, Y = ORIGIN
SRS = 'srsName="urn:ogc:def:crs:EPSG::28992"'
Row = dict[str, Any]


@dataclass
class Service:
    """What both services give: each the features in its own form."""

    port: int = 0
    gml: bytes = b""
    json: bytes = b""
    asked: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    web: Service

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        web, url = self.web, urlparse(self.path)
        web.asked.append(self.path)
        query = {key.lower(): values[0] for key, values in parse_qs(url.query).items()}
        content = web.gml if url.path == "/wfs" and "outputformat" not in query else web.json
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with answered_by(_Handler, Service()) as serves:
        yield serves


def ring(shape: shapely.Geometry) -> str:
    """Return a shape as GML writes it."""
    if shape.geom_type == "Point":
        return f"<gml:Point {SRS}><gml:pos>{shape.x} {shape.y}</gml:pos></gml:Point>"
    corners = " ".join(f"{x!r} {y!r}" for x, y in shapely.get_coordinates(shape).tolist())
    inner = f"<gml:LinearRing><gml:posList>{corners}</gml:posList></gml:LinearRing>"
    return f"<gml:Polygon {SRS}><gml:exterior>{inner}</gml:exterior></gml:Polygon>"


def as_gml(rows: Sequence[Row]) -> bytes:
    """Return features as a WFS gives them: a list as an element that is repeated, no value as no element."""
    members = []
    for n, row in enumerate(rows):
        cells = {name: value if isinstance(value, list) else [value] for name, value in row.items() if name != "shape"}
        written = "".join(
            f"<x:{name}>{one}</x:{name}>" for name, every in cells.items() for one in every if one is not None
        )
        shape = f"<x:vlak>{ring(row['shape'])}</x:vlak>"
        members.append(f'<wfs:member><x:Vlak gml:id="v.{n}">{written}{shape}</x:Vlak></wfs:member>')
    spaces = (
        'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" '
        'xmlns:x="https://example.nl/x"'
    )
    count = f'numberMatched="{len(rows)}" numberReturned="{len(rows)}"'
    return f"<wfs:FeatureCollection {spaces} {count}>{''.join(members)}</wfs:FeatureCollection>".encode()


def as_json(rows: Sequence[Row]) -> bytes:
    """Return the same features as an OGC API gives them."""
    features = [
        {
            "type": "Feature", "id": f"v.{n}",
            "properties": {name: value for name, value in row.items() if name != "shape"},
            "geometry": shapely.geometry.mapping(row["shape"]),
        }
        for n, row in enumerate(rows)
    ]  # fmt: skip
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    content = {"type": "FeatureCollection", "crs": crs, "features": features, "numberMatched": len(rows)}
    return json.dumps(content).encode()


def rows(shapes: Sequence[Any] = SHAPES, **columns: list[Any]) -> list[Row]:
    """Return features with these columns."""
    n = len(next(iter(columns.values()))) if columns else len(shapes)
    return [{**{name: values[i] for name, values in columns.items()}, "shape": shapes[i]} for i in range(n)]


def inf(corner: float) -> list[Any]:
    """Return squares of which the last has one corner that is no place."""
    with np.errstate(invalid="ignore"):
        return [*SHAPES[:3], shapely.Polygon([(X, Y), (X + 1, Y), (corner, Y + 1), (X, Y + 1)])]


@dataclass(frozen=True)
class Case:
    """Features, how they are read, and the values of a column, from west to east, or the words that tell."""

    rows: list[Row]
    expected: list[Any] | str
    """Of every door, but of those in `other`."""
    column: str = "feature_id"
    row: Row = field(default_factory=dict)
    place: str = "l"
    rule: str | None = None
    other: dict[str, list[Any] | str] = field(default_factory=dict)


NAMES = list("abcd")
DOORS = ("file", "wfs", "wfs of geojson", "ogc_features")
OF_JSON = DOORS[2:]
OF_SERVICES = DOORS[1:]
PLANS = {"rename": {"hard": "plan_hardness", "jaar": "plan_start_year"}, "keep": ["naam"]}
DWELT = {"rename": {"h": "is_housing"}}
LONG = [90071992547409930123, 90071992547409930223, 5]
CASES = {
    "a repeated element": Case(
        rows(doel=[["winkel", "wonen"], ["wonen"], None, "wonen"]), ["winkel|wonen"], "doel",
        {"keep": ["doel"], "where": {"doel": ["winkel"]}},
    ),
    "ids of 18 digits": Case(
        rows(nr=[900719925474099301, 900719925474099302, 5]), ["900719925474099301", "900719925474099302", "5"],
        row={"id_column": "nr"},
    ),
    "an id is missing": Case(rows(nr=[900719925474099301, None]), r"no id \(1 row", row={"id_column": "nr"}),
    "numbers that JSON readers round": Case(
        rows(nr=LONG), [str(one) for one in LONG], row={"id_column": "nr"},
        other=dict.fromkeys(OF_JSON, "an id that has lost its last digits"),
    ),
    "an id comes twice": Case(rows(nr=["a", "b", "b"]), "an id that another feature has", row={"id_column": "nr"}),
    "a word of no list": Case(
        rows(naam=NAMES[:2], hard=["hard", "Hard"], jaar=[2027] * 2), r"words that are not known \(1 row: Hard\)",
        row=PLANS, place="plan_capacity", rule="plans_hard",
    ),
    "years that no plan has": Case(
        rows(naam=NAMES, hard=["hard"] * 4, jaar=[2027, 3000, 9999, 0]), [2027, None, None, None], "plan_start_year",
        PLANS, "plan_capacity", "plans_hard",
    ),
    "yes and no in words": Case(
        rows(h=["ja", "nee", "JA", None]), [True, False, True, None], "is_housing", DWELT, "zoning",
        "zoning_not_housing",
    ),
    "nothing at all": Case([], "there is no layer in it", other={door: [] for door in OF_SERVICES}),
    "nothing that is asked": Case(
        rows(naam=NAMES), "no row passes `where`", row={"keep": ["naam"], "where": {"naam": ["x"]}},
        other={door: [] for door in OF_SERVICES},
    ),
    "a point among polygons": Case(
        rows([*SHAPES[:3], shapely.Point(X, Y)], naam=NAMES), "not a polygon", row={"keep": ["naam"]},
        place="natura2000", rule="natura2000",
    ),
    "a corner that is no number": Case(
        rows(inf(float("nan")), naam=NAMES), "a coordinate is no number: nan", row={"keep": ["naam"]},
        other=dict.fromkeys(OF_JSON, "a corner that is no place"),
    ),
    "a corner without end": Case(
        rows(inf(float("inf")), naam=NAMES), "a coordinate is no number: inf", row={"keep": ["naam"]},
        other=dict.fromkeys(OF_JSON, "a corner that is no place"),
    ),
}  # fmt: skip


def used(door: str, case: Case, service: Service, folder: Path) -> Row:
    """Return the row of a run file that reads a case through a door."""
    service.gml, service.json = as_gml(case.rows), as_json(case.rows)
    if door == "file":
        (folder / "a.gml").write_bytes(service.gml)
        return vector("a.gml", **case.row)
    url = f"http://127.0.0.1:{service.port}/wfs"
    if door == "ogc_features":
        return {"reader": "ogc_features", "about": ABOUT, "url": url, "collection": "vlak", **case.row}
    wfs = {"reader": "wfs", "about": ABOUT, "url": url, "type_name": "x:Vlak", **case.row}
    return wfs if door == "wfs" else wfs | {"format": "geojson"}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", CASES)
def test_what_is_delivered_is_read_alike(name: str, door: str, service: Service, tmp_path: Path) -> None:
    case = CASES[name]
    given = sources(layers={case.place: used(door, case, service, tmp_path) | {"coverage": "none"}})
    request = Request(rules=() if case.rule is None else (RULES[case.rule],), layers=(case.place,))
    expected = case.other.get(door, case.expected)
    if isinstance(expected, str):
        with pytest.raises(InputError, match=expected):
            prepare(given, directory=tmp_path / "out", base=tmp_path, request=request)
        return
    found = prepare(given, directory=tmp_path / "out", base=tmp_path, request=request)
    table = found.read_layers()
    values = table.iloc[table.bounds["minx"].argsort(kind="stable")][case.column] if expected else table["geometry"]
    assert [None if pd.isna(one) else one for one in values] == expected
    if not expected:  # that nothing is there is told, with why
        (told,) = found.warnings
        assert ("no row passes `where`" in told) is bool(case.rows)
