"""A stock read in batches and joined in buckets is the stock read whole, whatever the buckets and the area."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from flexsites.config.run import Area
from flexsites.config.sources import Sources
from flexsites.errors import InputError
from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.stock import stream
from flexsites.inputs.stock.buckets import Buckets, bucket_numbers
from flexsites.inputs.stock.buildings import join_stock, panden, verblijfsobjecten
from flexsites.inputs.stock.roofs_3d import roof_attributes, roof_planes
from flexsites.tables import Buildings, Frame
from flexsites.tables.files import read_chunks

N = 200
ABOUT = {"title": "t", "provider": "p", "licence": "l", "attribution": "a", "edition": "2026"}


def pand_id(number: int) -> str:
    return f"051810{number:010d}"


def unit_id(number: int) -> str:
    return f"051801{number:010d}"


def raw_panden() -> gpd.GeoDataFrame:
    """Panden in a row, 20 m apart, of many sizes; some do not stand, and some have an earlier version."""
    rng = np.random.default_rng(3)
    side = rng.uniform(8, 18, N)
    x, y = 80_000 + 20.0 * (np.arange(N) % 20), 450_000 + 20.0 * (np.arange(N) // 20)
    status = np.where(rng.random(N) < 0.1, "Pand gesloopt", "Pand in gebruik")
    rows = pd.DataFrame({"identificatie": [pand_id(i) for i in range(N)], "status": status, "bouwjaar": 1960})
    rows["voorkomenidentificatie"] = 2
    frame = gpd.GeoDataFrame(rows, geometry=shapely.box(x, y, x + side, y + side), crs=28992)
    older = frame.iloc[::7].assign(bouwjaar=1900, voorkomenidentificatie=1)
    return gpd.GeoDataFrame(pd.concat([older, frame], ignore_index=True), crs=28992)


def raw_units() -> pd.DataFrame:
    """Units: most in one pand, some in two or three (chained), some written as a row per pand, some not in use."""
    rng = np.random.default_rng(4)
    rows: list[dict[str, Any]] = []
    for i in range(3 * N):
        of = sorted({int(p) for p in rng.integers(0, N + 5, 1 + (i % 40 == 0) + (i % 80 == 0))})
        row = {
            "identificatie": unit_id(i),
            "gebruiksdoel": "{woonfunctie}" if i % 5 else "{winkelfunctie,woonfunctie}" if i % 2 else "kantoorfunctie",
            "status": "Verblijfsobject gevormd" if i % 17 == 0 else "Verblijfsobject in gebruik",
            "oppervlakte": float(rng.integers(20, 150)),
            "postcode": f"{2500 + i // 100} AA",
            "huisnummer": i % 100 + 1,
            "huisletter": None if i % 3 else "a",
            "toevoeging": None,
        }
        if i % 80 == 0:
            rows += [{**row, "pandref": pand_id(p)} for p in of]
        else:
            rows.append({**row, "pandref": "{" + ",".join(pand_id(p) for p in of) + "}"})
    return pd.DataFrame(rows)


def raw_roofs(of: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Roofs of most panden, one without a height, each with two planes; and of panden that the register has not."""
    latest = of[of["voorkomenidentificatie"] == 2].iloc[:-30]
    prefix = "NL.IMBAG.Pand."
    roofs = gpd.GeoDataFrame(
        {
            "identificatie": [*(prefix + latest["identificatie"]), prefix + pand_id(N + 9)],
            "b3_h_maaiveld": 0.5,
            "b3_h_dak_50p": [np.nan, *(10.5 + np.arange(len(latest)) % 4)],
            "b3_opp_dak_plat": 80.0,
            "b3_opp_dak_schuin": 5.0,
            "b3_dak_type": "horizontal",
        },
        geometry=[*latest.geometry, shapely.box(90_000, 450_000, 90_010, 450_010)],
        crs=28992,
    )
    left = roofs.geometry.bounds.assign(maxx=lambda b: (b.minx + b.maxx) / 2)
    halves = [shapely.box(*box) for box in left.to_numpy()]
    planes = pd.concat([roofs[["identificatie"]].assign(geometry=halves), roofs[["identificatie", "geometry"]]])
    planes = planes.assign(b3_hellingshoek=1.0, b3_h_dak_50p=10.0)
    return roofs, gpd.GeoDataFrame(planes, geometry="geometry", crs=28992)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stock")
    pand_rows = raw_panden()
    pand_rows.to_parquet(folder / "panden.parquet")
    raw_units().to_parquet(folder / "units.parquet")
    roofs, planes = raw_roofs(pand_rows)
    pyogrio.write_dataframe(roofs, folder / "3dbag.gpkg", layer="pand")
    pyogrio.write_dataframe(planes, folder / "3dbag.gpkg", layer="lod22_2d", append=True)
    known = pd.DataFrame({"pand": [pand_id(i) for i in range(0, N, 9)], "has_lift": "ja", "n_storeys": 4})
    known.to_csv(folder / "known.csv", index=False)
    return folder


def sources_of(folder: Path, **more: Any) -> Sources:
    def row(reader: str, name: str, **extra: Any) -> dict[str, Any]:
        return {"reader": reader, "about": ABOUT, "path": str(folder / name), **extra}

    stock = {
        "bag_panden": row("vector", "panden.parquet", **more.pop("panden", {})),
        "verblijfsobjecten": row("vector", "units.parquet"),
        "roofs_3d": row("bag3d", "3dbag.gpkg"),
        "known": row("table", "known.csv", key="pand", keep=["has_lift", "n_storeys"]),
    }
    return Sources.model_validate({"buildings": stock, **more})


def prepared(folder: Path, sources: Sources, area: Area | None = None) -> Prepared:
    request = Request(area=area or Area(), with_stock=True)
    return prepare(sources, directory=folder, base=folder, request=request)


def plain(frame: Frame) -> pd.DataFrame:
    return pd.DataFrame(frame.drop(columns="geometry")).sort_values("bag_pand_id", ignore_index=True)


@pytest.fixture(scope="module")
def whole(files: Path) -> Frame:
    """The stock as it comes of tables that are read and joined whole: the definition."""
    standing, left_out = panden(gpd.read_parquet(files / "panden.parquet"), where="panden")
    units, _ = verblijfsobjecten(pd.read_parquet(files / "units.parquet"), where="units")
    roofs, planes = raw_roofs(raw_panden())
    known = pd.DataFrame({"bag_pand_id": [pand_id(i) for i in range(0, N, 9)], "has_lift": True, "n_storeys": 4})
    stock = join_stock(
        standing,
        left_out,
        units,
        roofs_3d=roof_attributes(roofs.rename(columns=str.lower), where="roofs"),
        roof_parts=roof_planes(planes, where="planes"),
        known=known.astype({"has_lift": "boolean", "n_storeys": "Int64"}),
    )
    return stock.buildings


@pytest.mark.parametrize("bucket_rows", [10_000, 300, 37])
def test_any_number_of_buckets_gives_the_stock_that_is_read_whole(
    files: Path, whole: Frame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket_rows: int
) -> None:
    monkeypatch.setattr(stream, "BUCKET_ROWS", bucket_rows)
    found = prepared(tmp_path / "one", sources_of(files))
    buildings = found.read("buildings", Buildings)
    pd.testing.assert_frame_equal(plain(buildings), plain(whole), check_dtype=False)
    monkeypatch.setattr(stream, "BUCKET_ROWS", 10_000)
    again = prepared(tmp_path / "two", sources_of(files))
    assert found.hashes == again.hashes
    assert found.warnings == again.warnings
    assert set(found.hashes) == {"buildings", "coverages", "roof_parts"}
    assert not (tmp_path / "one" / ".stock").exists()


def test_only_what_lies_in_the_area_is_kept_and_its_numbers_are_those_of_the_whole(
    files: Path, whole: Frame, tmp_path: Path
) -> None:
    box = (80_000.0, 450_000.0, 80_200.0, 450_100.0)
    found = prepared(tmp_path / "area", sources_of(files), Area(bbox=box)).read("buildings", Buildings)
    points = shapely.point_on_surface(whole.geometry.to_numpy())
    inside = whole[shapely.intersects(shapely.box(*box), points)]
    assert 0 < len(inside) < len(whole)
    pd.testing.assert_frame_equal(plain(found), plain(inside.reset_index(drop=True)), check_dtype=False)


def test_an_area_without_buildings_is_an_error(files: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no building lies in the area"):
        prepared(tmp_path / "sea", sources_of(files), Area(bbox=(10_000, 400_000, 10_100, 400_100)))


def test_a_portfolio_gets_the_numbers_of_the_whole_and_is_told_what_lies_outside(
    files: Path, whole: Frame, tmp_path: Path
) -> None:
    stands = whole["bag_pand_id"].iloc[[3, 50, 100]].tolist()
    rows = [{"bag_id": one, "postcode": "", "huisnummer": ""} for one in [*stands, pand_id(N + 77)]]
    unit = raw_units().loc[lambda u: u["pandref"].str.strip("{}").isin(whole["bag_pand_id"]) & u["huisletter"].isna()]
    at = unit[unit["status"] == "Verblijfsobject in gebruik"].iloc[20]
    rows += [
        {"bag_id": "", "postcode": at["postcode"].lower(), "huisnummer": str(at["huisnummer"])},
        {"bag_id": "", "postcode": "9999ZZ", "huisnummer": "1"},
    ]
    path = tmp_path / "list.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    sources = sources_of(files, portfolio={"reader": "portfolio", "about": ABOUT, "path": str(path)})
    found = prepared(tmp_path / "all", sources)
    mine = found.read("buildings", Buildings)
    assert set(mine["bag_pand_id"]) == {*stands, at["pandref"].strip("{}")}
    expected = whole[whole["bag_pand_id"].isin(mine["bag_pand_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(plain(mine), plain(expected), check_dtype=False)
    lost = pd.read_parquet(tmp_path / "all" / "portfolio_unmatched.parquet").set_index("portfolio_row")
    assert lost["unmatched_reason"].to_dict() == {
        4: "no building of the stock has this BAG id",
        6: "the postcode is not in the register of addresses",
    }
    x, y = whole.geometry.centroid.iloc[3].coords[0]
    part = prepared(tmp_path / "part", sources, Area(bbox=(x - 5, y - 5, x + 5, y + 5)))
    assert part.read("buildings", Buildings)["bag_pand_id"].tolist() == stands[:1]
    lost = pd.read_parquet(tmp_path / "part" / "portfolio_unmatched.parquet").set_index("portfolio_row")
    assert lost.loc[2, "unmatched_reason"] == "the building does not count: outside the area of the run"


def test_the_same_fault_in_several_buckets_is_one(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = raw_panden()
    rows.loc[::10, "identificatie"] = [f"house {i}" for i in range(len(rows.iloc[::10]))]
    rows.loc[5, "status"] = "Pand op de maan"
    rows.to_parquet(tmp_path / "panden.parquet")
    for name in ("units.parquet", "3dbag.gpkg", "known.csv"):
        (tmp_path / name).symlink_to(files / name)
    monkeypatch.setattr(stream, "BUCKET_ROWS", 37)
    with pytest.raises(InputError) as caught:
        prepared(tmp_path / "out", sources_of(tmp_path))
    of_ids = [fault for fault in caught.value.faults if "16 digits" in str(fault)]
    assert len(of_ids) == 1
    assert of_ids[0].count == len(rows.iloc[::10])
    assert any("op de maan" in str(fault) for fault in caught.value.faults)


def test_a_mapping_that_would_have_no_effect_is_refused(files: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="where has no effect on the building stock"):
        prepared(tmp_path / "out", sources_of(files, panden={"where": {"status": ["Pand in gebruik"]}}))


def test_rows_of_a_bucket_come_back_as_they_were(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"id": ["a", "b", None, "a"], "mixed": [1, "x", None, 2.5], "list": [["p", "q"], [], None, ["r"]]}
    )
    numbers = bucket_numbers(rows["id"], 5)
    assert numbers[0] == numbers[3]
    buckets = Buckets(tmp_path / "b", 5)
    buckets.add(rows, numbers)
    buckets.add(rows.iloc[:0], numbers[:0])
    found = pd.concat([one for i in range(5) if (one := buckets.read(i)) is not None])
    assert sorted(found["id"].dropna()) == ["a", "a", "b"]
    assert sorted(found["mixed"].dropna()) == ["1", "2.5", "x"]
    assert sorted(tuple(one) for one in found["list"].dropna()) == [(), ("p", "q"), ("r",)]


def test_the_geometry_of_a_table_comes_in_chunks_in_the_order_of_the_file(files: Path, tmp_path: Path) -> None:
    found = prepared(tmp_path / "out", sources_of(files))
    every = found.read("buildings", Buildings)
    chunks = list(read_chunks(found.tables["buildings"], columns=[*Buildings.key, "geometry"], rows=50))
    assert [len(one) for one in chunks] == [50, 50, 50, len(every) - 150]
    joined = pd.concat(chunks, ignore_index=True)
    assert joined["bag_pand_id"].tolist() == every["bag_pand_id"].tolist()
    assert shapely.equals_exact(joined.geometry.to_numpy(), every.geometry.to_numpy()).all()
    assert sum(map(len, found.chunks("buildings", Buildings))) == len(every)
    assert list(found.chunks("parcels", Buildings)) == []
