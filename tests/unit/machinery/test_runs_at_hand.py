"""Runs that are there: opened from Python, listed, told again in another language, cleared away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import flexsites as fs
from flexsites.cli.app import app
from flexsites.config.study import Study
from flexsites.errors import InputError, NotFoundError
from flexsites.reporting.maps.content import unpacked
from flexsites.runs.overview import reset, runs_in
from flexsites.runs.run import Options
from flexsites.tables import CRS
from flexsites.tables.run_directory import OWN_FILES, alone
from pipelines import PIPELINES
from tests.reporting_fixture import write_results


@pytest.fixture(scope="module")
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_results(tmp_path_factory.mktemp("outputs") / "municipal_shortlist/small-1")


def test_importing_the_package_is_light() -> None:
    """Nothing of the chain is loaded before it is asked for."""
    heavy = ("pandas", "geopandas", "shapely", "numba", "flexsites.api")
    asked = f"import sys, flexsites; print([one for one in {heavy} if one in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
    assert {"open", "run", "Run"} <= set(dir(fs))
    with pytest.raises(AttributeError, match="no attribute 'what'"):
        _ = fs.what


def test_a_run_is_opened_from_python(run_directory: Path, tmp_path: Path) -> None:
    run = fs.open(run_directory)
    assert len(run.sites) == 120
    assert run.sites.crs == CRS
    assert {"sites", "reasons", "suitability"} <= set(run.tables)
    # A table is the caller's own: what is done to it changes no other.
    mine = run.table("reasons")
    mine["rule_id"] = "changed"
    assert "changed" not in set(run.table("reasons")["rule_id"])
    assert run.explain("WDM00A00004", lang="en").startswith("# Parcel WDM00A00004")
    page = run.map(lang="en")
    path = page.save(tmp_path / "map.html")
    html = path.read_text(encoding="utf-8")
    content = unpacked(html.split('id="map-content">')[1].split("<")[0])
    assert len(content["parcels"]["shape"]) == 120
    assert page._repr_html_().startswith("<iframe")
    with pytest.raises(NotFoundError, match="no table 'nothing'"):
        run.table("nothing")
    with pytest.raises(InputError, match="no such directory"):
        fs.open(tmp_path / "nowhere")


def test_the_report_is_told_again_without_a_resume(run_directory: Path) -> None:
    assert CliRunner().invoke(app, ["report", str(run_directory), "--lang", "en"]).exit_code == 0
    assert '<html lang="en">' in (run_directory / "report.en.html").read_text(encoding="utf-8")
    assert not (run_directory / "factsheets.en.html").exists()  # the run has none in any language
    (run_directory / "factsheets.html").write_text('<article class="sheet" id="WDM00A00004">', encoding="utf-8")
    assert CliRunner().invoke(app, ["report", str(run_directory), "--lang", "en"]).exit_code == 0
    assert 'id="WDM00A00004"' in (run_directory / "factsheets.en.html").read_text(encoding="utf-8")
    # They are the run's own: a later run of the same may remove them.
    assert "report.en.html" in (run_directory / OWN_FILES).read_text(encoding="utf-8").split("\n")


def test_status_tells_what_is_finished_running_and_stopped(tmp_path: Path) -> None:
    done = write_results(tmp_path / "provincial_sweep/done-1", with_roofs=False)
    held, stopped = tmp_path / "provincial_sweep/held-1", tmp_path / "corporation_roofs/stopped-1"
    for one in (held, stopped):
        one.mkdir(parents=True)
        (one / "run.yaml").write_text("run: {}\n", encoding="utf-8")
        (one / OWN_FILES).write_text("run.yaml\n", encoding="utf-8")
    (tmp_path / "provincial_sweep/no_run").mkdir()
    with alone(held):
        states = {one.name: one.state for one in runs_in(tmp_path)}
        told = CliRunner().invoke(app, ["status", str(tmp_path)], env={"COLUMNS": "80"})
    assert states == {
        "provincial_sweep/done-1": "finished", "provincial_sweep/held-1": "running",
        "corporation_roofs/stopped-1": "stopped",
    }  # fmt: skip
    assert max(map(len, told.output.splitlines())) <= 80
    assert "stopped-1" in told.output
    assert [one.state for one in runs_in(done)] == ["finished"]
    # The folder of one pipeline, and the one above the folder of results, say what runs lie below.
    for above, heading in ((done.parent, done.parent.name), (tmp_path.parent, f"{tmp_path.name}/{done.parent.name}")):
        told = CliRunner().invoke(app, ["status", str(above)], env={"COLUMNS": "80"})
        assert f"{heading}/" in told.output
        assert done.name in told.output
    with pytest.raises(InputError, match="no such folder"):
        runs_in(tmp_path / "nowhere")


def test_reset_removes_what_runs_wrote_and_nothing_else(tmp_path: Path) -> None:
    place = write_results(tmp_path / "municipal_shortlist/small-1", with_roofs=False)
    own = [one.relative_to(place).as_posix() for one in place.rglob("*.*") if not one.name.startswith(".")]
    (place / OWN_FILES).write_text("".join(f"{name}\n" for name in own), encoding="utf-8")
    (place / "notes.txt").write_text("mine", encoding="utf-8")
    assert reset(place, keeps_results=True) > 0
    assert not (place / "canonical").exists()
    assert fs.open(place).sites is not None
    assert CliRunner().invoke(app, ["reset", str(place), "--everything"], input="n\n").exit_code == 1
    assert (place / "sites.parquet").exists()
    assert CliRunner().invoke(app, ["reset", str(place), "--everything", "--yes"]).exit_code == 0
    assert [one.name for one in place.iterdir() if not one.name.startswith(".")] == ["notes.txt"]
    with pytest.raises(InputError, match="no run wrote here"):
        reset(tmp_path, keeps_results=False)


def test_a_run_file_is_run_from_python(run_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipeline that the run file names is started with what was asked, and what it made is opened."""
    given: dict[str, object] = {}

    def pipeline(study: Study, options: Options) -> Path:
        given.update(name=study.run.name, options=options)
        return run_directory

    monkeypatch.setitem(PIPELINES, "municipal_shortlist", pipeline)
    run = fs.run("demo", outputs=tmp_path, workers=1, lang="en")
    assert run.directory == run_directory
    assert given["name"] == "demo"
    assert given["options"] == Options(tmp_path, "threads", 1, lang="en", quiet=True)
    with pytest.raises(NotFoundError, match="no such file"):
        fs.run(tmp_path / "nowhere.yaml")
