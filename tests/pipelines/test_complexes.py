"""Complexes and look-alikes of a whole run: the same whatever the cells, though streets run through many of them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import yaml

from flexsites.tables import CRS
from tests.pipelines.small_run import assess, tables

N_STREETS, N_PORCHES, PORCH_M = 12, 60, 18.0
PER_BLOCK = 7
"""Porches per block of one building year; the next block was built eight years later, wall to wall."""


def porch_id(number: int) -> str:
    return f"051810{number:010d}"


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write streets of adjoining porches as a BAG, what is known of them, and a run over all of it."""
    folder = tmp_path_factory.mktemp("stock")
    street, porch = np.divmod(np.arange(N_STREETS * N_PORCHES), N_PORCHES)
    x, y = 100_060 + porch * PORCH_M, 400_000 + street * 40.0
    # Numbers are shuffled, so that neighbours in the register are no neighbours in the street.
    number = np.random.default_rng(5).permutation(len(porch)) + 1
    ids = [porch_id(one) for one in number]
    year = 1950 + 8 * (porch // PER_BLOCK % 2)
    panden = {"identificatie": ids, "bouwjaar": year, "status": "Pand in gebruik"}
    shapes = shapely.box(x, y, x + PORCH_M, y + 10)
    gpd.GeoDataFrame(panden, geometry=shapes, crs=CRS).to_file(folder / "panden.gpkg")
    known = pd.DataFrame({"bag_pand_id": ids, "n_storeys": 4, "n_dwellings": 8, "owner_class": "corporatie"})
    known.to_parquet(folder / "known.parquet")
    carried = pd.DataFrame({"bag_pand_id": [ids[3], ids[400]], "n_storeys_carried": [1, 2]})
    carried.to_parquet(folder / "carried.parquet")

    def table(name: str, *keep: str) -> dict[str, object]:
        about = {"title": name, "provider": "a test", "licence": "MIT", "attribution": "a test", "edition": "2026"}
        return {"reader": "table", "about": about, "path": f"{name}.parquet", "key": "bag_pand_id", "keep": [*keep]}

    buildings = {
        "bag_panden": {**table("panden"), "reader": "vector", "path": "panden.gpkg"},
        "known": table("known", "n_storeys", "n_dwellings", "owner_class"),
        "carried": table("carried", "n_storeys_carried"),
    }
    for key in ("key", "keep"):
        del buildings["bag_panden"][key]
    content = {
        "name": "streets",
        "title": {"nl": "Straten", "en": "Streets"},
        "pipeline": "corporation_roofs",
        "assess": ["roofs"],
        "reference_date": "2026-01-01",
        "sources": {"buildings": buildings},
    }
    path = folder / "streets.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cut_up(stock: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a run in small cells: streets run through many of them."""
    return assess(stock, tmp_path_factory.mktemp("cut_up"), cell_size_m=250.0)


def test_complexes_and_lookalikes_do_not_depend_on_cells(stock: Path, cut_up: Path, tmp_path: Path) -> None:
    whole = assess(stock, tmp_path, cell_size_m=20_000.0)
    assert _n_links(whole) == 0
    assert _n_links(cut_up) > N_STREETS, "streets do not run through cells: the test shows nothing"
    assert tables(cut_up) == tables(whole)


@pytest.mark.deep(sibling="test_complexes_and_lookalikes_do_not_depend_on_cells")
def test_complexes_and_lookalikes_do_not_depend_on_cells_of_an_odd_side(
    stock: Path, cut_up: Path, tmp_path: Path
) -> None:
    odd = assess(stock, tmp_path, cell_size_m=333.3)
    assert _n_links(odd) > N_STREETS, "streets do not run through cells: the test shows nothing"
    assert tables(odd) == tables(cut_up)


def test_a_block_is_one_complex_and_resembles_the_nearest_of_its_kind(cut_up: Path) -> None:
    directory = cut_up
    roofs = gpd.read_parquet(directory / "roofs.parquet")
    complexes = pd.read_parquet(directory / "complexes.parquet")
    porch = ((roofs.geometry.bounds["minx"] - 100_060) / PORCH_M).round().astype(int)
    street = ((roofs.geometry.bounds["miny"] - 400_000) / 40).round().astype(int)
    block = street * 100 + porch // PER_BLOCK
    assert complexes["complex_id"].equals(roofs["bag_pand_id"].groupby(block).transform("min"))
    assert (complexes["n_buildings"] == roofs.groupby(block)["bag_pand_id"].transform("size")).all()
    assert (complexes["block_form"] == "portiek").all()
    lookalikes = pd.read_parquet(directory / "lookalikes.parquet")
    of_series = lookalikes.groupby(roofs["year_built"])["series_id"].nunique()
    assert of_series.to_dict() == {1950: 1, 1958: 1}
    assert lookalikes["series_n_storeys"].isin([1, 2]).all()


def _n_links(directory: Path) -> int:
    return sum(len(pd.read_parquet(path)) for path in directory.glob("parts/*/*/*/complex_links.parquet"))
