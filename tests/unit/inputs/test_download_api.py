"""A download API on loopback: asked, waited for, fetched; in quarters where an area is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely

from flexsites.config.run import Area
from flexsites.config.sources import DownloadApi
from flexsites.errors import InputError
from flexsites.inputs.formats.download_api import fetch_download
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.prepare import Request, prepare
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares
from tests.unit.inputs.web import Web, serving

BOX: Bounds = (ORIGIN[0] - 10, ORIGIN[1] - 10, ORIGIN[0] + 2510, ORIGIN[1] + 2510)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(Web(frame=squares(25))) as held:
        yield held


def row(web: Web, **more: object) -> DownloadApi:
    given = {"reader": "download_api", "about": ABOUT, "url": f"{web.url}/full/custom", "feature_types": ["perceel"]}
    return DownloadApi.model_validate(given | more)


def fetch(web: Web, folder: Path, bounds: Bounds | None = BOX) -> tuple[Path, ...]:
    return fetch_download("parcels", row(web), folder, bounds=bounds)


def test_a_run_reads_what_was_made_for_its_area(web: Web, tmp_path: Path) -> None:
    given = sources(parcels=row(web, id_column="id").model_dump(exclude_unset=True))
    area = Area(bbox=(ORIGIN[0], ORIGIN[1], ORIGIN[0] + 350.0, ORIGIN[1] + 100.0))
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path, request=Request(area=area))
    assert sorted(prepared.parcels()["site_id"]) == ["p0", "p1", "p2", "p3"]
    assert web.posted[0]["featuretypes"] == ["perceel"]
    assert shapely.from_wkt(web.posted[0]["geofilter"]).bounds[2] == area.bbox[2]
    assert web.count("/status") >= 3


def test_the_same_question_is_not_asked_twice(web: Web, tmp_path: Path) -> None:
    assert fetch(web, tmp_path) == fetch(web, tmp_path)
    assert len(web.posted) == 1


def test_an_area_that_is_refused_comes_in_quarters_and_every_parcel_once(web: Web, tmp_path: Path) -> None:
    web.most_area_m2 = 2_000.0**2
    assert len(fetch(web, tmp_path)) == 4
    given = sources(parcels=row(web, id_column="id").model_dump(exclude_unset=True))
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path, request=Request(area=Area(bbox=BOX)))
    assert sorted(prepared.parcels()["site_id"]) == sorted(squares(25)["id"])


def test_nothing_in_the_area_is_an_answer(web: Web, tmp_path: Path) -> None:
    squares(4).to_file(tmp_path / "p.gpkg", driver="GPKG")
    web.frame = web.frame[:0]
    parcels = {"reader": "vector", "about": ABOUT, "path": str(tmp_path / "p.gpkg"), "id_column": "id"}
    nature = row(web, keep=["naam"]).model_dump(exclude_unset=True)
    given = sources(parcels=parcels, layers={"natura2000": nature})
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path)
    assert len(prepared.read_layers()) == 0
    assert "nothing of it lies in the area" in "".join(prepared.warnings)


def test_an_area_that_is_refused_however_small_is_told(web: Web, tmp_path: Path) -> None:
    web.most_area_m2 = 0.0
    with pytest.raises(InputError, match=r"refuses even .*Area too large"):
        fetch(web, tmp_path)


def test_a_download_that_fails_is_told(web: Web, tmp_path: Path) -> None:
    web.states = ["RUNNING", "FAILED"]
    with pytest.raises(InputError, match="ended as FAILED"):
        fetch(web, tmp_path)


def test_a_fetch_that_broke_off_waits_for_the_same_download(web: Web, tmp_path: Path) -> None:
    web.redirects["/download/0.zip"] = "file:///etc/passwd"
    with pytest.raises(InputError, match="another scheme"):
        fetch(web, tmp_path)
    web.redirects.clear()
    assert len(fetch(web, tmp_path)) == 1
    assert len(web.posted) == 1


def test_a_busy_service_is_asked_again(web: Web, tmp_path: Path) -> None:
    web.statuses = [503, 429]
    assert len(fetch(web, tmp_path)) == 1


def test_the_whole_country_is_not_asked(web: Web, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="whole country"):
        fetch(web, tmp_path, None)
