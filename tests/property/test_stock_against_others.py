"""What is read of a sound register of buildings is what was written there, by readers of another make.

Extracts of the BAG as the register delivers them (LVBAG, XML), 3DBAG as a GeoPackage, and CityJSON, whole and as a
sequence: files are drawn from a seed, read with the standard library alone, and which occurrence stands for an object
is said anew in a line of Python.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import math
import random
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.stock.cityjson import read_cityjson
from flexsites.inputs.stock.roofs_3d import read_bag3d, read_bag3d_parts, roof_attributes
from tests.conftest import examples
from tests.property import other_readers as others
from tests.property.other_readers import SHAPE
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, vector

SEEDS = st.integers(0, 2**32)
ON = "2026-01-01"
STANDING = ("Pand in gebruik", "Pand in gebruik (niet ingemeten)", "Verbouwing pand", "Pand buiten gebruik")
GONE = ("Pand gesloopt", "Niet gerealiseerd pand", "Pand ten onrechte opgevoerd")
USES = ("woonfunctie", "winkelfunctie", "kantoorfunctie", "overige gebruiksfunctie")
IN_USE = ("Verblijfsobject in gebruik", "Verblijfsobject in gebruik (niet ingemeten)")
NOT_IN_USE = ("Verblijfsobject ingetrokken", "Niet gerealiseerd verblijfsobject")
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><sl-bag-extract:bagStand'
    ' xmlns:sl-bag-extract="http://www.kadaster.nl/schemas/lvbag/extract-deelbestand-lvc/v20200601"'
    ' xmlns:sl="http://www.kadaster.nl/schemas/standlevering-generiek/1.0"'
    ' xmlns:Objecten="www.kadaster.nl/schemas/lvbag/imbag/objecten/v20200601"'
    ' xmlns:Objecten-ref="www.kadaster.nl/schemas/lvbag/imbag/objecten-ref/v20200601"'
    ' xmlns:Historie="www.kadaster.nl/schemas/lvbag/imbag/historie/v20200601"'
    ' xmlns:gml="http://www.opengis.net/gml/3.2"><sl-bag-extract:bagInfo></sl-bag-extract:bagInfo><sl:standBestand>'
    "<sl:dataset>LVBAG</sl:dataset><sl:inhoud><sl:gebied>NLD</sl:gebied><sl:leveringsId>1</sl:leveringsId>"
    "<sl:objectTypen><sl:objectType>{}</sl:objectType></sl:objectTypen></sl:inhoud>"
)
Occurrence = dict[str, Any]


def _pand_id(number: int) -> str:
    return f"0344100000{number:06d}"


def _square(number: int) -> shapely.Polygon:
    x = ORIGIN[0] + 40 * number
    return shapely.box(x, ORIGIN[1], x + 10, ORIGIN[1] + 10)


def _history(chance: random.Random) -> list[Occurrence]:
    """Return when each occurrence of an object holds: one after the other, the last without an end, some void."""
    begins = sorted(chance.sample(("1970-01-01", "2003-05-06", "2011-12-31", "2025-12-31", ON, "2027-03-01"), 3))
    begins = begins[: chance.randint(1, 3)]
    ends = [*begins[1:], chance.choice((None, None, "2026-06-01"))]
    if ends[-1] is not None and ends[-1] <= begins[-1]:
        ends[-1] = None
    return [
        {"number": i + 1, "begin": begin, "end": end, "void": chance.random() < 0.15}
        for i, (begin, end) in enumerate(zip(begins, ends, strict=True))
    ]


def _occurrence_xml(one: Occurrence) -> str:
    told = f"<Historie:voorkomenidentificatie>{one['number']}</Historie:voorkomenidentificatie>"
    told += f"<Historie:beginGeldigheid>{one['begin']}</Historie:beginGeldigheid>"
    if one["end"]:
        told += f"<Historie:eindGeldigheid>{one['end']}</Historie:eindGeldigheid>"
    told += f"<Historie:tijdstipRegistratie>{one['begin']}T10:00:00.000</Historie:tijdstipRegistratie>"
    if one["void"]:
        told += "<Historie:tijdstipInactief>2012-02-03T10:00:00.000</Historie:tijdstipInactief>"
    return f"<Objecten:voorkomen><Historie:Voorkomen>{told}</Historie:Voorkomen></Objecten:voorkomen>"


def _ring(shape: shapely.Polygon) -> str:
    at = " ".join(f"{x:.3f} {y:.3f}" for x, y in shape.exterior.coords)
    return f"<gml:exterior><gml:LinearRing><gml:posList>{at}</gml:posList></gml:LinearRing></gml:exterior>"


def _pand_xml(number: int, one: Occurrence) -> str:
    ident = _pand_id(number)
    return (
        f'<Objecten:Pand><Objecten:identificatie domein="NL.IMBAG.Pand">{ident}</Objecten:identificatie>'
        f'<Objecten:geometrie><gml:Polygon gml:id="g{ident}.{one["number"]}" srsName="urn:ogc:def:crs:EPSG::28992">'
        f"{_ring(_square(number))}</gml:Polygon></Objecten:geometrie>"
        f"<Objecten:oorspronkelijkBouwjaar>{one['year']}</Objecten:oorspronkelijkBouwjaar>"
        f"<Objecten:status>{one['status']}</Objecten:status>{_occurrence_xml(one)}</Objecten:Pand>"
    )


def _unit_xml(number: int, one: Occurrence) -> str:
    ident = f"0344010000{number:06d}"
    uses = "".join(f"<Objecten:gebruiksdoel>{use}</Objecten:gebruiksdoel>" for use in one["uses"])
    within = "".join(
        f'<Objecten-ref:PandRef domein="NL.IMBAG.Pand">{_pand_id(pand)}</Objecten-ref:PandRef>'
        for pand in one["within"]
    )
    return (
        f"<Objecten:Verblijfsobject>{_occurrence_xml(one)}"
        f'<Objecten:identificatie domein="NL.IMBAG.Verblijfsobject">{ident}</Objecten:identificatie>'
        f'<Objecten:geometrie><Objecten:punt><gml:Point gml:id="q{ident}.{one["number"]}"'
        f' srsName="urn:ogc:def:crs:EPSG::28992"><gml:pos>{ORIGIN[0]} {ORIGIN[1]}</gml:pos></gml:Point>'
        f"</Objecten:punt></Objecten:geometrie>{uses}<Objecten:oppervlakte>80</Objecten:oppervlakte>"
        f"<Objecten:status>{one['status']}</Objecten:status>"
        f"<Objecten:maaktDeelUitVan>{within}</Objecten:maaktDeelUitVan></Objecten:Verblijfsobject>"
    )


def _write_extract(folder: Path, kind: str, objects: list[str], n_files: int) -> str:
    """Write objects as the register does: a zip of XML files, each with its share of them."""
    name = f"9999{kind}01012026"
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as packed:
        for i in range(n_files):
            stands = "".join(
                f"<sl:stand><sl-bag-extract:bagObject>{one}</sl-bag-extract:bagObject></sl:stand>"
                for one in objects[i::n_files]
            )
            text = f"{HEAD.format(kind)}{stands}</sl:standBestand></sl-bag-extract:bagStand>"
            packed.writestr(f"{name}-{i + 1:06d}.xml", text)
    return f"{name}.zip"


def _valid(occurrences: list[Occurrence]) -> Occurrence | None:
    """Return the occurrence that holds on the day."""
    found = [
        one for one in occurrences if not one["void"] and one["begin"] <= ON and (one["end"] is None or one["end"] > ON)
    ]
    return max(found, key=lambda one: one["number"]) if found else None


def _stock(chance: random.Random) -> tuple[dict[int, list[Occurrence]], dict[int, list[Occurrence]]]:
    """Return panden and units with their history; the first of each holds, and lies in the other."""
    panden = {
        n: [
            one | {"status": chance.choice(STANDING + GONE), "year": chance.randint(1900, 2020)}
            for one in _history(chance)
        ]
        for n in range(1, chance.randint(3, 9))
    }
    units = {
        n: [
            one
            | {
                "status": chance.choice(IN_USE + NOT_IN_USE),
                "uses": chance.sample(USES, chance.randint(1, 3)),
                "within": chance.sample(list(panden), chance.randint(1, 2)),
            }
            for one in _history(chance)
        ]
        for n in range(1, chance.randint(3, 9))
    }
    always = {"number": 1, "begin": "1970-01-01", "end": None, "void": False}
    panden[1] = [always | {"status": STANDING[0], "year": 1970}]
    units[1] = [always | {"status": IN_USE[0], "uses": ["winkelfunctie"], "within": list(panden)}]
    return panden, units


@examples(8)
@given(seed=SEEDS)
def test_an_extract_of_the_register_is_read_as_its_occurrences_say(seed: int) -> None:
    """Every standing pand, with a dwelling or without, whichever of its occurrences comes first in which file."""
    chance = random.Random(seed)
    panden, units = _stock(chance)
    rows = {
        "PND": [_pand_xml(n, one) for n, several in panden.items() for one in several],
        "VBO": [_unit_xml(n, one) for n, several in units.items() for one in several],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {}
        for kind, objects in rows.items():
            chance.shuffle(objects)
            files[kind] = _write_extract(folder, kind, objects, min(len(objects), chance.randint(1, 3)))
        entry = {"reader": "bag", "about": ABOUT, "coverage": "run", "bag_panden": vector(files["PND"])}
        entry["verblijfsobjecten"] = vector(files["VBO"])
        given_sources = sources(layers={"buildings": entry})
        asked = Request(reference_date=dt.date.fromisoformat(ON))
        found = prepare(given_sources, directory=folder / "out", base=folder, request=asked)
        record, layer = found.records[0], found.read_layers()
    stands = {n: one for n, several in panden.items() if (one := _valid(several)) and one["status"] in STANDING}
    in_use = [one for several in units.values() if (one := _valid(several)) and one["status"] in IN_USE]
    homes = {pand for one in in_use if "woonfunctie" in one["uses"] for pand in one["within"]}
    assert record.n_read == len(rows["PND"])
    assert record.n_features == len(stands)
    assert dict(zip(layer["feature_id"], layer["has_dwelling"].astype(bool), strict=True)) == {
        _pand_id(n): n in homes for n in stands
    }
    assert {
        code: shapely.equals(shape, _square(int(code[-6:])))
        for code, shape in zip(layer["feature_id"], layer.geometry, strict=True)
    } == {_pand_id(n): True for n in stands}


def _roof_rows(chance: random.Random) -> gpd.GeoDataFrame:
    n = chance.randint(1, 8)
    prefix = chance.choice(("", "NL.IMBAG.Pand."))
    heights = [chance.choice((None, chance.uniform(-6, 40), math.nan)) for _ in range(n)]
    columns = {
        "identificatie": [prefix + _pand_id(i) for i in range(n)],
        "b3_h_maaiveld": [chance.uniform(-6, 2) for _ in range(n)],
        "b3_h_dak_50p": heights,
        "b3_dak_type": [chance.choice((None, "horizontal", "slanted", "multiple horizontal")) for _ in range(n)],
        "b3_opp_dak_plat": [chance.choice((None, 0.0, chance.uniform(0, 900))) for _ in range(n)],
        "b3_opp_dak_schuin": [chance.choice((None, 0.0, chance.uniform(0, 900))) for _ in range(n)],
        "b3_bouwlagen": pd.array([chance.choice((None, 1, 4, 30)) for _ in range(n)], dtype="Int64"),
    }
    return gpd.GeoDataFrame(columns, geometry=[_square(i) for i in range(n)], crs=28992)


def _number(value: Any) -> float:
    return math.nan if value is None or pd.isna(value) else float(value)


@examples(25)
@given(seed=SEEDS)
def test_3dbag_is_read_as_sqlite_reads_it(seed: int) -> None:
    chance = random.Random(seed)
    frame = _roof_rows(chance)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "3dbag.gpkg"
        frame.to_file(path, layer="pand", driver="GPKG")
        theirs = others.of_geopackage(path)
        rows = read_bag3d(path)
        n_planes = len(read_bag3d_parts(path))
    ours = roof_attributes(rows, where="3dbag").set_index("bag_pand_id")
    names = {
        "ground_height_m_nap": "b3_h_maaiveld", "roof_height_m_nap": "b3_h_dak_50p",
        "roof_flat_area_m2": "b3_opp_dak_plat", "roof_sloped_area_m2": "b3_opp_dak_schuin",
        "n_storeys": "b3_bouwlagen",
    }  # fmt: skip
    assert n_planes == 0
    assert list(ours.index) == [row["identificatie"].removeprefix("NL.IMBAG.Pand.") for row in theirs]
    for row, (_, told) in zip(theirs, ours.iterrows(), strict=True):
        for column, name in names.items():
            assert _number(told[column]) == pytest.approx(_number(row[name]), nan_ok=True), column
        height = _number(row["b3_h_dak_50p"]) - _number(row["b3_h_maaiveld"])
        assert _number(told["building_height_m"]) == pytest.approx(height if height > 0 else math.nan, nan_ok=True)
        assert (None if pd.isna(told["roof_type"]) else told["roof_type"]) == row["b3_dak_type"]
    assert [shapely.equals(a, row[SHAPE]) for a, row in zip(rows.geometry, theirs, strict=True)] == [True] * len(frame)


def _building(chance: random.Random, number: int, key: str, first: int) -> tuple[dict[str, Any], list[list[int]]]:
    """Return a block with a flat roof in one or two halves, in millimetres: whole, or as a part of a building."""
    x, y = round(1000 * (ORIGIN[0] + 40 * number)), round(1000 * ORIGIN[1])
    w, d, h = (chance.randint(3000, 20000) for _ in range(3))
    corners = [[x + a * w // 2, y + b * d, c * h] for c in (0, 1) for b in (0, 1) for a in (0, 1, 2)]
    faces = {
        "GroundSurface": [[[0, 3, 5, 2]]],
        "RoofSurface": chance.choice(([[[6, 8, 11, 9]]], [[[6, 7, 10, 9]], [[7, 8, 11, 10]]])),
        "WallSurface": [[[0, 2, 8, 6]]],
    }
    kinds = chance.sample(list(faces), 3)
    boundaries = [[[first + i for i in ring] for ring in face] for kind in kinds for face in faces[kind]]
    values = [i for i, kind in enumerate(kinds) for _ in faces[kind]]
    shape = {
        "type": "Solid", "lod": "2.2", "boundaries": [boundaries],
        "semantics": {"surfaces": [{"type": kind} for kind in kinds], "values": [values]},
    }  # fmt: skip
    attributes = {"identificatie": f"NL.IMBAG.Pand.{_pand_id(number)}", "b3_h_maaiveld": 0.0, "b3_h_dak_50p": h / 1000}
    block = {**shape, "lod": "1.2", "semantics": {**shape["semantics"]}}
    if chance.random() < 0.5:
        objects = {key: {"type": "Building", "attributes": attributes, "geometry": [shape]}}
    else:
        part = {"type": "BuildingPart", "parents": [key], "geometry": [block, shape]}
        objects = {
            f"{key}-0": part, key: {"type": "Building", "attributes": attributes, "children": [f"{key}-0"]},
        }  # fmt: skip
    return objects, corners


def _others_roofs(text: str, *, is_sequence: bool) -> dict[str, tuple[float, float, float]]:
    """Return the ground and roof area of each building, and the height of its roof, face by face by the shoelace."""
    documents = [json.loads(line) for line in text.split("\n")] if is_sequence else [json.loads(text)]
    scale, move = documents[0]["transform"]["scale"], documents[0]["transform"]["translate"]
    found: dict[str, tuple[float, float, float]] = {}
    for document in documents:
        points = [[a * s + t for a, s, t in zip(one, scale, move, strict=True)] for one in document["vertices"]]
        objects = document["CityObjects"]
        for one in objects.values():
            owner = objects[one["parents"][0]] if "parents" in one else one
            for shape in one.get("geometry", ()):
                if shape["lod"] != "2.2":
                    continue
                code = owner["attributes"]["identificatie"].removeprefix("NL.IMBAG.Pand.")
                ground, roof, height = found.get(code, (0.0, 0.0, 0.0))
                for face, value in zip(shape["boundaries"][0], shape["semantics"]["values"][0], strict=True):
                    kind = shape["semantics"]["surfaces"][value]["type"]
                    ring = [points[i] for i in face[0]]
                    ground += _shoelace(ring) * (kind == "GroundSurface")
                    roof += _shoelace(ring) * (kind == "RoofSurface")
                    height = ring[0][2] if kind == "RoofSurface" else height
                found[code] = (ground, roof, height)
    return found


def _shoelace(ring: list[list[float]]) -> float:
    x0, y0, _ = ring[0]  # near the ring itself, or the products lose the centimetres
    at = [(x - x0, y - y0) for x, y, _ in ring]
    return abs(sum(a * d - b * c for (a, b), (c, d) in zip(at, at[1:] + at[:1], strict=True))) / 2


@pytest.mark.parametrize("kind", ["city.json", "city.jsonl", "city.json.gz"])
@examples(20)
@given(seed=SEEDS)
def test_buildings_of_cityjson_are_as_their_faces_say(kind: str, seed: int) -> None:
    """Whatever objects are called: the register's id is an attribute, as roofer writes it, or the name as well."""
    chance = random.Random(seed)
    is_sequence, is_named = kind.endswith("jsonl"), chance.random() < 0.5
    head: dict[str, Any] = {
        "type": "CityJSON", "version": chance.choice(("1.1", "2.0")),
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/7415"},
        "transform": {"scale": [0.001] * 3, "translate": [0.0, 0.0, chance.choice((0.0, -4.0))]},
        "CityObjects": {}, "vertices": [],
    }  # fmt: skip
    lines = [head]
    for number in range(1, chance.randint(2, 6)):
        key = f"NL.IMBAG.Pand.{_pand_id(number)}" if is_named else str(number)
        first = 0 if is_sequence else len(head["vertices"])
        objects, corners = _building(chance, number, key, first)
        if is_sequence:
            lines.append({"type": "CityJSONFeature", "id": key, "CityObjects": objects, "vertices": corners})
        else:
            head["CityObjects"] |= objects
            head["vertices"] += corners
    text = "\n".join(json.dumps(one) for one in lines)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / f"roofs.{kind}"
        path.write_bytes(gzip.compress(text.encode()) if kind.endswith("gz") else text.encode())
        model = read_cityjson(path)
    theirs = _others_roofs(text, is_sequence=is_sequence)
    ground = dict(zip(model.buildings["identificatie"].str[-16:], model.buildings.geometry.area, strict=True))
    roof = model.roof_parts.groupby("bag_pand_id")["roof_part_area_m2"].sum().to_dict()
    height = model.roof_parts.groupby("bag_pand_id")["roof_part_height_m_nap"].first().to_dict()
    for ours, i in ((ground, 0), (roof, 1), (height, 2)):
        assert ours == pytest.approx({code: told[i] for code, told in theirs.items()})
