"""Of a GeoParquet file on the web only the footer, and the row groups and columns that are asked, travel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from flexsites.errors import InputError
from flexsites.inputs.formats.facts import facts_of
from flexsites.inputs.formats.ranges import NotInPartsError, fetch_part
from flexsites.inputs.formats.web import open_session
from tests.unit.inputs.web import Web, serving

N, SIDE_M, GROUP_ROWS = 20_000, 20.0, 500
TOWN = (150_000.0, 450_000.0, 151_000.0, 451_000.0)


def country(crs: int = 28992) -> gpd.GeoDataFrame:
    """Return squares on a lattice, along a Hilbert curve, with a column that is not asked."""
    number = np.arange(N)
    x, y = 150_000 + (number % 200) * SIDE_M, 450_000 + (number // 200) * SIDE_M
    frame = gpd.GeoDataFrame(
        {"identificatie": [f"{i:016d}" for i in number], "status": "in gebruik",
         "other": np.random.default_rng(1).integers(0, 1 << 60, N).astype(str)},
        geometry=shapely.box(x, y, x + SIDE_M, y + SIDE_M), crs=28992,
    )  # fmt: skip
    frame = frame.iloc[np.argsort(frame.hilbert_distance().to_numpy())].reset_index(drop=True)
    return frame.to_crs(crs)


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("country") / "panden.parquet"
    country().to_parquet(path, write_covering_bbox=True, row_group_size=GROUP_ROWS)
    return path.read_bytes()


@pytest.fixture
def web(parquet: bytes) -> Iterator[Web]:
    with serving(Web(files={"/panden.parquet": parquet})) as held:
        yield held


def footer_bytes(parquet: bytes) -> int:
    return int.from_bytes(parquet[-8:-4], "little") + 8


def test_no_more_than_three_times_the_share_of_rows_travels(web: Web, parquet: bytes, tmp_path: Path) -> None:
    columns = ("identificatie", "status")
    path = fetch_part(f"{web.url}/panden.parquet", tmp_path / "a.parquet", bounds=TOWN, columns=columns)
    frame, whole = gpd.read_parquet(path), country()
    wanted = whole[whole.intersects(shapely.box(*TOWN))]
    assert sorted(frame["identificatie"]) == sorted(wanted["identificatie"])
    assert list(frame.columns) == ["identificatie", "status", "geometry"]
    assert frame.crs == whole.crs
    share = len(wanted) / len(whole)
    assert web.n_sent <= 3 * share * len(parquet) + footer_bytes(parquet)
    facts = facts_of(path)
    assert facts is not None
    assert (facts.n_rows, facts.n_bytes_sent, facts.etag) == (len(wanted), web.n_sent, '"one"')


def test_of_no_column_and_no_row_only_the_footer_travels(web: Web, parquet: bytes, tmp_path: Path) -> None:
    sea = (10_000.0, 400_000.0, 11_000.0, 401_000.0)
    path = fetch_part(f"{web.url}/panden.parquet", tmp_path / "a.parquet", bounds=sea, columns=())
    assert len(gpd.read_parquet(path)) == 0
    assert web.n_sent <= footer_bytes(parquet) + 8


def test_a_file_in_degrees_is_asked_in_degrees(web: Web, tmp_path: Path) -> None:
    country(4326).to_parquet(tmp_path / "degrees.parquet", write_covering_bbox=True, row_group_size=GROUP_ROWS)
    web.files["/degrees.parquet"] = (tmp_path / "degrees.parquet").read_bytes()
    path = fetch_part(f"{web.url}/degrees.parquet", tmp_path / "a.parquet", bounds=TOWN, columns=("identificatie",))
    whole = country()
    wanted = set(whole[whole.intersects(shapely.box(*TOWN))]["identificatie"])
    found = gpd.read_parquet(path)
    assert wanted <= set(found["identificatie"])
    assert web.n_sent < len(web.files["/degrees.parquet"]) / 3


def test_an_edition_that_changes_meanwhile_is_read_anew(web: Web, tmp_path: Path) -> None:
    web.etag = lambda n: '"one"' if n < 4 else '"two"'
    path = fetch_part(f"{web.url}/panden.parquet", tmp_path / "a.parquet", bounds=TOWN, columns=None)
    facts = facts_of(path)
    assert facts is not None
    assert facts.etag == '"two"'
    assert len(gpd.read_parquet(path)) == len(country().cx[TOWN[0] : TOWN[2], TOWN[1] : TOWN[3]])


def test_an_edition_that_changes_all_the_time_is_told(web: Web, tmp_path: Path) -> None:
    web.etag = lambda n: f'"{n}"'
    with pytest.raises(InputError, match="changed 3 times while it was read"):
        fetch_part(f"{web.url}/panden.parquet", tmp_path / "a.parquet", bounds=TOWN, columns=None)
    assert not list(tmp_path.iterdir())


def test_a_service_without_ranges_is_told_apart(web: Web, tmp_path: Path) -> None:
    web.gives_ranges = False
    with pytest.raises(NotInPartsError, match="no ranges"):
        fetch_part(f"{web.url}/panden.parquet", tmp_path / "a.parquet", bounds=TOWN, columns=None)


def test_a_file_that_does_not_say_where_rows_lie_is_told_apart(web: Web, tmp_path: Path) -> None:
    country().to_parquet(tmp_path / "plain.parquet")
    web.files["/plain.parquet"] = (tmp_path / "plain.parquet").read_bytes()
    with pytest.raises(NotInPartsError, match="no covering column"):
        fetch_part(f"{web.url}/plain.parquet", tmp_path / "a.parquet", bounds=TOWN, columns=None)


def test_a_wrong_range_is_no_part_of_the_file(web: Web, tmp_path: Path) -> None:
    web.headers = {"Content-Range": "bytes 0-7/1000"}
    with pytest.raises(NotInPartsError, match="asked for"):
        fetch_part(f"{web.url}/panden.parquet", tmp_path / "a.parquet", bounds=TOWN, columns=None)


def test_a_range_that_breaks_off_is_told(web: Web, tmp_path: Path) -> None:
    web.cuts = 4
    with pytest.raises(InputError, match="cannot be used"):
        fetch_part(
            f"{web.url}/panden.parquet", tmp_path / "a.parquet", bounds=TOWN, columns=None, session=open_session()
        )


def test_what_is_no_parquet_is_told(web: Web, tmp_path: Path) -> None:
    web.files["/page.parquet"] = b"<html>Log in</html>" * 100
    with pytest.raises(InputError, match="no Parquet"):
        fetch_part(f"{web.url}/page.parquet", tmp_path / "a.parquet", bounds=TOWN, columns=None)


def test_the_metadata_of_what_is_written_says_no_other_extent(web: Web, tmp_path: Path) -> None:
    path = fetch_part(f"{web.url}/panden.parquet", tmp_path / "a.parquet", bounds=TOWN, columns=None)
    geo = json.loads(pq.read_schema(path).metadata[b"geo"])
    assert set(geo["columns"]["geometry"]) & {"bbox", "covering"} == set()
