"""Merging depends on the rows alone: not on the parts, their order, nor how many rows are held at once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from flexsites.errors import RunError
from flexsites.tables import CRS, Amenities, Reasons, RuleCoverage, Table, empty
from flexsites.tables import files as parts
from flexsites.tables.arrow import to_arrow
from flexsites.tables.whole_files import read_state, write_state

RULES = ("a", "b", "c")


def reasons(sites: list[int]) -> pd.DataFrame:
    """Rows of several rules per site; some columns null in some rows, one null in all."""
    ids = [f"{site:04d}" for site in sites for _ in RULES]
    number = np.array([site for site in sites for _ in RULES], dtype=float)
    frame = empty(Reasons).reindex(range(len(ids)))
    return frame.assign(
        site_id=pd.array(ids, dtype="str"),
        rule_id=pd.array(list(RULES) * len(sites), dtype="str"),
        effect="exclude",
        hardness=pd.array([None] * len(ids), dtype="str"),
        covered_area_m2=number / 3,
        attributed_area_m2=np.where(number % 2 == 0, number / 7, 0.0),
        unique_area_m2=0.1,
        coverage="covered",
        covered_share=np.where(number % 5 == 0, np.nan, 1 / 3),
    )


@st.composite
def spread(draw: st.DrawFn) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Rows, and the same rows in some order over some parts, empty ones among them."""
    sites = draw(st.lists(st.integers(0, 60), unique=True, max_size=25))
    rows = reasons(sorted(sites))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    part = random.integers(0, draw(st.integers(1, 5)), len(rows))
    shuffled = random.permutation(len(rows))
    found = [rows.iloc[shuffled[part[shuffled] == i]].reset_index(drop=True) for i in range(6)]
    return rows, found


@given(st.sets(st.integers(0, 60), min_size=1, max_size=20), st.integers(0, 60), st.integers(0, 60), st.integers(1, 9))
def test_rows_are_found_by_key_whatever_the_groups_they_are_written_in(
    sites: set[int], one: int, other: int, group: int
) -> None:
    """Between two keys, or under some: those of the whole table, and none of a group that cannot hold them."""
    rows = reasons(sorted(sites))
    low, high = f"{min(one, other):04d}", f"{max(one, other):04d}"
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "reasons.parquet"
        pq.write_table(to_arrow(rows, Reasons), path, row_group_size=group)
        between, under, none = (
            parts.read_between(path, "site_id", low, high, columns=["rule_id", "site_id"]),
            parts.read_rows(path, "site_id", [low, high, "absent"]),
            parts.read_rows(path, "site_id", []),
        )
    inside = rows[(rows["site_id"] >= low) & (rows["site_id"] <= high)]
    assert between["site_id"].tolist() == inside["site_id"].tolist()
    assert between["rule_id"].tolist() == inside["rule_id"].tolist()
    chosen = rows[rows["site_id"].isin([low, high])]
    assert under["covered_area_m2"].tolist() == chosen["covered_area_m2"].tolist()
    assert list(under) == list(none) == Reasons.columns
    assert none.empty


@given(spread(), st.integers(1, 40))
def test_the_same_rows_give_the_same_bytes_however_they_are_spread(
    drawn: tuple[pd.DataFrame, list[pd.DataFrame]], range_rows: int
) -> None:
    rows, spread_rows = drawn
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / f"{i}" / "reasons.parquet" for i in range(len(spread_rows))]
        for path, frame in zip(paths, spread_rows, strict=True):
            parts.write_table(frame, Reasons, path)
        parts.write_table(rows, Reasons, folder / "one.parquet")
        for target, sources in (("there", paths), ("back", paths[::-1]), ("alone", [folder / "one.parquet"])):
            n_rows = parts.merge(sources, Reasons, folder / target, range_rows=range_rows)
            assert n_rows == len(rows)
        there, back, alone = (folder.joinpath(target).read_bytes() for target in ("there", "back", "alone"))
        assert there == back == alone
        pd.testing.assert_frame_equal(
            parts.read(folder / "there"), parts.read(folder / "one.parquet"), check_exact=True
        )


def test_a_group_is_asked_for_those_keys_alone_that_it_may_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it asked for all, finding the suitable sites of a country would take the square of their number."""
    rows, asked = reasons(list(range(100))), list[int]()
    pq.write_table(to_arrow(rows, Reasons), tmp_path / "reasons.parquet", row_group_size=15)
    is_in = pc.is_in

    def count(keys: pa.ChunkedArray, *, value_set: pa.Array) -> pa.ChunkedArray:
        asked.append(len(value_set))
        return is_in(keys, value_set=value_set)

    monkeypatch.setattr(pc, "is_in", count)
    found = parts.read_rows(tmp_path / "reasons.parquet", "site_id", rows["site_id"])
    assert len(found) == len(rows)
    assert len(asked) == 20
    assert max(asked) <= 15


def test_another_column_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    """Byte for byte what reading it all, and writing it with that column, gives; some are null."""
    rows = reasons(list(range(7)))
    told = rows.assign(unique_area_m2=[np.nan if i % 3 else float(i) for i in range(len(rows))])
    parts.write_table(rows, Reasons, tmp_path / "changed.parquet")
    parts.write_table(told, Reasons, tmp_path / "wanted.parquet")
    key = ["site_id", "rule_id"]

    def of(keys: pd.DataFrame) -> pd.Series[Any]:
        assert list(keys.columns) == key
        return keys.join(told.set_index(key)["unique_area_m2"], on=key)["unique_area_m2"]

    parts.replace_column(tmp_path / "changed.parquet", Reasons, "unique_area_m2", of)
    assert (tmp_path / "changed.parquet").read_bytes() == (tmp_path / "wanted.parquet").read_bytes()


def test_rows_that_cells_share_stand_once(tmp_path: Path) -> None:
    rows = reasons([1, 2, 3])
    told = pd.DataFrame(rows.rename(columns={"site_id": "rule_coverage_id"})[RuleCoverage.columns])
    for i, (start, stop) in enumerate(((0, 6), (3, 9), (0, 9))):
        parts.write_table(told.iloc[start:stop], RuleCoverage, tmp_path / f"{i}.parquet")
    parts.write_table(told, RuleCoverage, tmp_path / "one")
    for n in (2, 100):
        parts.merge(sorted(tmp_path.glob("*.parquet")), RuleCoverage, tmp_path / f"merged-{n}", range_rows=n)
        assert (tmp_path / f"merged-{n}").read_bytes() == (tmp_path / "one").read_bytes()


def test_ranges_hold_few_rows_and_lose_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = reasons(list(range(200)))
    for i in range(3):
        parts.write_table(rows.iloc[i::3], Reasons, tmp_path / f"{i}.parquet")
    held: list[int] = []
    in_order = parts._sorted

    def remember(found: Sequence[pa.Table], table: Table) -> pa.Table:
        held.append(sum(map(len, found)))
        return in_order(found, table)

    monkeypatch.setattr(parts, "_sorted", remember)
    parts.merge(sorted(tmp_path.glob("*.parquet")), Reasons, tmp_path / "merged", range_rows=50)
    assert len(held) == 12
    assert sum(held) == len(rows)
    assert max(held) <= 50 + len(RULES)
    merged = parts.read(tmp_path / "merged")
    assert merged["site_id"].is_monotonic_increasing
    assert not [path for path in tmp_path.iterdir() if "ranges" in path.name], "the ranges are cleared away"


def test_groups_of_rows_do_not_tell_how_many_were_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_ROW_GROUP", 64)
    rows = reasons(list(range(100)))
    for i in range(3):
        parts.write_table(rows.iloc[i::3], Reasons, tmp_path / f"{i}.parquet")
    sources = sorted(tmp_path.glob("*.parquet"))
    for n in (1, 40, 10_000):
        parts.merge(sources, Reasons, tmp_path / f"merged-{n}", range_rows=n)
    assert len({(tmp_path / f"merged-{n}").read_bytes() for n in (1, 40, 10_000)}) == 1
    sizes = [pq.read_metadata(tmp_path / "merged-1").row_group(i).num_rows for i in range(5)]
    assert sizes == [64, 64, 64, 64, 44]


def test_no_rows_is_a_table_without_rows(tmp_path: Path) -> None:
    parts.write_table(empty(Amenities), Amenities, tmp_path / "none.parquet")
    assert parts.merge([tmp_path / "none.parquet"], Amenities, tmp_path / "a") == 0
    assert parts.merge([], Amenities, tmp_path / "b") == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    found = parts.read(tmp_path / "a")
    assert list(found.columns) == Amenities.columns
    assert found.crs.to_epsg() == 28992


def test_geometry_comes_back_as_it_was(tmp_path: Path) -> None:
    points = shapely.points([[150_000.123456789, 470_000.1], [150_000.0, 470_001.0]])
    frame = gpd.GeoDataFrame(
        {"amenity_id": ["b", "a"], "category": "gp", "weight": 1.0, "amenity_name": [None, "x"]},
        geometry=points,
        crs=CRS,
    )
    parts.write_table(frame, Amenities, tmp_path / "a.parquet")
    found = gpd.read_parquet(tmp_path / "a.parquet")
    assert found["amenity_id"].tolist() == ["a", "b"]
    assert found.geometry.iloc[1].equals_exact(points[0], 0)
    meta = pq.read_schema(tmp_path / "a.parquet").field("weight").metadata
    assert meta[b"description"]


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither half a file nor its temporary one; and what stood there before stands there still."""
    target = tmp_path / "reasons.parquet"
    parts.write_table(reasons([1]), Reasons, target)
    before = target.read_bytes()

    def chunks() -> Iterator[pa.Table]:
        yield to_arrow(reasons([2]), Reasons)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parts._write(chunks(), Reasons, target)
    assert target.read_bytes() == before
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_state(tmp_path / "row.json", {"key": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["reasons.parquet"]
    assert read_state(tmp_path / "row.json") is None


def test_a_part_that_was_spoilt_is_told(tmp_path: Path) -> None:
    (tmp_path / "spoilt.parquet").write_bytes(b"PAR1 half")
    with pytest.raises(RunError, match=r"spoilt.parquet.*cannot be read.*without --resume"):
        parts.merge([tmp_path / "spoilt.parquet"], Reasons, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
