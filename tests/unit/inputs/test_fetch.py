"""Everything that open sources offer for a run is brought, locked and read without internet: from fakes on loopback."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from flexsites.config.presets import Preset
from flexsites.config.run import Area
from flexsites.config.sources import Sources
from flexsites.errors import InputError
from flexsites.inputs.fetch.cache import Cache
from flexsites.inputs.fetch.fetch import Fetch, Order
from flexsites.inputs.formats.locked import Fetched
from flexsites.inputs.land.rule_needs import columns_asked
from flexsites.inputs.prepare import Request, check, prepare
from flexsites.tables.lock import read_lock
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares
from tests.unit.inputs.web import Web, serving

HALO_M = 300.0
WEST, SOUTH = ORIGIN
TOWN = shapely.box(WEST + 1000, SOUTH, WEST + 1500, SOUTH + 100)
AREA = Area(gemeenten=("GM0228",))
REQUEST = Request(area=AREA, halo_m=HALO_M)


def parquet(frame: gpd.GeoDataFrame, folder: Path, **more: Any) -> bytes:
    path = folder / "made.parquet"
    frame.to_parquet(path, **more)
    return path.read_bytes()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    towns = gpd.GeoDataFrame({"code": ["GM0228", "GM0363"], "naam": ["Ede", "Amsterdam"]},
                             geometry=[TOWN, TOWN.buffer(500).difference(TOWN)], crs=28992)  # fmt: skip
    nature = squares(60).assign(naam_n2k="Veluwe", other="x" * 100)
    files = {
        "/gemeenten.parquet": parquet(towns, tmp_path),
        "/natura2000.parquet": parquet(nature, tmp_path, write_covering_bbox=True, row_group_size=5),
        "/noise.parquet": parquet(nature, tmp_path, write_covering_bbox=True, row_group_size=5),
    }
    with serving(Web(frame=squares(25), files=files)) as held:
        yield held


def given(web: Web) -> Sources:
    about = {"about": ABOUT}
    return sources(
        parcels={"reader": "wfs", **about, "url": f"{web.url}/wfs?token=sleutel", "type_name": "t:Perceel",
                 "id_column": "id"},
        layers={
            "natura2000": {"reader": "vector", **about, "preset": "natura2000", "path": "data/natura2000.parquet",
                           "coverage": "run", "rename": {"naam_n2k": "naam"}},
            "noise": {"reader": "vector", **about, "path": f"{web.url}/noise.parquet", "coverage": "run"},
        },
        areas={"gemeenten": {"reader": "vector", **about, "path": f"{web.url}/gemeenten.parquet"}},
    )  # fmt: skip


def preset(web: Web, *doors: dict[str, Any]) -> Preset:
    first = {"kind": "geoparquet", "address": f"{web.url}/natura2000.parquet", "columns": ["naam_n2k"]}
    return Preset.model_validate(
        {"label": {"nl": "n", "en": "n"}, "about": "natura2000", "file": "natura2000.parquet",
         "serves": {"layers.natura2000": [{"entry": {"reader": "vector"}}]}, "doors": [*doors, first]}
    )  # fmt: skip


def fetch(web: Web, folder: Path, *, refresh: bool = False, area: Area = AREA, doors: tuple[Any, ...] = ()) -> Fetch:
    order = Order(
        given(web), {"natura2000": preset(web, *doors)}, area, None, folder, folder / "run.lock.json",
        Cache(folder / "cache", refresh), halo_m=HALO_M, reach_m=15_000.0,
        asked=columns_asked(given(web), ()),
    )  # fmt: skip
    return Fetch(order)


def fetched(folder: Path) -> Fetched:
    return Fetched(read_lock(folder / "run.lock.json"), folder, folder / "cache")


def test_a_run_needs_no_internet_after_a_fetch(web: Web, tmp_path: Path) -> None:
    lock = fetch(web, tmp_path).bring()
    assert [one.source for one in lock.sources] == ["areas.gemeenten", "layers.natura2000", "layers.noise", "parcels"]
    web.files.clear()
    web.statuses = [404] * 1000
    n_asked = len(web.asked)
    held = fetched(tmp_path)
    assert check(given(web), base=tmp_path, request=REQUEST, fetched=held).faults == []
    prepared = prepare(given(web), directory=tmp_path / "out", base=tmp_path, request=REQUEST, fetched=held)
    assert sorted(prepared.parcels()["site_id"]) == [f"p{i}" for i in range(10, 15)]
    assert {one.source for one in prepared.fetched} == {one.source for one in lock.sources}
    assert len(web.asked) == n_asked


def test_the_lock_says_what_came(web: Web, tmp_path: Path) -> None:
    fetch(web, tmp_path).bring()
    told = {one["source"]: one for one in json.loads((tmp_path / "run.lock.json").read_text())["sources"]}
    parcels, nature = told["parcels"], told["layers.natura2000"]
    assert parcels["window"] == [WEST + 500, SOUTH - 500, WEST + 2000, SOUTH + 600]
    assert parcels["rows"] == 17  # those that touch the window too
    assert (nature["kind"], nature["etag"], nature["edition"]) == ("geoparquet", '"one"', '"one"')
    assert nature["window"] == [WEST + 1000 - HALO_M, SOUTH - HALO_M, WEST + 1500 + HALO_M, SOUTH + 100 + HALO_M]
    assert nature["n_bytes_sent"] < len(web.files["/natura2000.parquet"])
    assert list(nature["files"]) == ["data/natura2000.parquet"]
    assert "naam_n2k" in nature["columns"]
    assert "sleutel" not in (tmp_path / "run.lock.json").read_text()
    assert not [path for path in tmp_path.rglob("*") if "sleutel" in path.name]


def test_what_is_there_is_not_asked_again_and_a_stopped_fetch_goes_on(web: Web, tmp_path: Path) -> None:
    noise = web.files.pop("/noise.parquet")
    with pytest.raises(InputError, match="404"):
        fetch(web, tmp_path).bring()
    assert len(read_lock(tmp_path / "run.lock.json").sources) == 3  # what came is kept
    web.files["/noise.parquet"] = noise
    n_asked = len(web.asked)
    fetch(web, tmp_path).bring()
    assert all("noise" in asked for asked in web.asked[n_asked:])
    n_asked = len(web.asked)
    fetch(web, tmp_path).bring()
    assert len(web.asked) == n_asked
    fetch(web, tmp_path, refresh=True).bring()
    assert len(web.asked) > n_asked
    assert not any(asked == "GET /gemeenten.parquet" for asked in web.asked[n_asked:])  # its ETag is the same


def test_two_runs_share_the_cache(web: Web, tmp_path: Path) -> None:
    fetch(web, tmp_path).bring()
    (tmp_path / "run.lock.json").unlink()
    (tmp_path / "data" / "natura2000.parquet").unlink()
    n_asked = len(web.asked)
    fetch(web, tmp_path).bring()
    assert len(web.asked) == n_asked


def test_a_file_that_is_not_what_was_fetched_is_told_before_the_run(web: Web, tmp_path: Path) -> None:
    fetch(web, tmp_path).bring()
    path = tmp_path / "data" / "natura2000.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    faults = check(given(web), base=tmp_path, request=REQUEST, fetched=fetched(tmp_path)).faults
    assert "natura2000.parquet is not what was fetched" in str(faults[0])
    path.unlink()
    faults = check(given(web), base=tmp_path, request=REQUEST, fetched=fetched(tmp_path)).faults
    assert "what was fetched is not there" in str(faults[0])
    assert f"{web.url}/natura2000.parquet" in str(faults[0])


def test_a_margin_that_is_short_is_told_before_the_run(web: Web, tmp_path: Path) -> None:
    fetch(web, tmp_path).bring()
    wide = Request(area=AREA, halo_m=HALO_M + 250.0)
    faults = [str(one) for one in check(given(web), base=tmp_path, request=wide, fetched=fetched(tmp_path)).faults]
    assert any("250 m further west" in one for one in faults)


def test_of_an_address_only_the_columns_that_are_asked_travel(web: Web, tmp_path: Path) -> None:
    lock = fetch(web, tmp_path).bring()
    noise = lock.of("layers.noise")[0]
    assert (noise.kind, noise.columns) == ("geoparquet", ())
    assert list(gpd.read_parquet(fetched(tmp_path).path(next(iter(noise.files)))).columns) == ["geometry"]
    more = given(web)
    row = more.layers["noise"].model_copy(update={"keep": ("use",)})
    more = more.model_copy(update={"layers": {**more.layers, "noise": row}})
    faults = [str(one) for one in check(more, base=tmp_path, request=REQUEST, fetched=fetched(tmp_path)).faults]
    assert any("columns were not fetched that are asked now (use)" in one for one in faults)


def test_a_run_without_a_fetch_reads_the_part_that_it_looks_at(web: Web, tmp_path: Path) -> None:
    row = given(web).layers["noise"].model_dump(exclude_unset=True)
    web.frame.to_file(tmp_path / "p.gpkg", driver="GPKG")
    parcels = {"reader": "vector", "about": ABOUT, "path": str(tmp_path / "p.gpkg"), "id_column": "id"}
    here = sources(parcels=parcels, layers={"noise": row})
    area = Area(bbox=TOWN.bounds)
    before = web.n_sent
    prepared = prepare(here, directory=tmp_path / "out", base=tmp_path, request=Request(area=area, halo_m=HALO_M))
    assert len(prepared.read_layers()) > 0
    assert web.n_sent - before < len(web.files["/noise.parquet"])


def test_a_file_that_is_not_what_its_provider_states_is_told(web: Web, tmp_path: Path) -> None:
    web.frame.to_file(tmp_path / "p.gpkg", driver="GPKG")
    parcels = {"reader": "vector", "about": ABOUT, "path": str(tmp_path / "p.gpkg"), "id_column": "id"}
    good = hashlib.sha256((tmp_path / "p.gpkg").read_bytes()).hexdigest()
    assert check(sources(parcels={**parcels, "sha256": good.upper()}), base=tmp_path).faults == []
    faults = check(sources(parcels={**parcels, "sha256": "0" * 64}), base=tmp_path).faults
    assert "its SHA-256 is" in str(faults[0])


def test_a_door_that_does_not_open_leads_to_the_next(web: Web, tmp_path: Path) -> None:
    closed = ({"kind": "cityjson_api", "address": web.url}, {"kind": "file", "address": f"{web.url}/gone.parquet"})
    lock = fetch(web, tmp_path, doors=closed).bring()
    assert lock.of("layers.natura2000")[0].kind == "geoparquet"


def test_nothing_there_is_an_answer_of_a_door(web: Web, tmp_path: Path) -> None:
    far = squares(60).assign(naam_n2k="Veluwe")
    web.files["/natura2000.parquet"] = parquet(
        far.set_geometry(far.geometry.translate(0, 90_000)), tmp_path, write_covering_bbox=True
    )
    lock = fetch(web, tmp_path).bring()
    assert lock.of("layers.natura2000")[0].rows == 0
    prepared = prepare(given(web), directory=tmp_path / "o", base=tmp_path, request=REQUEST, fetched=fetched(tmp_path))
    assert len(prepared.read_layers(names=["natura2000"])) == 0


def test_a_file_of_the_users_own_is_never_overwritten(web: Web, tmp_path: Path) -> None:
    own = tmp_path / "data" / "natura2000.parquet"
    own.parent.mkdir()
    own.write_bytes(b"mine")
    fetch(web, tmp_path, refresh=True).bring()
    assert own.read_bytes() == b"mine"


def test_the_plan_tells_sizes_and_where_files_go(web: Web, tmp_path: Path) -> None:
    n_files = len(list(tmp_path.iterdir()))
    planned = {one.sources[0]: one for one in fetch(web, tmp_path).plan()}
    assert planned["parcels"].state == "to fetch"
    assert planned["layers.natura2000"].target == str(tmp_path / "data" / "natura2000.parquet")
    assert "rows" in planned["layers.natura2000"].size
    assert planned["areas.gemeenten"].size == f"{round(len(web.files['/gemeenten.parquet']) / 1e3)} kB"
    assert "sleutel" not in str(planned)
    assert len(list(tmp_path.iterdir())) == n_files
    fetch(web, tmp_path).bring()
    planned = {one.sources[0]: one for one in fetch(web, tmp_path).plan()}
    assert {one.state for one in planned.values()} == {"fetched"}


def test_a_file_that_was_brought_by_hand_is_locked_as_such(web: Web, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    target = cache.file_path(f"{web.url}/gemeenten.parquet")
    target.parent.mkdir(parents=True)
    target.write_bytes(web.files.pop("/gemeenten.parquet"))
    lock = fetch(web, tmp_path).bring()
    assert lock.of("areas.gemeenten")[0].notes == ("brought by hand",)


def test_what_was_fetched_of_a_smaller_area_is_fetched_of_the_larger(web: Web, tmp_path: Path) -> None:
    small = Area(bbox=(WEST + 1000, SOUTH, WEST + 1100, SOUTH + 100))
    before = fetch(web, tmp_path, area=small).bring().of("layers.natura2000")[0]
    after = fetch(web, tmp_path).bring().of("layers.natura2000")[0]
    assert before.window is not None
    assert after.window is not None
    assert after.window[2] == before.window[2] + 400
    (tmp_path / "data" / "natura2000.parquet").write_bytes(b"mine")
    fetch(web, tmp_path, area=small).bring()
    assert (tmp_path / "data" / "natura2000.parquet").read_bytes() == b"mine"
