"""Words of attributes that rules read: a word that no list has is a fault or unknown, never a no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from pydantic import TypeAdapter

from flexsites.config.input_rules import input_rules
from flexsites.config.rules import Rule
from flexsites.inputs.prepare import Request, check, prepare
from flexsites.inputs.prepared import Prepared
from tests.unit.inputs.makers import ORIGIN, sources, squares, vector, write

METRES = {"value": 10, "unit": "m", "source": "x"}
RULES: dict[str, dict[str, Any]] = {
    "plan_hardness": {"kind": "planned_capacity", "plan_hardness": ["hard"]},
    "milieucategorie": {
        "kind": "within_distance", "by_class": {"attribute": "milieucategorie", "values": {"3.1": METRES}},
    },
    "land_use": {"kind": "land_use", "candidates": ["grassland"]},
    "road_class": {"kind": "in_use", "width_m": {"attribute": "road_class", "values": {"primary": METRES}}},
    "rail_class": {"kind": "in_use", "width_m": {"attribute": "rail_class", "values": {"rail": METRES}}},
}  # fmt: skip


def rule(**changes: Any) -> Any:
    label = {"nl": "r", "en": "r"}
    base = {"rule_id": "r", "label": label, "effect": "exclude", "source": "x", "layer": "l"}
    return TypeAdapter(Rule).validate_python(base | changes)


def told(folder: Path, column: str, words: list[Any], asked: Any, **more: Any) -> list[str]:
    frame = squares(len(words)).assign(theirs=words)
    row = vector(write(frame, folder / "l.gpkg"), rename={"theirs": column}, coverage="run", id_column="id", **more)
    return [str(one) for one in check(sources(layers={"l": row}), base=folder, request=Request(rules=(asked,))).faults]


def read(folder: Path, column: str, words: list[Any], asked: Any, **more: Any) -> Prepared:
    frame = squares(len(words)).assign(theirs=words)
    row = vector(write(frame, folder / "l.gpkg"), rename={"theirs": column}, coverage="run", id_column="id", **more)
    given = sources(layers={"l": row}, faulty_rows=more.get("faulty_rows", "stop"))
    return prepare(given, directory=folder / "out", base=folder, request=Request(rules=(asked,)))


@pytest.mark.parametrize("column", sorted(RULES))
def test_a_closed_list_refuses_a_word_it_does_not_have(tmp_path: Path, column: str) -> None:
    words = input_rules().vocabularies[column].words
    asked = rule(**RULES[column])
    assert told(tmp_path, column, [words[0], words[1], None], asked) == []
    (fault,) = told(tmp_path, column, [words[0], words[1].upper() + "x", None], asked)
    assert fault.startswith(f"layers.l (l.gpkg).{column}: words that are not known (1 row: {words[1].upper()}x)")
    assert words[0] in fault.partition("Remedy")[2]


@pytest.mark.parametrize(
    ("column", "word", "meant"),
    [("plan_hardness", "Hard", "hard"), ("milieucategorie", "3,1", "3.1"), ("land_use", "Grassland", "grassland")],
)
def test_a_word_in_capitals_or_with_a_comma_is_no_silent_no(tmp_path: Path, column: str, word: str, meant: str) -> None:
    asked = rule(**RULES[column])
    (fault,) = told(tmp_path, column, [meant, word], asked)
    assert f"(1 row: {word})" in fault
    recoded = read(tmp_path, column, [meant, word], asked, recode={column: {meant: meant, word: meant}})
    assert recoded.read_layers()[column].tolist() == [meant, meant]


def test_of_an_attribute_without_a_list_a_word_that_is_nearly_listed_is_a_fault(tmp_path: Path) -> None:
    asked = rule(kind="inside", where={"status": ["vastgesteld"]})
    assert told(tmp_path, "status", ["vastgesteld", "ontwerp"], asked) == []
    (fault,) = told(tmp_path, "status", ["vastgesteld", "Vastgesteld"], asked)
    assert "(1 row: Vastgesteld)" in fault


def test_a_class_without_a_figure_is_a_fault(tmp_path: Path) -> None:
    figures = {"attribute": "soort", "values": {"a": METRES}}
    asked = rule(kind="within_distance", by_class=figures)
    (fault,) = told(tmp_path, "soort", ["a", "b"], asked)
    assert "words that are not known (1 row: b)" in fault
    assert told(tmp_path, "soort", ["a", "b"], rule(kind="within_distance", by_class=figures | {"other": METRES})) == []


@pytest.mark.parametrize("words", [["true", "false"], ["Ja", "nee"], [1, 0], [1.0, 0.0], ["waar", "ONWAAR"]])
def test_texts_and_numbers_of_true_and_false_are_read(tmp_path: Path, words: list[Any]) -> None:
    asked = rule(kind="inside", where={"is_housing": [False]})
    found = read(tmp_path, "is_housing", [*words, None], asked).read_layers().sort_values("feature_id")["is_housing"]
    assert str(found.dtype) == "boolean"
    assert found.isna().tolist() == [False, False, True]
    assert found.iloc[:2].tolist() == [True, False]


@pytest.mark.parametrize("word", ["Water", "water ", "WATER", "water,oever"])
def test_what_where_nearly_asks_is_not_left_out_without_a_word(tmp_path: Path, word: str) -> None:
    frame = squares(3).assign(use=["water", word, "land"])
    row = vector(write(frame, tmp_path / "l.gpkg"), coverage="run", where={"use": ["water"]})
    (fault,) = map(str, check(sources(layers={"water": row}), base=tmp_path).faults)
    assert "values of use that `where` asks for in other signs" in fault
    assert f"(1 row: {word}" in fault


def test_where_takes_a_list_for_each_of_its_values_and_a_blank_for_null(tmp_path: Path) -> None:
    frame = squares(4).assign(use=["water|oever", "oever; water", "oever", "water"], end=[None, "", "2020", " "])
    asked = {"use": ["water"], "end": [None]}
    row = vector(write(frame, tmp_path / "l.gpkg"), coverage="run", where=asked, id_column="id")
    found = prepare(sources(layers={"water": row}), directory=tmp_path / "out", base=tmp_path).read_layers()
    assert sorted(found["feature_id"]) == ["p0", "p1", "p3"]


def test_crops_of_several_years_in_one_file_are_told(tmp_path: Path) -> None:
    """Grass of an earlier year is no grass of this one: which year is meant is asked."""
    write(squares(4).assign(gewascode=[233, 265, 265, 265], jaar=[2024, 2025, 2025, 2025]), tmp_path / "brp.gpkg")
    asked = {"use": "brp_gewaspercelen", "path": "brp.gpkg"}
    (fault,) = map(str, check(sources(layers={"crops": asked}), base=tmp_path).faults)
    assert "rows of several deliveries in one file: jaar is 2024, 2025" in fault
    assert "say in `where`" in fault
    given = sources(layers={"crops": asked | {"where": {"jaar": [2025]}}})
    assert len(prepare(given, directory=tmp_path / "out", base=tmp_path).read_layers()) == 3


def test_topography_that_is_only_planned_or_has_ended_is_not_there(tmp_path: Path) -> None:
    columns = {
        "lokaal_id": list("abcd"),
        "type": "waterloop",
        "bgt_status": ["bestaand", "plan", "historie", "bestaand"],
    }
    frame = squares(4).assign(**columns, eind_registratie=["", "", "", "2020-01-01"])
    frame.to_file(tmp_path / "bgt.gpkg", layer="waterdeel")
    given = sources(layers={"water": {"use": "bgt", "path": "bgt.gpkg"}})
    found = prepare(given, directory=tmp_path / "out", base=tmp_path).read_layers()
    assert found["feature_id"].tolist() == ["a"]


@pytest.mark.parametrize("word", ["inf", "-Infinity", "1.250"])
def test_no_number_is_infinite_and_a_point_of_thousands_is_no_decimal_point(tmp_path: Path, word: str) -> None:
    frame = squares(2).assign(plan_hardness=["hard", "zacht"], n_dwellings=[word, "980"])
    keep = ["plan_hardness", "n_dwellings"]
    row = vector(write(frame, tmp_path / "l.gpkg"), keep=keep, coverage="run")
    (fault,) = map(str, check(sources(layers={"plan_capacity": row}), base=tmp_path).faults)
    assert f"n_dwellings: cannot be read as a number (1 row: {word}" in fault


def test_a_recode_gives_true_and_false(tmp_path: Path) -> None:
    asked = rule(kind="inside", where={"is_housing": [False]})
    recode = {"is_housing": {"wonen": True, "bedrijf": False, "weet niet": None}}
    found = read(tmp_path, "is_housing", ["wonen", "bedrijf", "weet niet"], asked, recode=recode).read_layers()
    assert found.sort_values("feature_id")["is_housing"].fillna(value=False).tolist() == [True, False, False]
    (fault,) = told(tmp_path, "is_housing", ["wonen", "bedrijf"], asked)
    assert "words that are not known (2 rows: wonen, bedrijf)" in fault
    assert "recode it to true or false" in fault


def test_a_year_that_no_plan_can_have_is_unknown_and_counted(tmp_path: Path) -> None:
    asked = rule(**RULES["plan_hardness"])
    frame = squares(4).assign(plan_hardness="hard", plan_start_year=[9999, 2030, 1970, 2027.5])
    keep = ["plan_hardness", "plan_start_year"]
    row = vector(write(frame, tmp_path / "l.gpkg"), keep=keep, coverage="run", id_column="id")
    found = prepare(
        sources(layers={"l": row}), directory=tmp_path / "out", base=tmp_path, request=Request(rules=(asked,))
    )
    years = found.read_layers().set_index("feature_id")["plan_start_year"]
    assert years.isna().to_dict() == {"p0": True, "p1": False, "p2": True, "p3": True}
    told = "layers.l (l.gpkg): plan_start_year: values that cannot be, taken as unknown (3: 9999, 1970, 2027.5): mend"
    assert told in " ".join(found.warnings)


def test_what_a_rule_cannot_read_is_told_before_a_run(tmp_path: Path) -> None:
    """A label point beside its polygon: it would stop the first cell; a rule of distances may read it."""
    x, y = ORIGIN
    shapes = [shapely.box(x, y, x + 9, y + 9), shapely.Point(x, y), shapely.LineString([(x, y), (x + 9, y)])]
    frame = gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=shapes, crs=28992)
    row = vector(write(frame, tmp_path / "l.gpkg"), coverage="run", id_column="id")

    def faults(asked: Any) -> list[str]:
        return [
            str(one) for one in check(sources(layers={"l": row}), base=tmp_path, request=Request(rules=(asked,))).faults
        ]

    (fault,) = faults(rule(kind="inside"))
    assert fault.startswith("layers.l (l.gpkg).geometry: not a polygon, which rule r cannot read (2 rows: b, c)")
    assert faults(rule(kind="within_distance", distance_m=METRES)) == []
    (fault,) = faults(rule(kind="in_use", yard_buffer_m=METRES))
    assert fault.startswith("layers.l (l.gpkg).geometry: a line, which rule r cannot read (1 row: c)")
    given = sources(layers={"l": row}, faulty_rows="quarantine")
    found = prepare(given, directory=tmp_path / "out", base=tmp_path, request=Request(rules=(rule(kind="inside"),)))
    assert found.read_layers()["feature_id"].tolist() == ["a"]
    assert (found.records[0].n_features, found.records[0].n_quarantined) == (1, 2)


def test_plans_with_homes_per_period_start_in_the_first_that_has_any(tmp_path: Path) -> None:
    """Homes from 2020 on, from 2030 on, none left, and not known of the first period."""
    frame = squares(4).assign(
        plan_hardness="hard", op20_24=[50, 0, 0, None], op25_29=[0, 0, 0, 5], op30_50=[0, 30, 0, 0]
    )
    periods = {"op20_24": [2020, 2024], "op25_29": [2025, 2029], "op30_50": [2030, 2050]}
    row = vector(
        write(frame, tmp_path / "l.gpkg"), keep=["plan_hardness"], coverage="run", id_column="id", periods=periods
    )
    asked = Request(rules=(rule(**RULES["plan_hardness"]),))
    found = prepare(sources(layers={"l": row}), directory=tmp_path / "out", base=tmp_path, request=asked)
    plans = found.read_layers().set_index("feature_id")
    assert plans["plan_start_year"].astype(object).where(plans["plan_start_year"].notna(), None).to_dict() == {
        "p0": 2020, "p1": 2030, "p3": None,
    }  # fmt: skip
    assert plans["plan_completion_year"].to_dict() == {"p0": 2024, "p1": 2050, "p3": 2029}
    assert plans["n_dwellings"].to_dict() == {"p0": 50, "p1": 30, "p3": 5}
    told = found.records[0]
    assert (told.n_read, told.n_left_out, told.n_features) == (4, 1, 3)
    (fault,) = check(
        sources(layers={"l": row | {"periods": {"op19": [2019, 2019]}}}), base=tmp_path, request=asked
    ).faults
    assert "no column op19, which `periods` names" in str(fault)


def test_plans_without_a_start_whose_homes_per_period_are_not_read_are_told(tmp_path: Path) -> None:
    frame = squares(2).assign(plan_hardness="hard", op2020_24=[50, 0], OP20302050=[0, 30], oppervlakte=[1, 2])
    row = vector(write(frame, tmp_path / "l.gpkg"), keep=["plan_hardness"], coverage="run", id_column="id")
    periods = {"op2020_24": [2020, 2024], "OP20302050": [2030, 2050]}
    for more, told in (({}, "not read are OP20302050, op2020_24: if"), ({"periods": periods}, None)):
        given = sources(layers={"l": row | more})
        asked = Request(rules=(rule(**RULES["plan_hardness"]),))
        found = prepare(given, directory=tmp_path / f"out{len(more)}", base=tmp_path, request=asked)
        assert [told in one for one in found.warnings] == ([] if told is None else [True])
