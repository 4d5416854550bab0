"""A folder of deliveries becomes a run file that passes its check: registers are known by content, not by name."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flexsites.cli.app import app
from flexsites.config.areas import area_called, area_names
from flexsites.config.new_run import Line, NewRun, text_of
from flexsites.config.presets import read_presets
from flexsites.config.shelf import Shelf
from flexsites.config.study import resolve
from flexsites.errors import NotFoundError, RunError
from flexsites.inputs.recognition import recognise
from flexsites.runs.prepare import check_inputs
from tests.conftest import real_data
from tests.unit.accessibility.maps import write_map
from tests.unit.inputs import register_files as made

PRESETS = read_presets(Shelf())
EDE = area_called("Ede")
NOT_STARTED = {"layers.monuments": "points of which most are roughly placed", "layers.ibis_plots": "parks, not plots"}
"""What an open service has, and no rule could use as it comes."""


def filled(folder: Path) -> Path:
    """Return a folder of deliveries under names that tell nothing."""
    folder.mkdir()
    made.brk_gml(folder / "levering1.zip", 3)
    made.bgt_gml(folder / "levering2.zip")
    made.gpkg(folder / "x.gpkg", kaart=made.frame(statcode=["GM0228"], statnaam=["Ede"]))
    made.gpkg(folder / "y.gpkg", kaart=made.frame(naam_n2k=["Veluwe"], nr=[57]), wat=made.frame(kolom=["a"]))
    plans = {"planstatus": ["1A Onherroepelijk"], "startjaar": [2029], "opleverjaar": [2031]}
    made.gpkg(folder / "z.gpkg", plannen=made.frame(**plans))
    elsewhere = made.frame(
        [one.buffer(0) for one in made.squares(1)], identificatieLokaalID=["1"], kadastraleGrootteWaarde=[1]
    )
    made.gpkg(folder / "ver.gpkg", p=elsewhere.set_geometry(elsewhere.translate(-80_000, -100_000)))
    made.table(folder / "eigenaren.csv", perceel=["84920229870000"], eigenaar=["gemeente"], recht=["vol eigendom"])
    (folder / "kapot.gpkg").write_text("<html>")
    return folder


def test_registers_are_known_by_their_content(tmp_path: Path) -> None:
    found = recognise(filled(tmp_path / "in"), PRESETS, [EDE.bbox])
    taken = {place: (one.preset, one.file.name) for place, one in found.findings.items()}
    assert taken == {
        "parcels": ("brk_percelen", "levering1.zip"),
        "layers.yards": ("bgt", "levering2.zip"),
        "layers.water": ("bgt", "levering2.zip"),
        "layers.buildings": ("bgt", "levering2.zip"),
        "layers.roads": ("bgt", "levering2.zip"),
        "areas.gemeenten": ("gemeenten", "x.gpkg"),
        "layers.natura2000": ("natura2000", "y.gpkg"),
        "layers.plan_capacity": ("plancapaciteit", "z.gpkg"),
        "ownership": ("eigendom", "eigenaren.csv"),
    }
    assert found.findings["layers.water"].content.layer == "Waterdeel", "its banks have the same columns"
    assert [(one.file.name, why) for one, why in found.others] == [("ver.gpkg", "elsewhere")]
    assert "wat" in {one.layer for one in found.unknown}
    assert len(found.faults) == 1
    assert "kapot.gpkg" in str(found.faults[0])


def test_what_is_written_passes_its_check(tmp_path: Path) -> None:
    filled(tmp_path / "in")
    run_file = tmp_path / "ede.yaml"
    told = CliRunner().invoke(app, ["init", "Ede", "--from", str(tmp_path / "in"), "--to", str(run_file)])
    assert told.exit_code == 0, told.output
    assert "ver.gpkg: it lies outside the area" in told.output
    study = resolve(str(run_file))
    assert study.run.area.gemeenten == ("GM0228",)
    assert study.run.title.get("en") == "Ede"
    assert study.run.sources.layers["plan_capacity"].coverage == "none"
    assert study.run.sources.layers["yards"].coverage.bbox is not None
    assert check_inputs(study).faults == []


def test_every_file_of_a_folder_is_used_or_told_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    made.brk_gml(folder / "land.zip", 3)
    made.gpkg(folder / "huizen.gpkg", pand=made.frame(identificatie=["0228100000000001"], bouwjaar=[1970]))
    made.table(folder / "eigenaren.csv", perceel=["84920229870000"], eigenaar=["gemeente"])
    told = CliRunner().invoke(app, ["init", "Ede", "--from", str(folder), "--to", str(tmp_path / "run.yaml")]).output
    assert "not used: huizen.gpkg: panden and verblijfsobjecten together tell" in " ".join(told.split())
    assert "not recognised: eigenaren.csv: eigenaar, perceel" in told
    assert "`flexsites sources template NAME`" in told


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_without_a_folder_all_comes_from_the_registers(lang: str) -> None:
    lines = {place: Line(name) for name, preset in PRESETS.items() for place in preset.starts}
    text = text_of(NewRun((area_called("Zaanstad"),), lines, {}, "zaanstad.yaml"), PRESETS, dt.date(2026, 1, 1), lang)
    content = yaml.safe_load(text)
    assert content["area"] == {"gemeenten": ["Zaanstad"]}
    assert content["sources"]["parcels"] == {"use": "brk_percelen"}
    assert content["sources"]["layers"]["natura2000"] == {"use": "natura2000"}
    assert "plan_capacity" not in content["sources"]["layers"]
    whom = {"nl": "de provincie (Planmonitor Wonen)", "en": "the province (Planmonitor Wonen)"}
    assert whom[lang] in text
    assert len(text.splitlines()) < 75  # a page


def test_a_corporation_gets_a_run_of_roofs(tmp_path: Path) -> None:
    path = made.table(tmp_path / "bezit.csv", bag_pand_id=["0228100000000001"])
    run_file = tmp_path / "daken.yaml"
    told = CliRunner().invoke(app, ["init", "Ede", "--roofs", str(path), "--to", str(run_file)])
    assert told.exit_code == 0, told.output
    run = resolve(str(run_file)).run
    assert (run.pipeline, run.assess) == ("corporation_roofs", ("roofs",))
    assert run.sources.portfolio.path == "bezit.csv"
    assert run.sources.buildings.roofs_3d.path == "ede_daken_data/3dbag.gpkg"


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    run_file = tmp_path / "ede.yaml"
    run_file.write_text("mine")
    told = CliRunner().invoke(app, ["init", "Ede", "--to", str(run_file)])
    assert isinstance(told.exception, RunError)
    assert run_file.read_text() == "mine"


def test_a_template_is_read_by_the_preset_that_it_is_of(tmp_path: Path) -> None:
    for name, suffix in (("plancapaciteit", "gpkg"), ("eigendom", "csv")):
        path = tmp_path / f"{name}.{suffix}"
        told = CliRunner().invoke(app, ["sources", "template", name, "--to", str(path)])
        assert told.exit_code == 0, told.output
    found = recognise(tmp_path, PRESETS, [EDE.bbox])
    assert {place: one.preset for place, one in found.findings.items()} == {
        "layers.plan_capacity": "plancapaciteit",
        "ownership": "eigendom",
    }


def test_a_source_is_shown_with_a_ready_entry() -> None:
    told = CliRunner().invoke(app, ["sources", "brk_percelen"]).output
    assert "parcels: {use: brk_percelen}" in told
    assert "https://api.pdok.nl/kadaster/brk-kadastrale-kaart/ogc/v1" in told
    assert isinstance(CliRunner().invoke(app, ["sources", "niets"]).exception, NotFoundError)


def test_a_map_of_elsewhere_is_not_taken(tmp_path: Path) -> None:
    """An extract that says it covers Kampen is no map of Ede; one that says nothing may be."""
    (tmp_path / "in").mkdir()
    kampen = {1: (5.90, 52.55), 2: (5.91, 52.55)}
    write_map(
        tmp_path / "in" / "k.osm.pbf",
        {10: ([1, 2], {"highway": "residential"})},
        places=kampen,
        box=(5.8, 52.5, 6.0, 52.6),
    )
    found = recognise(tmp_path / "in", PRESETS, [EDE.bbox])
    assert not found.findings
    assert {(one.file.name, why) for one, why in found.others} == {("k.osm.pbf", "elsewhere")}
    told = CliRunner().invoke(app, ["init", "Ede", "--from", str(tmp_path / "in"), "--to", str(tmp_path / "run.yaml")])
    assert told.output.count("k.osm.pbf: it lies outside the area") == 1
    write_map(tmp_path / "in" / "k.osm.pbf", {10: ([1, 2], {"highway": "residential"})}, places=kampen)
    assert "streets" in recognise(tmp_path / "in", PRESETS, [EDE.bbox]).findings


@pytest.mark.parametrize(
    ("place", "folder", "expected"),
    [
        (
            "Ede",
            "otterlo",
            {"parcels", *(f"layers.{one}" for one in ("yards", "water", "buildings", "public_green", "roads"))},
        ),
        ("Rotterdam", "rotterdam", {"parcels", "streets", "stops.places", "layers.roads", "layers.motorways"}),
    ],
)
def test_real_deliveries_pass_at_the_first_try(tmp_path: Path, place: str, folder: str, expected: set[str]) -> None:
    inventory = {"otterlo": "brk_v5_sample.zip", "rotterdam": "rotterdam_centrum.gpkg"}
    path = real_data(f"{folder}/{inventory[folder]}").parent
    run_file = tmp_path / "run.yaml"
    told = CliRunner().invoke(app, ["init", place, "--from", str(path), "--to", str(run_file)])
    assert told.exit_code == 0, told.output
    study = resolve(str(run_file))
    assert set(study.run.sources.rows()) == expected
    assert check_inputs(study).faults == []


def test_the_country_is_all_its_provinces(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["init", "Nederland", "Drenthe", "--to", str(tmp_path / "nl.yaml")])
    assert told.exit_code == 0, told.output
    study = resolve(str(tmp_path / "nl.yaml"))
    assert len(study.run.area.provincies) == 12
    assert study.run.name == "nederland"
    assert study.run.pipeline == "provincial_sweep"


@pytest.mark.parametrize("more", [[], ["--roofs", "bezit.csv"]], ids=["parcels", "roofs"])
def test_without_internet_every_file_that_is_missing_is_told_at_once(tmp_path: Path, more: list[str]) -> None:
    """Also those that are read within an area whose borders are missing themselves."""
    made.table(tmp_path / "bezit.csv", bag_pand_id=["0228100000000001"])
    given = [str(tmp_path / one) if one.endswith(".csv") else one for one in more]
    told = CliRunner().invoke(app, ["init", "Ede", *given, "--to", str(tmp_path / "run.yaml")])
    assert told.exit_code == 0, told.output
    study = resolve(str(tmp_path / "run.yaml"))
    missing = {str(one) for one in check_inputs(study).faults}
    rows = study.run.sources.rows()
    files = {path for row in rows.values() for path in getattr(row, "paths", ()) if not (tmp_path / path).exists()}
    assert len(files) > 3
    assert all(any(path in one and "no such file" in one for one in missing) for path in files)


@pytest.mark.parametrize("place", [*sorted(area_names().provincies), "Nederland"])
def test_every_province_and_the_country_lack_nothing_but_files(tmp_path: Path, place: str) -> None:
    told = CliRunner().invoke(app, ["init", place, "--to", str(tmp_path / "run.yaml")])
    assert told.exit_code == 0, told.output
    study = resolve(str(tmp_path / "run.yaml"))
    faults = [str(one) for one in check_inputs(study).faults]
    assert study.run.pipeline == "provincial_sweep"
    assert len(faults) > 10
    assert [one for one in faults if "no such file" not in one] == []


def test_a_new_run_names_all_that_open_services_have_for_a_rule_and_each_place_once() -> None:
    started = [place for preset in PRESETS.values() for place in preset.starts]
    assert len(started) == len(set(started))
    asked = {f"layers.{getattr(rule, 'layer', None)}" for rule in resolve("noord_holland").all_rules}
    opened = {
        place
        for preset in PRESETS.values()
        if any(door.kind not in ("on_request", "table") for door in preset.doors)
        for place in preset.serves
    }
    assert (asked & opened) - set(started) == set(NOT_STARTED)
    assert next(name for name, preset in PRESETS.items() if "layers.roads" in preset.starts) == "bgt"
