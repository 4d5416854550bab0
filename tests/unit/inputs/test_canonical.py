from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from flexsites.errors import ContractError, NotFoundError
from flexsites.tables import Layers
from flexsites.tables.spatial_files import ROW_GROUP_ROWS, Writer, hilbert_distance, read_window, write_canonical
from tests.conftest import examples


def boxes(n: int, seed: int = 1) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(10_000, 270_000, n), rng.uniform(310_000, 610_000, n)
    columns = {
        "layer": pd.Series(["a"] * n, dtype="str"),
        "feature_id": pd.Series([f"f{i}" for i in range(n)], dtype="str"),
        "part": pd.array(np.zeros(n), dtype="Int64"),
        "n_dwellings": pd.array([None if i % 3 else i for i in range(n)], dtype="Int64"),
        "has_dwelling": pd.array([None if i % 2 else True for i in range(n)], dtype="boolean"),
        "name": pd.Series([None if i % 5 else f"name {i}" for i in range(n)], dtype="str"),
        "share": np.where(np.arange(n) % 4, 0.1, np.nan),
    }
    return gpd.GeoDataFrame(columns, geometry=shapely.box(x, y, x + 20, y + 20), crs=28992)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    frame = boxes(300)
    write_canonical(frame, tmp_path / "a.parquet", Layers)
    read = read_window(tmp_path / "a.parquet").sort_values("feature_id", ignore_index=True)
    expected = frame.sort_values("feature_id", ignore_index=True)[list(read.columns)]
    pd.testing.assert_frame_equal(pd.DataFrame(read), pd.DataFrame(expected))
    assert read.crs.to_epsg() == 28992


@examples(15)
@given(seed=st.integers(0, 1000), size=st.integers(1, 120), batch=st.integers(10, 60))
def test_neither_order_nor_batches_change_a_byte(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: int, batch: int
) -> None:
    folder = tmp_path_factory.mktemp("canonical")
    frame = boxes(size, seed)
    whole = write_canonical(frame, folder / "whole.parquet", Layers)
    shuffled = frame.sample(frac=1, random_state=seed).reset_index(drop=True)
    with Writer(folder / "parts.parquet", Layers) as writer:
        for start in range(0, size, batch):
            writer.add(shuffled.iloc[start : start + batch].reset_index(drop=True))
    assert writer.written is not None
    assert writer.written.sha256 == whole.sha256


@given(x=st.floats(0, 280_000), y=st.floats(300_000, 620_000), width=st.floats(0, 80_000), height=st.floats(0, 80_000))
def test_a_window_holds_exactly_what_meets_it(
    tmp_path_factory: pytest.TempPathFactory, x: float, y: float, width: float, height: float
) -> None:
    path = tmp_path_factory.getbasetemp() / "windows.parquet"
    frame = boxes(20_000)
    if not path.exists():
        write_canonical(frame, path, Layers)
    west, south, east, north = np.moveaxis(shapely.bounds(frame.geometry.to_numpy()), -1, 0)
    meets = (west <= x + width) & (east >= x) & (south <= y + height) & (north >= y)
    read = read_window(path, (x, y, x + width, y + height))
    assert sorted(read["feature_id"]) == sorted(frame.loc[meets, "feature_id"])
    every = read_window(path)
    inside = every[every["feature_id"].isin(read["feature_id"])].reset_index(drop=True)
    assert list(inside["feature_id"]) == list(read["feature_id"])


def test_a_window_leaves_row_groups_unread(tmp_path: Path) -> None:
    from flexsites.tables.windows import _footer  # noqa: PLC0415

    write_canonical(boxes(12 * ROW_GROUP_ROWS), tmp_path / "a.parquet", Layers)
    footer = _footer(str(tmp_path / "a.parquet"))
    groups = footer.groups_in((120_000, 400_000, 125_000, 405_000))
    assert footer.metadata.num_row_groups == 12
    assert 1 <= len(groups) <= 3
    assert footer.groups_in((0, 0, 1, 1)) == []


def test_a_file_written_again_is_read_again(tmp_path: Path) -> None:
    for n in (5, 9):
        write_canonical(boxes(n), tmp_path / "a.parquet", Layers)
        assert len(read_window(tmp_path / "a.parquet", (0, 0, 300_000, 700_000))) == n


def test_a_window_of_an_object_store(tmp_path: Path) -> None:
    import fsspec  # noqa: PLC0415

    write_canonical(boxes(20), tmp_path / "a.parquet", Layers)
    with fsspec.open("memory://a.parquet", "wb") as sink:
        sink.write((tmp_path / "a.parquet").read_bytes())
    assert len(read_window("memory://a.parquet", (0, 0, 300_000, 700_000))) == 20
    with pytest.raises(NotFoundError):
        read_window("memory://b.parquet")


def test_other_programs_read_it(tmp_path: Path) -> None:
    frame = boxes(50)
    write_canonical(frame, tmp_path / "a.parquet", Layers)
    geo = json.loads(pq.read_schema(tmp_path / "a.parquet").metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    assert geo["columns"]["geometry"]["geometry_types"] == ["Polygon"]
    assert geo["columns"]["geometry"]["bbox"] == pytest.approx(list(frame.total_bounds))
    read = gpd.read_parquet(tmp_path / "a.parquet")
    assert read.crs.to_epsg() == 28992
    assert read.area.sum() == pytest.approx(50 * 400)


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    write_canonical(boxes(1).iloc[:0], tmp_path / "a.parquet", Layers)
    read = read_window(tmp_path / "a.parquet", (0, 0, 1, 1))
    assert len(read) == 0
    assert list(read.columns) == [*boxes(1).columns]


def test_a_key_twice_is_refused_even_across_batches(tmp_path: Path) -> None:
    def write_in_two() -> None:
        with Writer(tmp_path / "a.parquet", Layers) as writer:
            writer.add(boxes(3))
            writer.add(boxes(2))

    with pytest.raises(ContractError, match="the same key twice"):
        write_in_two()
    assert list(tmp_path.iterdir()) == []


def test_after_an_error_nothing_stands_there(tmp_path: Path) -> None:
    def break_off() -> None:
        with Writer(tmp_path / "a.parquet", Layers) as writer:
            writer.add(boxes(3))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert list(tmp_path.iterdir()) == []


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="prepare the inputs first"):
        read_window(tmp_path / "gone.parquet")


def test_neighbours_on_the_curve_are_neighbours_on_the_map() -> None:
    side = np.arange(-99_996.0, -99_996.0 + 8 * 64, 8)
    x, y = np.meshgrid(side, side + 300_000)
    distance = hilbert_distance(shapely.points(x.ravel(), y.ravel()))
    order = np.argsort(distance)
    assert np.array_equal(np.sort(distance), np.arange(len(distance)) + distance.min())
    steps = np.abs(np.diff(x.ravel()[order])) + np.abs(np.diff(y.ravel()[order]))
    assert set(steps) == {8.0}
