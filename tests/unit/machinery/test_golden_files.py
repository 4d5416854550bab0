"""Golden files: what they keep and what they catch."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from tests.golden_files import Golden

SQUARE = shapely.box(0, 0, 10, 10)


def _frame(second: float = 2.5) -> gpd.GeoDataFrame:
    columns = {"site_id": ["a", "b"], "area_m2": [1.0, second], "name": ["x", None]}
    return gpd.GeoDataFrame(columns, geometry=[SQUARE, SQUARE.buffer(1)], crs="EPSG:28992")


@pytest.mark.parametrize("name", ["kept.parquet", "kept.csv"])
def test_a_frame_comes_back_equal_and_a_change_is_caught(tmp_path: Path, name: str) -> None:
    Golden(tmp_path, is_updating=True).check_kept(_frame(), name)
    Golden(tmp_path).check_kept(_frame(), name)
    with pytest.raises(AssertionError):
        Golden(tmp_path).check_kept(_frame(2.6), name)
    moved = _frame().set_geometry([SQUARE, shapely.box(0, 0, 10, 11)], crs="EPSG:28992")
    with pytest.raises(AssertionError):
        Golden(tmp_path).check_kept(moved, name)


def test_the_start_of_a_ring_is_no_difference(tmp_path: Path) -> None:
    Golden(tmp_path, is_updating=True).check_kept(_frame(), "kept.parquet")
    turned = _frame()
    turned.geometry = [shapely.Polygon([(10, 10), (0, 10), (0, 0), (10, 0)]), turned.geometry.iloc[1]]
    Golden(tmp_path).check_kept(turned, "kept.parquet")


def test_values_and_text(tmp_path: Path) -> None:
    Golden(tmp_path, is_updating=True).check_kept({"n": 1, "x": [0.1, None]}, "kept.json")
    Golden(tmp_path).check_kept({"n": 1, "x": [0.1, None]}, "kept.json")
    with pytest.raises(AssertionError, match=r"kept.json.x\[0\]"):
        Golden(tmp_path).check_kept({"n": 1, "x": [0.2, None]}, "kept.json")
    Golden(tmp_path, is_updating=True).check_kept("one\n", "kept.txt")
    with pytest.raises(AssertionError, match="differs"):
        Golden(tmp_path).check_kept("two\n", "kept.txt")


def test_an_absent_file_fails_and_a_huge_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="--update-golden"):
        Golden(tmp_path).check_kept("one\n", "kept.txt")
    with pytest.raises(ValueError, match="must stay below"):
        Golden(tmp_path, is_updating=True).check_kept(pd.DataFrame({"n": range(60_000)}), "kept.csv")
    assert not (tmp_path / "kept.csv").exists()
