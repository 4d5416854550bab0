"""What if of roofs: figures of topping up, answered live from a finished run as a run of that variant answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from starlette.testclient import TestClient

import flexsites as fs
from flexsites.config.study import resolve
from flexsites.config.what_if import variant_asked
from flexsites.errors import ConfigError, InputError
from flexsites.finished.roofs import FinishedRoofs, open_finished_roofs
from flexsites.runs.run import Options
from flexsites.tables import Frame
from flexsites.tables.files import read
from flexsites.view.application import application
from flexsites.view.opened import open_run
from pipelines import PIPELINES
from tests.pipelines.small_run import assess
from tests.unit.roofs.stock import buildings, flat_block

SMALLER_ROOFS = {
    "optoppen.roof.min_usable_area_m2": 100,
    "optoppen.lift.limit_m": 15,
    "optoppen.headline.age_rule": "load_1999",
    "optoppen.flags.monument_effect": "flag",
    "optoppen.units.unit_m2.at_expected": 40,
}
TABLES = ("roofs", "roof_units")
HEADERS = {"content-type": "application/json", "origin": "http://127.0.0.1:8040"}


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write some blocks as a BAG, what is known of them, and a run of them; return the run file."""
    folder = tmp_path_factory.mktemp("stock")
    blocks = [
        flat_block(1, length_m=80.0), flat_block(2), flat_block(3, building_height_m=None),
        flat_block(4, year_built=1950), flat_block(5, is_monument=True), flat_block(6, length_m=14.0),
        flat_block(7, building_height_m=5 * 2.8),
        flat_block(8, n_dwellings=3), flat_block(9, roof_flat_area_m2=300.0, roof_sloped_area_m2=420.0),
        flat_block(10, year_built=1995, has_lift=True), flat_block(11, length_m=14.0, building_height_m=None),
    ]  # fmt: skip
    rows = buildings(*blocks)
    panden = rows[["geometry"]].assign(
        identificatie=rows["bag_pand_id"], bouwjaar=rows["year_built"], status=rows["pand_status"]
    )
    panden.to_file(folder / "panden.gpkg")
    known = ["n_dwellings", "building_height_m", "roof_flat_area_m2", "roof_sloped_area_m2", "has_lift", "is_monument"]
    pd.DataFrame(rows[["bag_pand_id", *known]]).to_parquet(folder / "known.parquet")
    about = {"title": "blocks", "provider": "a test", "licence": "MIT", "attribution": "a test", "edition": "2026"}
    content = {
        "name": "blocks",
        "title": "Blocks",
        "pipeline": "corporation_roofs",
        "reference_date": "2026-01-01",
        "sources": {
            "buildings": {
                "bag_panden": {"reader": "vector", "about": about, "path": "panden.gpkg"},
                "known": {
                    "reader": "table", "about": about, "path": "known.parquet", "key": "bag_pand_id", "keep": known
                },
            }
        },
    }  # fmt: skip
    path = folder / "blocks.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(stock: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a finished run of the blocks, with its reports."""
    study = resolve(str(stock))
    outputs = tmp_path_factory.mktemp("finished")
    return PIPELINES[study.run.pipeline](study, Options(outputs, scheduler="synchronous", workers=1, quiet=True))


@pytest.fixture(scope="module")
def opened(finished: Path) -> FinishedRoofs:
    return open_finished_roofs(finished)


@pytest.fixture(scope="module")
def client(finished: Path) -> TestClient:
    return TestClient(application(open_run(finished)), base_url="http://127.0.0.1:8040")


def assert_same(found: Frame, written: Frame, key: list[str]) -> None:
    """Hold every column of every row to those of a run, shapes as they are written."""
    one, other = (pd.DataFrame(frame).sort_values(key, ignore_index=True) for frame in (found, written))
    pd.testing.assert_frame_equal(one[list(other.columns)], other, check_exact=True)


def keys(name: str) -> list[str]:
    return ["bag_pand_id", *(["age_rule", "roof_variant"] if name == "roof_units" else [])]


def test_asked_nothing_else_it_answers_what_the_run_wrote(opened: FinishedRoofs, finished: Path) -> None:
    own = opened.own()
    assert set(own.tables["roofs"]["verdict"]) == {"eligible", "conditional", "unknown", "excluded"}
    for name in TABLES:
        assert_same(own.tables[name], read(finished / f"{name}.parquet"), keys(name))
    written = read(finished / "roof_totals.parquet").set_index(["age_rule", "roof_variant", "verdict"])
    found = own.totals.set_index(["age_rule", "roof_variant", "verdict"]).loc[written.index]
    assert found["n_units_expected"].tolist() == written["n_units_expected"].tolist()


def test_it_answers_as_a_run_of_that_variant(opened: FinishedRoofs, stock: Path, tmp_path: Path) -> None:
    asked = opened.answer(variant_asked({"id": "smaller", "label": "Smaller", "replace": SMALLER_ROOFS}))
    verdicts = [one.tables["roofs"]["verdict"].tolist() for one in (opened.own(), asked)]
    assert verdicts[0] != verdicts[1]
    content = yaml.safe_load(stock.read_text(encoding="utf-8")) | {"variants": yaml.safe_load(asked.as_yaml())}
    path = stock.with_name("smaller.yaml")
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    directory = assess(path, tmp_path)
    for name in TABLES:
        assert_same(asked.tables[name], read(directory / "variants" / "smaller" / f"{name}.parquet"), keys(name))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"replace": {"optoppen.roof.min_usable_area_m2": -5}}, "min_usable_area_m2 is -5, and cannot be below 0"),
        ({"replace": {"optoppen.units.unit_m2.at_low": 0}}, "unit_m2 falls from low to high and is above 0"),
        ({"replace": {"optoppen.units.unit_m2.at_low": 20}}, "unit_m2 falls from low to high and is above 0"),
        ({"replace": {"optoppen.lift.new_storey_height_m": 0}}, "new_storey_height_m must be above 0"),
        ({"replace": {"optoppen.age_rules.load_1999.light_kn_m2.at_high": 3}}, "light_kn_m2 falls from low to high"),
        ({"replace": {"optoppen.headline.age_rule": "nobody"}}, "not one of load_1999, stec_2023"),
        ({"replace": {"optoppen.context.min_owner_share": 0.2}}, "cannot be answered from a finished run: optoppen.c"),
        ({"effects": {"roads": "off"}}, "cannot be answered from a finished run: effects"),
        ({"estimate": "low"}, "cannot be answered from a finished run: estimate"),
        ({"replace": {"pieces.min_width_m": 12}}, "cannot be answered from a finished run: pieces"),
    ],
)
def test_what_cannot_be_answered_is_refused(opened: FinishedRoofs, changes: dict[str, Any], said: str) -> None:
    """A figure of 0 once ended a run in a division; a home smallest at the low bound gave a low above the expected."""
    with pytest.raises(ConfigError, match=said):
        opened.answer(variant_asked(changes))


def test_the_page_asks_and_is_answered(client: TestClient, opened: FinishedRoofs) -> None:
    at = {"show": "roofs", "lang": "nl"}
    form = client.get("/api/what_if", params=at).json()
    figures = {one["path"]: one for section in form["sections"] for one in section["rows"]}
    assert figures["optoppen.roof.min_usable_area_m2"]["value"] == 200
    assert figures["optoppen.lift.limit_m"]["label"] == "hoogste voordeur zonder lift"
    assert [one["value"] for one in figures["optoppen.headline.age_rule"]["options"]] == ["load_1999", "stec_2023"]
    question = {"changes": {"replace": SMALLER_ROOFS}}
    told = client.post("/api/what_if", params=at, content=json.dumps(question), headers=HEADERS).json()
    rows = {key: values for key, *values in told["rows"]}
    assert rows.keys() == form["rows"].keys()
    before, after = opened.own(), opened.answer(variant_asked(question["changes"]))
    n_good = [one.tables["roofs"]["verdict"].isin(["eligible", "conditional"]).sum() for one in (before, after)]
    assert rows["good"] == [n_good]
    assert len(told["gained"]) - len(told["lost"]) - len(told["doubted"]) == n_good[1] - n_good[0]
    for i, one in enumerate((before, after)):
        roofs = one.tables["roofs"]
        homes = roofs.loc[roofs["verdict"].isin(["eligible", "conditional"]), "n_units_expected"].sum()
        assert rows["homes"][0][i] == homes
    assert yaml.safe_load(told["yaml"])[0]["replace"].keys() == SMALLER_ROOFS.keys()


@pytest.mark.parametrize(
    ("path", "value", "lang", "begins"),
    [
        ("roof.min_usable_area_m2", -5, "nl", 'kleinste bruikbare dak: "kleinste bruikbare dak" is -5, en kan niet'),
        ("roof.min_usable_area_m2", -5, "en", 'min usable area: "min usable area" is -5, and cannot be below 0'),
        ("age_rules.stec_2023.steps.1.year_from", 1900, "nl", "stap 2, vanaf bouwjaar: "),
        ("age_rules.load_1999.light_kn_m2.at_high", 9, "nl", "gewicht van een lichte laag, bij hoog: "),
        ("headline.age_rule", "nobody", "nl", "Regel voor lagen: "),
    ],
)
def test_a_fault_is_told_under_its_label(path: str, value: object, lang: str, begins: str, client: TestClient) -> None:
    question = {"changes": {"replace": {f"optoppen.{path}": value}}}
    at = {"show": "roofs", "lang": lang}
    refused = client.post("/api/what_if", params=at, content=json.dumps(question), headers=HEADERS)
    assert refused.status_code == 400
    [told] = refused.json()["faults"]
    assert told.startswith(begins), told
    assert "optoppen" not in told


def test_from_python(finished: Path, without_variants: Path) -> None:
    found = fs.open(finished).what_if_roofs(replace={"optoppen.roof.min_usable_area_m2": 100})
    assert found.rules.roof.min_usable_area_m2.value == 100
    assert "optoppen.roof.min_usable_area_m2" in found.as_yaml()
    [parcels_alone] = [one.parent for one in without_variants.glob("*/*/manifest.json")]
    with pytest.raises(InputError, match=r"there is no roofs\.parquet"):
        fs.open(parcels_alone).what_if_roofs(replace={"optoppen.roof.min_usable_area_m2": 100})


def test_the_example_of_the_documentation_runs(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(fs.__file__).parent / "docs/pages/variants.md").read_text(encoding="utf-8")
    _of_parcels, example = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(example, {"run": fs.open(finished)})  # noqa: S102
    assert "permanent_strict" in capsys.readouterr().out
