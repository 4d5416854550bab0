"""`flexsites fetch` as a user types it: presets of one's own, sizes first, a lock, and a check without internet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flexsites.cli.app import app
from flexsites.config.study import resolve
from flexsites.errors import InputError
from flexsites.inputs.formats.facts import facts_of
from flexsites.runs.fetched import fetched_for
from flexsites.runs.prepare import margins_told
from flexsites.tables.lock import read_lock
from tests.unit.inputs.makers import ABOUT, ORIGIN, squares
from tests.unit.inputs.web import Web, serving

AREA = [ORIGIN[0] + 500.0, ORIGIN[1], ORIGIN[0] + 1000.0, ORIGIN[1] + 100.0]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    squares(25).to_parquet(tmp_path / "made.parquet", write_covering_bbox=True, row_group_size=5)
    files = {"/natura2000.parquet": (tmp_path / "made.parquet").read_bytes()}
    with serving(Web(frame=squares(25), files=files)) as held:
        yield held


@pytest.fixture
def run_file(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLEXSITES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GEHEIM", "sleutel")
    monkeypatch.setenv("COLUMNS", "200")
    presets = tmp_path / "run" / "flexsites_config" / "presets"
    presets.mkdir(parents=True)
    entries = {
        "percelen": ("parcels", {"kind": "wfs", "address": f"{web.url}/wfs", "format": "gml", "layers": ["t:P"]}),
        "natuur": ("layers.natura2000", {"kind": "geoparquet", "address": f"{web.url}/natura2000.parquet"}),
    }
    for name, (place, door) in entries.items():
        entry = {"reader": "vector", **({"id_column": "id"} if place == "parcels" else {"coverage": "run"})}
        preset = {"label": {"nl": name, "en": name}, "about": "natura2000", "file": f"{name}.parquet",
                  "serves": {place: [{"entry": entry}]}, "doors": [door]}  # fmt: skip
        (presets / f"{name}.yaml").write_text(yaml.safe_dump(preset))
    noise = {"reader": "vector", "about": ABOUT, "path": f"{web.url}/natura2000.parquet?token=${{GEHEIM}}"}
    run = {
        "name": "town", "title": {"nl": "Stad", "en": "Town"}, "pipeline": "municipal_shortlist",
        "reference_date": "2026-01-01", "area": {"bbox": AREA},
        "sources": {"parcels": {"use": "percelen"}, "layers": {"natura2000": {"use": "natuur"},
                    "nnn": {**noise, "coverage": "run"}, "water": {**noise, "path": "mine.gpkg", "coverage": "run"}}},
    }  # fmt: skip
    path = tmp_path / "run" / "town.yaml"
    path.write_text(yaml.safe_dump(run))
    return path


def test_sizes_come_first_and_nothing_is_fetched(web: Web, run_file: Path) -> None:
    told = CliRunner().invoke(app, ["fetch", str(run_file), "--dry-run"])
    assert told.exit_code == 0
    assert f"{run_file.parent / 'data' / 'percelen.parquet'}  <-  {web.url}/wfs" in told.stdout
    assert f"{run_file.parent / 'mine.gpkg'}  <-  " in told.stdout
    assert "features" in told.stdout
    assert "sleutel" not in told.stdout
    assert [path.name for path in run_file.parent.iterdir() if path.is_file()] == ["town.yaml"]


def test_what_open_sources_offer_is_locked_and_what_only_the_user_has_is_told(web: Web, run_file: Path) -> None:
    with pytest.raises(InputError, match=r"water: .*mine\.gpkg: no such file, and no service brings it"):
        CliRunner().invoke(app, ["fetch", str(run_file), "--quiet"], catch_exceptions=False)
    lock = read_lock(run_file.with_name("town.lock.json"))
    assert [one.source for one in lock.sources] == ["layers.natura2000", "layers.nnn", "parcels"]
    study = resolve(str(run_file))
    fetched = fetched_for(study)
    assert fetched is not None
    for entry in lock.sources:
        assert all(facts_of(path) is not None for path in fetched.files(entry))
    written = [path.read_bytes() for path in run_file.parent.parent.rglob("*") if path.suffix in (".json", ".parquet")]
    assert not any(b"sleutel" in content for content in written)
    assert "sleutel" not in str(study.content)
    assert margins_told(study) == []
    squares(25).to_file(run_file.parent / "mine.gpkg", driver="GPKG")
    n_asked = len(web.asked)
    told = CliRunner().invoke(app, ["fetch", str(run_file), "--quiet"], catch_exceptions=False)
    assert told.exit_code == 0
    assert len(web.asked) == n_asked
