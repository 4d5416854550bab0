"""Values that say something else than they seem: each is read right, made unknown and counted, or told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flexsites.config.load import configs_directory, read_model
from flexsites.config.openstreetmap import AmenityCategories, AmenityCategory, Lifecycle
from flexsites.config.rule_sets import read_rule_set
from flexsites.config.shelf import Shelf
from flexsites.errors import InputError
from flexsites.inputs.osm.amenities import classify
from flexsites.inputs.osm.files import reading
from flexsites.inputs.osm.streets_pbf import read_pbf_streets
from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.prepared import Prepared
from tests.unit.accessibility.maps import write_map
from tests.unit.accessibility.places import rules
from tests.unit.inputs import register_files as made
from tests.unit.inputs.makers import ABOUT, sources, vector

RULES = {one.rule_id: one for one in read_rule_set(Shelf().files("rules/exclusion")["omgevingswet_2024"]).rules}
HARD = ["Vastgesteld"] * 4


def read(
    folder: Path, place: str, used: dict[str, Any], *rules: str, reference_date: dt.date | None = None
) -> Prepared:
    given = sources(layers={place: {"coverage": "none", **used}})
    request = Request(rules=tuple(RULES[one] for one in rules), reference_date=reference_date)
    return prepare(given, directory=folder / "out", base=folder, request=request)


def plans(folder: Path, **columns: list[Any]) -> tuple[pd.DataFrame, str, str]:
    """Return plans as they were read, what was noted of them, and what was warned of."""
    path = made.gpkg(folder / "a.gpkg", p=made.frame(**columns))
    found = read(folder, "plan_capacity", {"use": "plancapaciteit", "path": str(path)}, "plans_hard")
    rows = pd.DataFrame(found.read_layers())
    return rows.sort_values("plannaam", ignore_index=True), found.records[0].notes, " ".join(found.warnings)


def test_a_plan_of_no_homes_is_no_plan_and_one_of_fewer_is_of_an_unknown_number(tmp_path: Path) -> None:
    rows, notes, warned = plans(
        tmp_path, plannaam=list("abcd"), planstatus=HARD, aantal_woningen=[10, 0, -1, None], startjaar=[2027] * 4
    )
    assert rows["plannaam"].tolist() == ["a", "c", "d"]
    assert rows["n_dwellings"].isna().tolist() == [False, True, True]
    assert "1 plan of no homes is left out" in notes
    assert "layers.plan_capacity (a.gpkg): aantal_woningen: values that cannot be, taken as unknown (1: -1)" in warned


def test_a_net_of_no_homes_may_be_as_many_demolished_as_built(tmp_path: Path) -> None:
    rows, notes, _ = plans(tmp_path, plannaam=list("abcd"), planstatus=HARD, netto=[10, 0, -3, None])
    assert rows["plannaam"].tolist() == list("abcd")
    assert rows["n_dwellings"].isna().tolist() == [False, True, True, True]
    assert "left out" not in notes


def test_homes_of_a_period_below_zero_are_unknown(tmp_path: Path) -> None:
    path = made.gpkg(
        tmp_path / "a.gpkg", p=made.frame(naam=list("abc"), hard=["hard"] * 3, y20=[-1, 0, 5], y30=[4, 0, 0])
    )
    used = vector(
        path, keep=["naam"], rename={"hard": "plan_hardness"}, periods={"y20": [2020, 2029], "y30": [2030, 2039]}
    )
    rows = pd.DataFrame(read(tmp_path, "plan_capacity", used, "plans_hard").read_layers()).sort_values("naam")
    assert rows["naam"].tolist() == ["a", "c"]  # b has none in any period
    assert rows["plan_start_year"].isna().tolist() == [True, False]
    assert rows["plan_start_year"].iloc[1] == 2020


@pytest.mark.parametrize("codes", [["01095", "265"], [1095, 265], ["1095", "0265"]])
def test_the_code_of_a_crop_is_a_number_however_it_is_written(tmp_path: Path, codes: list[Any]) -> None:
    path = made.gpkg(tmp_path / "a.gpkg", p=made.frame(category=["Bouwland"] * 2, gewascode=codes, jaar=[2025] * 2))
    used = {"use": "brp_gewaspercelen", "path": str(path)}
    rows = read(tmp_path, "crops", used, "spray_zones_crops").read_layers()
    rows = rows.iloc[rows.bounds["minx"].argsort(kind="stable")]
    assert rows["crop_code"].astype(str).tolist() == ["1095", "265"]


def heights(folder: Path, *units: str) -> Path:
    """Write a plan with a height per square, in these units."""
    spaces = 'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:x="https://example.nl/x"'
    members = "".join(
        f'<gml:featureMember><x:Vlak gml:id="v{n}"><x:naam>{n}</x:naam><x:hoogte uom="{unit}">{300 + n}</x:hoogte>'
        f"<x:vlak>{made.ring(shape)}</x:vlak></x:Vlak></gml:featureMember>"
        for n, (unit, shape) in enumerate(zip(units, made.squares(len(units)), strict=True))
    )
    path = folder / "plan.gml"
    path.write_text(f"<gml:FeatureCollection {spaces}>{members}</gml:FeatureCollection>")
    return path


@pytest.mark.parametrize(
    ("units", "told"),
    [
        (("m", "m"), None),
        (("urn:ogc:def:uom:OGC:1.0:metre", "http://www.opengis.net/def/uom/UCUM/0/m"), None),
        (("cm", "cm"), "hoogte is in cm, and height_max_m is in m"),
        (("m", "cm"), "hoogte is in cm, and height_max_m is in m"),
    ],
)
def test_a_gml_says_in_which_unit_it_is(tmp_path: Path, units: tuple[str, ...], told: str | None) -> None:
    used = vector(heights(tmp_path, *units), rename={"hoogte": "height_max_m"}, keep=["naam"])
    if told is None:
        rows = read(tmp_path, "plan_height", used).read_layers()
        assert sorted(rows["height_max_m"].astype(float)) == [300.0, 301.0]
    else:
        with pytest.raises(InputError, match=told):
            read(tmp_path, "plan_height", used)


def test_a_column_in_several_units_is_told_also_where_we_know_of_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hoogte is in several units: m, ft"):
        read(tmp_path, "plan_height", vector(heights(tmp_path, "m", "ft"), keep=["hoogte"]))


ENDED = "1 has ended by the reference date (end_date), and is left out"
UNTOLD = "1 says that it ends (end_date), not whether by the reference date, and is kept"
ON = dt.date(2026, 3, 1)


def test_what_has_ended_is_no_part_of_a_layer_and_what_may_have_stays_and_is_told(tmp_path: Path) -> None:
    ends = {10: "2019", 11: "once", 12: "2027", 13: None}
    rails = {i: ([1, 2], {"railway": "rail"} | ({"end_date": end} if end else {})) for i, end in ends.items()}
    path = write_map(tmp_path / "a.osm.pbf", {**rails, 14: ([1, 3], {"highway": "road", "end_date": "2019"})})
    used = {"reader": "osm_layer", "about": ABOUT, "path": str(path), "tags": {"railway": ["rail"]}, "geometry": "line"}
    found = read(tmp_path, "rail", used, reference_date=ON)
    assert len(found.read_layers()) == 3
    assert {ENDED, UNTOLD} <= set(found.records[0].notes.split("; "))
    earlier = read(tmp_path, "rail", used, reference_date=dt.date(2018, 1, 1))
    assert len(earlier.read_layers()) == 4  # another day is not answered from what was prepared


def test_an_amenity_that_has_ended_is_none() -> None:
    school = {"school": AmenityCategory(label="school", any_of=({"amenity": ("school",)},))}
    closed = {"amenity": "school", "operational_status": "closed"}
    shipped = read_model(configs_directory() / "amenities.yaml", AmenityCategories)
    assert not classify([closed], shipped.categories, shipped.gone, ON).of["primary_school"].any()
    ends = ({}, {"end_date": "2019"}, {"end_date": "2026"}, {"end_date": "2026-04"})
    tags = [*({"amenity": "school"} | one for one in ends), {"shop": "x", "end_date": "2019"}]
    found = classify(tags, school, Lifecycle(keys=(), prefixes=()), ON)
    assert found.of["school"].tolist() == [True, False, True, True, False]
    assert found.notes() == (ENDED, UNTOLD)
    assert classify(tags, school, Lifecycle(keys=(), prefixes=())).of["school"].tolist() == [True] * 4 + [False]


def test_a_street_that_has_ended_is_none(tmp_path: Path) -> None:
    ends = {10: {}, 11: {"end_date": "2025-12-31"}, 12: {"end_date": "the 1970s"}, 13: {"start_date": "2031"}}
    street = {"highway": "residential"}
    path = write_map(tmp_path / "a.osm.pbf", {i: ([1, 2 + i - 10], street | end) for i, end in ends.items()})
    found = read_pbf_streets(path, rules=rules(), on=ON)
    assert sorted(found.graph.traits.number.tolist()) == [10, 12]
    assert {ENDED, UNTOLD, "1 begins after the reference date (start_date), and is left out"} <= set(found.notes)


@pytest.mark.parametrize("n", [0, 3])
def test_what_was_deleted_in_an_editor_is_no_part_of_the_map(tmp_path: Path, n: int) -> None:
    """The library that reads the file takes deleted elements for elements."""
    kept = '<node id="{0}" version="1" lat="52" lon="5"/>'
    gone = '<node id="{0}" version="1" lat="52" lon="5" action=\'delete\'/>'
    nodes = "".join((gone if i % 40_000 < 1 and i < n * 40_000 else kept).format(i + 1) for i in range(120_000))
    path = tmp_path / "a.osm"
    path.write_text(f'<osm version="0.6" generator="JOSM">{nodes}</osm>')
    if n:
        with pytest.raises(InputError, match=rf"deleted in it \({n} "), reading(path):
            pass
    else:
        with reading(path):
            pass
