"""Fields, tables, stages: every column is described, its unit agrees with its name, and contracts are kept."""

from __future__ import annotations

import threading
import time
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites import tables
from flexsites.errors import ContractError, CrsError
from flexsites.tables import CRS, Amenities, PieceLocations, Reasons, Table, conform, contract, empty, require_rd
from flexsites.tables import parcel_fields as fields
from flexsites.tables.field import Field
from flexsites.tables.stage import record_lineage, stage, step

TABLES = {name: one for name, one in vars(tables).items() if isinstance(one, Table)}
FIELDS = {field.name: field for table in TABLES.values() for field in table.fields}
OF_MODULE = {name: one for name, one in vars(fields).items() if isinstance(one, Field)}

# What a name must end in, for each unit; and what a suffix says the unit is.
SUFFIXES = {"m2": "_m2", "m": "_m", "m NAP": "_m_nap", "min": "_min", "s": "_s", "years": "_years"}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_sound(name: str) -> None:
    table = TABLES[name]
    assert table.name == name
    assert len(set(table.columns)) == len(table.columns)
    assert set(table.key) <= set(table.columns)
    assert all(field.null is None for field in table.fields if field.name in table.key), "a key is never null"
    has_geometry = any(field.dtype == "geometry" for field in table.fields)
    assert has_geometry == (table.geometry is not None)
    nothing = empty(table)
    assert conform(nothing, table, where="test") is nothing


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_column_is_described_and_its_unit_agrees_with_its_name(name: str) -> None:
    field = FIELDS[name]
    assert len(field.description) > 3
    assert field.null is None or len(field.null) > 3
    if field.unit in SUFFIXES:
        assert name.endswith(SUFFIXES[field.unit]) or f"{SUFFIXES[field.unit]}_" in name
    if name.endswith("_m2"):
        assert field.unit == "m2"
    elif name.endswith("_m") and field.dtype == "float":
        assert field.unit == "m"
    if name.endswith("_share"):
        assert (field.dtype, field.low, field.high) == ("float", 0, 1)
    if name.startswith("n_"):
        assert name.endswith("_source") or (field.low is not None and field.low >= 0)
    if name.startswith(("is_", "has_")):
        assert field.dtype == "bool"
    if field.values:
        assert field.dtype == "str"


def test_a_column_means_one_thing() -> None:
    """Columns of one name have one unit, and hold numbers everywhere or nowhere (some are counts in one table only)."""
    seen: dict[str, set[tuple[str, str | None]]] = {}
    for table in TABLES.values():
        for field in table.fields:
            kind = "number" if field.dtype in ("int", "float") else field.dtype
            seen.setdefault(field.name, set()).add((kind, field.unit))
    assert not {name: found for name, found in seen.items() if len(found) > 1}
    assert len(OF_MODULE) >= 100


def _reasons(**columns: Any) -> pd.DataFrame:
    rows = {
        "site_id": ["a", "b"], "rule_id": ["r", "r"], "effect": ["exclude", "flag"], "hardness": ["hard", None],
        "covered_area_m2": [1, 2], "attributed_area_m2": [1.0, 0.0], "unique_area_m2": [1.0, 0.0],
        "coverage": ["covered", "not"], "covered_share": [1.0, 0.0],
    }  # fmt: skip
    return pd.DataFrame(rows | columns)


def test_conform_casts_orders_and_resets() -> None:
    frame = _reasons().iloc[::-1][["rule_id", *[c for c in Reasons.columns if c != "rule_id"]]].assign(more=1)
    found = conform(frame, Reasons, where="test")
    assert list(found.columns) == Reasons.columns
    assert found.index.tolist() == [0, 1]
    assert found["site_id"].tolist() == ["b", "a"]
    assert str(found["covered_area_m2"].dtype) == "float64"
    assert frame["more"].tolist() == [1, 1], "what was given is not changed"


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"site_id": ["a", None]}, "Reasons.site_id: null (1 row"),
        ({"site_id": ["a", "a"]}, "the same key twice (1 row: a/r)"),
        ({"effect": ["exclude", "forbid"]}, "Reasons.effect"),
        ({"covered_area_m2": [1.0, -1.0]}, "Reasons.covered_area_m2: outside [0, None] (1 row: b)"),
        ({"covered_area_m2": [1.0, np.inf]}, "Reasons.covered_area_m2: infinite (1 row: b)"),
        ({"covered_share": [0.5, 1.5]}, "Reasons.covered_share: outside [0, 1] (1 row: b)"),
        ({"covered_area_m2": ["much", "little"]}, "cannot be read as float"),
    ],
)
def test_conform_refuses_what_breaks_the_definition(columns: dict[str, Any], told: str) -> None:
    with pytest.raises(ContractError) as found:
        conform(_reasons(**columns), Reasons, where="test")
    assert told in str(found.value)


def test_conform_tells_all_faults_at_once() -> None:
    with pytest.raises(ContractError) as found:
        conform(_reasons(site_id=["a", None], covered_share=[2.0, 0.0], effect=["x", "flag"]), Reasons, where="test")
    assert len(found.value.faults) == 3
    with pytest.raises(ContractError, match="columns missing: effect, hardness"):
        conform(_reasons().drop(columns=["effect", "hardness"]), Reasons, where="test")
    with pytest.raises(ContractError, match="does not define: more"):
        conform(_reasons(more=[1, 1]), Reasons, where="test", is_result=True)


def _amenities(shapes: Any, crs: str | None = CRS) -> gpd.GeoDataFrame:
    ids = [str(i) for i in range(len(shapes))]
    columns = {"amenity_id": ids, "category": "gp", "weight": 1.0, "amenity_name": None}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def test_conform_refuses_another_crs_and_another_kind_of_geometry() -> None:
    point = shapely.Point(150_000, 470_000)
    with pytest.raises(CrsError, match="the CRS is missing"):
        conform(_amenities([point], None), Amenities, where="test")
    with pytest.raises(CrsError, match="the CRS is EPSG:4326"):
        conform(_amenities([point], "EPSG:4326"), Amenities, where="test")
    with pytest.raises(ContractError, match="not a point"):
        conform(_amenities([point.buffer(1)]), Amenities, where="test")
    with pytest.raises(ContractError, match="no geometry"):
        conform(pd.DataFrame(_amenities([point])), Amenities, where="test")


def test_require_rd_refuses_what_cannot_be_rd() -> None:
    require_rd(_amenities([shapely.Point(13_600, 306_900), shapely.Point(277_900, 619_200)]), where="test")
    with pytest.raises(CrsError, match=r"in degrees, labelled EPSG:28992 \(1 row: 1\)"):
        require_rd(_amenities([shapely.Point(150_000, 470_000), shapely.Point(5.2, 52.1)]), where="test")
    with pytest.raises(CrsError, match="outside the Netherlands"):
        require_rd(_amenities([shapely.Point(2_000_000, 470_000)]), where="test")
    with pytest.raises(CrsError, match="missing"):
        require_rd(_amenities([shapely.Point(150_000, 470_000)], None), where="test")


@stage(takes=PieceLocations, gives=PieceLocations)
def swap(locations: pd.DataFrame, *, fault: str = "") -> pd.DataFrame:
    """A stage that obeys, or breaks its contract as asked."""
    if fault == "more":
        return locations.assign(more=1)
    if fault == "double":
        return pd.concat([locations, locations])
    return locations.assign(location_id=locations["location_id"] + "!")


LOCATIONS = pd.DataFrame({"piece_id": ["a#1", "b#1"], "location_id": ["a", "b"]})


def test_a_stage_checks_both_ends_and_leaves_a_line() -> None:
    with record_lineage() as lines:
        given = swap(LOCATIONS)
    assert given["location_id"].tolist() == ["a!", "b!"]
    assert [(line.takes, line.gives) for line in lines] == [((("PieceLocations", 2),), ("PieceLocations", 2))]
    assert lines[0].stage.endswith(".swap")
    with pytest.raises(ContractError, match=r"swap\(PieceLocations\)"):
        swap(LOCATIONS.drop(columns="location_id"))
    with pytest.raises(ContractError, match=r"swap -> PieceLocations.*does not define: more"):
        swap(LOCATIONS, fault="more")
    with pytest.raises(ContractError, match="the same key twice"):
        swap(LOCATIONS, fault="double")
    with pytest.raises(ContractError, match="0 tables given, 1 taken"):
        swap()  # type: ignore[call-arg]


def test_the_times_of_the_lines_are_a_partition() -> None:
    def busy(seconds: float) -> None:
        start = time.thread_time()
        while time.thread_time() - start < seconds:
            pass

    start = time.thread_time()
    with record_lineage() as lines, step("whole"):
        busy(0.02)
        with step("part"):
            busy(0.03)
        swap(LOCATIONS)
    spent = time.thread_time() - start
    own = {line.stage.rpartition(".")[2]: line.cpu_seconds for line in lines}
    assert list(own) == ["part", "swap", "whole"]
    assert own["part"] >= 0.03
    assert 0.02 <= own["whole"] < 0.03 + own["swap"]
    assert sum(own.values()) == pytest.approx(spent, abs=0.005)


def test_lineage_of_one_thread_is_not_that_of_another() -> None:
    """Cells run in threads: each tells its own stages, however they interleave."""
    found: dict[int, int] = {}
    ready = threading.Barrier(3)

    def work(n: int) -> None:
        with record_lineage() as lines:
            ready.wait()
            for _ in range(n):
                swap(LOCATIONS)
            ready.wait()
        found[n] = len(lines)

    threads = [threading.Thread(target=work, args=(n,)) for n in (1, 5, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {1: 1, 5: 5, 9: 9}


def test_within_a_chain_no_frame_is_looked_at_twice_but_only_as_the_table_it_was() -> None:
    frame = empty(Reasons)
    with contract.frames_remembered():
        assert conform(frame, Reasons, where="test") is frame
        assert contract.is_remembered(frame, Reasons)
        assert not contract.is_remembered(frame.copy(), Reasons)
        with pytest.raises(ContractError):
            conform(frame, Amenities, where="test")
    assert not contract.is_remembered(frame, Reasons)


def test_outside_a_chain_a_frame_that_was_changed_is_refused() -> None:
    frame = conform(empty(Reasons), Reasons, where="test")
    del frame["coverage"]
    with pytest.raises(ContractError, match="coverage"):
        conform(frame, Reasons, where="test")


def test_a_frame_that_is_gone_is_not_remembered() -> None:
    """Identities are given out again: a new frame where an old one was must be looked at."""
    with contract.frames_remembered():
        frame = conform(empty(Reasons), Reasons, where="test")
        known = contract._conforming.get()
        assert known is not None
        assert id(frame) in known
        del frame
        assert not known


def test_rows_of_what_conforms_conform_and_of_what_was_not_checked_are_checked() -> None:
    none = np.zeros(0, dtype=bool)
    with contract.frames_remembered():
        frame = conform(empty(Reasons), Reasons, where="test")
        assert contract.is_remembered(contract.rows_of(frame, none, Reasons), Reasons)
        assert not contract.is_remembered(contract.rows_of(frame.copy(), none, Reasons), Reasons)
