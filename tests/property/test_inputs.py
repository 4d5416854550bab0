"""Laws of the inputs: every row is accounted for, cells keep their area, codes do not depend on order."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st

from flexsites.config.source_rows import Selection
from flexsites.inputs.formats.projection import to_rd
from flexsites.inputs.formats.vector import Batch
from flexsites.inputs.land.areas import codes_at
from flexsites.inputs.land.layers import cut
from flexsites.inputs.land.rasters import BLOCK_CELLS, Block, open_raster, polygonise
from flexsites.inputs.rows.ingest import ReadReport, sound_rows
from flexsites.inputs.rows.selection import matches
from flexsites.inputs.rows.validity import DuplicateCheck, Ledger, row_digests
from tests.conftest import examples
from tests.unit.inputs.makers import ABOUT, ORIGIN

RD = to_rd("EPSG:28992", where="test")
X, Y = ORIGIN

shapes = st.one_of(
    st.none(),
    st.just(shapely.Polygon()),
    st.just(shapely.Point(X, Y)),
    st.builds(
        lambda x, y, side: shapely.box(X + x, Y + y, X + x + side, Y + y + side),
        st.integers(0, 50), st.integers(0, 50), st.integers(1, 20),
    ),
    st.builds(
        lambda x, y, side: shapely.Polygon(
            [(X + x, Y + y), (X + x + side, Y + y + side), (X + x + side, Y + y), (X + x, Y + y + side)]
        ),
        st.integers(0, 50), st.integers(0, 50), st.integers(1, 20),
    ),
    st.just(shapely.box(1e6, 1e6, 1e6 + 1, 1e6 + 1)),
)  # fmt: skip


@given(
    rows=st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d", None]), shapes), max_size=12),
    size=st.integers(1, 5),
    bounds=st.sampled_from([None, (X, Y, X + 25.0, Y + 25.0)]),
    has_ids=st.booleans(),
)
def test_every_row_is_in_exactly_one_account(
    rows: list[tuple[str | None, shapely.Geometry | None]],
    size: int,
    bounds: tuple[float, float, float, float] | None,
    *,
    has_ids: bool,
) -> None:
    selection = Selection(id_column="id" if has_ids else None, where={"keep": ("yes",)})
    told = ReadReport(Ledger("test"))
    kept = []
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        columns = pd.DataFrame({"id": pd.Series([name for name, _ in part], dtype="str")})
        columns["keep"] = ["yes" if (start + i) % 4 else "no" for i in range(len(part))]
        geometry = np.array([*(shape for _, shape in part), None], dtype=object)[:-1]
        kept.append(
            sound_rows(Batch(columns, geometry), selection, (), RD, kind="polygon", told=told, bounds=bounds, at=start)
        )
    ledger = told.ledger
    accounts = (ledger.n_left_out, ledger.n_outside_area, ledger.n_repeated, ledger.n_quarantined, ledger.n_kept)
    assert ledger.n_read == len(rows) == sum(accounts)
    assert ledger.n_kept == sum(len(found.ids) for found in kept)
    apart = sum((frame["action"] == "quarantined").sum() for frame in ledger.rows)
    repaired = sum((frame["action"] == "repaired").sum() for frame in ledger.rows)
    assert (apart, repaired) == (ledger.n_quarantined, ledger.n_repaired)
    names = [name for found in kept for name in found.ids]
    assert len(set(names)) == len(names)
    for found in kept:
        assert shapely.is_valid(found.geometry).all()
        assert (shapely.area(found.geometry) > 0).all()


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 40), st.floats(0, 1))
def test_cells_keep_their_area_and_do_not_overlap(seed: int, height: int, width: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < share
    block = Block("0_0", mask.astype("uint8"), np.ones_like(mask), rasterio.Affine(25, 0, X, 0, -25, Y))
    found = polygonise(block, mask, RD)
    assert shapely.area(found).sum() == mask.sum() * 625
    assert shapely.area(shapely.union_all(found)) == pytest.approx(mask.sum() * 625, abs=1e-6)
    row, column = np.nonzero(mask)
    centres = shapely.points(X + 25 * column + 12.5, Y - 25 * row - 12.5)
    hits = shapely.STRtree(found).query(centres, predicate="within") if len(found) else np.zeros((2, 0))
    assert hits.shape[1] == mask.sum()


@examples(50, ci=4)
@given(st.integers(0, 3), st.integers(0, 3))
def test_a_file_cut_from_a_raster_gives_the_same_cells(
    tmp_path_factory: pytest.TempPathFactory, column: int, row: int
) -> None:
    from flexsites.config.sources import Raster  # noqa: PLC0415
    from flexsites.inputs.formats.files import Places  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("raster")
    side = BLOCK_CELLS + 40
    values = np.random.default_rng(1).integers(0, 2, (side, side)).astype("uint8")
    parts = []
    for name, top, left in (("whole", 0, 0), ("part", row * 7, column * 11)):
        at = rasterio.Affine(5, 0, X + 5 * left, 0, -5, Y + 5_000 - 5 * top)
        cells = values[top:, left:]
        shape = {"height": cells.shape[0], "width": cells.shape[1], "count": 1, "dtype": "uint8"}
        with rasterio.open(
            folder / f"{name}.tif", "w", driver="GTiff", crs="EPSG:28992", transform=at, **shape
        ) as sink:
            sink.write(cells, 1)
        source = Raster.model_validate({"reader": "raster", "about": ABOUT, "path": f"{name}.tif", "unit": "m"})
        file = open_raster(name, source, f"{name}.tif", Places(folder, folder))
        parts.append({block.name: polygonise(block, block.values > 0, RD) for block in file.blocks()})
    inside = {name for name in parts[1] if shapely.area(parts[1][name]).sum() == shapely.area(parts[0][name]).sum()}
    assert inside
    for name in inside:
        assert sorted(map(shapely.to_wkb, parts[0][name])) == sorted(map(shapely.to_wkb, parts[1][name]))
    assert set(parts[1]) <= set(parts[0])


@given(st.integers(0, 1_000), st.integers(1, 30))
def test_codes_do_not_depend_on_the_order_of_areas(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 10, (n, 2))
    boxes = shapely.box(corner[:, 0], corner[:, 1], corner[:, 0] + 4, corner[:, 1] + 4)
    codes = [f"GM{number:04d}" for number in range(n)]
    areas = gpd.GeoDataFrame({"area_kind": "gemeente", "area_code": codes}, geometry=boxes)
    points = shapely.points(rng.integers(0, 14, (50, 2)))
    found = codes_at(points, areas, "gemeente")
    again = codes_at(points, areas.sample(frac=1, random_state=seed), "gemeente")
    assert found.equals(again)
    for point, code in zip(points, found, strict=True):
        holding = [name for name, box in zip(codes, boxes, strict=True) if box.intersects(point)]
        assert (min(holding) if holding else None) == (None if pd.isna(code) else code)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xy")), max_size=20), st.integers(1, 7))
def test_repeats_are_found_across_batches(rows: list[tuple[str, str]], size: int) -> None:
    seen = DuplicateCheck()
    repeats, taken = [], []
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        points = np.array([*(shapely.Point(ord(content), 0) for _, content in part), None], dtype=object)[:-1]
        ids = pd.Series([name for name, _ in part], dtype="str")
        is_repeat, is_taken = seen.check(ids, row_digests(points, pd.DataFrame(index=range(len(part)))))
        repeats += is_repeat.tolist()
        taken += is_taken.tolist()
    first: dict[str, str] = {}
    for i, (name, content) in enumerate(rows):
        before = name in first
        first.setdefault(name, content)
        assert repeats[i] == (before and first[name] == content)
        assert taken[i] == (before and first[name] != content)


@given(st.lists(st.sampled_from([1.0, 2.0, 10.0, None]), max_size=20))
def test_numbers_and_their_text_match_alike(values: list[float | None]) -> None:
    numbers = pd.Series(values, dtype="float64")
    text = pd.Series([None if value is None else f"{value:g}" for value in values], dtype="str")
    for wanted in ((1,), ("1",), (1.0, 2), (None,), (None, "10")):
        assert matches(numbers, wanted).tolist() == matches(text, wanted).tolist()


@given(st.lists(shapes.filter(lambda shape: shape is not None and not shape.is_empty and shape.is_valid), max_size=8))
def test_cutting_keeps_every_feature(found: list[shapely.Geometry]) -> None:
    geometry = np.array([*found, None], dtype=object)[:-1]
    parts, owner, part = cut(geometry)
    assert sorted(set(owner)) == list(range(len(geometry)))
    assert len(set(zip(owner, part, strict=True))) == len(parts)
    assert shapely.area(parts).sum() == pytest.approx(shapely.area(geometry).sum())
