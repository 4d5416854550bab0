"""What comes through a door becomes the file that a run looks for."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import pytest

from flexsites.config.presets import Door
from flexsites.config.sources import Vector
from flexsites.inputs.fetch.cache import Cache
from flexsites.inputs.fetch.doors import ClosedError, address_of, make, require_fit, through
from flexsites.inputs.formats.facts import Facts, is_empty_answer
from flexsites.inputs.formats.vector import Bounds
from tests.unit.inputs.makers import ABOUT, ORIGIN, squares
from tests.unit.inputs.web import Web, serving

TOWN: Bounds = (ORIGIN[0] + 250.0, ORIGIN[1], ORIGIN[0] + 750.0, ORIGIN[1] + 100.0)
ROW = Vector.model_validate({"reader": "vector", "about": ABOUT, "path": "data/a.parquet"})


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(Web(frame=squares(25))) as held:
        yield held


def bring(web: Web, folder: Path, door: dict[str, Any], name: str, window: Bounds | None = TOWN) -> Facts:
    chosen = Door.model_validate({"address": f"{web.url}/wfs", **door})
    target = folder / name
    require_fit(chosen, target)
    answers = through(chosen, "layers.a", {"layers.a": ROW}, window, Cache(folder / "cache"), asked={}, told=None)
    layer = chosen.layers[0] if chosen.kind == "file" and chosen.layers else None
    return make(answers, target, scratch=folder / "scratch", where="layers.a", layer=layer, window=window)


def test_pages_of_gml_become_parquet(web: Web, tmp_path: Path) -> None:
    facts = bring(web, tmp_path, {"kind": "wfs", "format": "gml", "layers": ["t:Perceel"]}, "a.parquet")
    frame = gpd.read_parquet(tmp_path / "a.parquet")
    assert frame["id"].tolist() == [f"p{i}" for i in range(2, 8)]
    assert frame.crs == 28992
    assert facts.n_rows == 6


def test_layers_become_layers(web: Web, tmp_path: Path) -> None:
    door = {"kind": "wfs", "format": "gml", "layers": ["t:buurten", "t:wijken"]}
    bring(web, tmp_path, door, "a.gpkg", None)
    assert sorted(name for name, _ in pyogrio.list_layers(tmp_path / "a.gpkg")) == ["buurten", "wijken"]


def test_layers_become_one_where_the_file_has_one(web: Web, tmp_path: Path) -> None:
    door = {"kind": "wfs", "format": "gml", "layers": ["t:fire", "t:gas"]}
    assert bring(web, tmp_path, door, "a.parquet").n_rows == 12


def test_of_a_whole_file_the_window_is_kept(web: Web, tmp_path: Path) -> None:
    squares(25).to_file(tmp_path / "country.gpkg", layer="pand", driver="GPKG")
    squares(3).to_file(tmp_path / "country.gpkg", layer="other", driver="GPKG")
    web.files["/country.gpkg"] = (tmp_path / "country.gpkg").read_bytes()
    door = {"kind": "file", "address": f"{web.url}/country.gpkg", "format": "gpkg", "layers": ["pand"]}
    facts = bring(web, tmp_path, door, "a.parquet")
    assert (facts.n_rows, facts.window) == (6, TOWN)


def test_zips_of_quarters_become_one(web: Web, tmp_path: Path) -> None:
    web.most_area_m2 = 2_000.0**2
    wide = (ORIGIN[0], ORIGIN[1], ORIGIN[0] + 2500.0, ORIGIN[1] + 2500.0)
    door = {"kind": "download", "address": f"{web.url}/full/custom", "parameters": {"featuretypes": ["perceel"]}}
    facts = bring(web, tmp_path, door, "a.zip", wide)
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        assert packed.namelist() == [f"kadastralekaart_perceel-{i:06d}.gml" for i in range(2)]
    assert facts.window == wide


def test_nothing_in_the_window_becomes_a_file_that_says_so(web: Web, tmp_path: Path) -> None:
    sea = (10_000.0, 400_000.0, 11_000.0, 401_000.0)
    facts = bring(web, tmp_path, {"kind": "wfs", "format": "gml", "layers": ["t:Perceel"]}, "a.parquet", sea)
    assert facts.n_rows == 0
    assert is_empty_answer(tmp_path / "a.parquet")
    (tmp_path / "a.parquet").write_bytes(b"another file in its place")
    assert not is_empty_answer(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("door", "name"),
    [
        ({"kind": "download"}, "a.parquet"),
        ({"kind": "file", "address": "https://example.nl/country.zip"}, "a.parquet"),
        ({"kind": "wfs"}, "a.csv"),
    ],
)
def test_a_door_of_which_no_such_file_is_made_stays_closed(
    web: Web, tmp_path: Path, door: dict[str, Any], name: str
) -> None:
    with pytest.raises(ClosedError, match="cannot be made"):
        bring(web, tmp_path, door, name)
    assert not web.asked


def test_one_province_or_the_country() -> None:
    door = Door.model_validate({"kind": "file", "address": "https://example.nl/{province}.osm.pbf"})
    assert address_of(door, (110_000, 520_000, 112_000, 522_000)) == "https://example.nl/noord-holland.osm.pbf"
    with pytest.raises(ClosedError, match="more than one province"):
        address_of(door, (100_000, 400_000, 200_000, 500_000))
