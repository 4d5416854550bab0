"""Every kind of bad input: one clear message each, all of a source at once, and no row lost."""

from __future__ import annotations

import gzip
import json
import os
import warnings
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from pydantic import ValidationError
from rasterio.errors import NotGeoreferencedWarning

from flexsites.config.rules import Inside, RasterAbove
from flexsites.config.run import Area
from flexsites.config.sources import Raster, Sources
from flexsites.errors import CrsError, InputError
from flexsites.inputs.formats import geojson, workbook
from flexsites.inputs.formats.files import Places, sha256
from flexsites.inputs.land.rasters import open_raster
from flexsites.inputs.prepare import Request, check, prepare
from flexsites.inputs.rows import ingest
from flexsites.inputs.rows.records import Hashes
from flexsites.reporting.told import translated
from flexsites.worlds.plain import inside
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares, vector, write
from tests.unit.inputs.web import Web, serving

Make = Callable[[Path], dict[str, Any]]

BOW_TIE = shapely.Polygon([(180_000, 500_000), (180_100, 500_100), (180_100, 500_000), (180_000, 500_100)])


def _file(change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame], **more: object) -> Make:
    def make(folder: Path) -> dict[str, Any]:
        return vector(write(change(squares()), folder / "parcels.gpkg"), **{"id_column": "id", **more})

    return make


def _degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.to_crs(4326).set_crs(28992, allow_override=True)


def _swapped(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    turned = frame.to_crs(4326)
    return turned.set_geometry(shapely.transform(turned.geometry.to_numpy(), lambda xy: xy[:, ::-1]), crs=4326)


def _exchanged(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1]), crs=28992)


def _utm(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.to_crs(32631).set_crs(28992, allow_override=True)


def _parquet(change: Callable[[pa.Table], pa.Table], **how: Any) -> Make:
    def make(folder: Path) -> dict[str, Any]:
        squares().to_parquet(folder / "parcels.parquet", **how)
        pq.write_table(change(pq.read_table(folder / "parcels.parquet")), folder / "parcels.parquet")
        return vector(folder / "parcels.parquet", id_column="id")

    return make


def _geo(text: bytes) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.replace_schema_metadata({**table.schema.metadata, b"geo": text})


def _zip(change: Callable[[bytes], bytes]) -> Make:
    def make(folder: Path) -> dict[str, Any]:
        with zipfile.ZipFile(folder / "parcels.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            packed.write(write(squares(), folder / "parcels.gpkg"), "parcels.gpkg")
        (folder / "parcels.zip").write_bytes(change((folder / "parcels.zip").read_bytes()))
        return vector(folder / "parcels.zip", id_column="id")

    return make


def _shapefile(cut: str, share: float = 1.0, *, name: str = "p", encoding: str = "utf-8") -> Make:
    """Write a shapefile of which one of its files is cut off; what it says of its text is taken away."""

    def make(folder: Path) -> dict[str, Any]:
        frame = squares(9)
        frame.assign(id=[f"{name}{i}" for i in range(9)]).to_file(folder / "parcels.shp", encoding=encoding)
        (folder / "parcels.cpg").unlink()
        part = folder / f"parcels.{cut}"
        part.write_bytes(part.read_bytes()[: int(share * part.stat().st_size)])
        return vector(folder / "parcels.shp", id_column="id")

    return make


def _flip(content: bytes) -> bytes:
    at = len(content) // 3
    return content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :]


def _with(shape: shapely.Geometry | None) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = frame.geometry.to_numpy().copy()
        shapes[1] = shape
        return frame.set_geometry(shapes, crs=28992)

    return change


def _ids(*ids: str | None) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
    return lambda frame: frame.assign(id=list(ids))


def _text(name: str, content: bytes) -> Make:
    def make(folder: Path) -> dict[str, Any]:
        (folder / name).write_bytes(content)
        return vector(folder / name)

    return make


def _lines(share: float) -> Make:
    """Write features line by line, the last of them cut off."""

    def make(folder: Path) -> dict[str, Any]:
        squares().to_file(folder / "p.geojsonl", driver="GeoJSONSeq")
        lines = (folder / "p.geojsonl").read_text().splitlines()
        lines[-1] = lines[-1][: int(share * len(lines[-1]))]
        (folder / "p.geojsonl").write_text("\n".join(lines))
        return vector(folder / "p.geojsonl", id_column="id")

    return make


def _same(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame


CASES: dict[str, tuple[Make, str, str | None]] = {
    "no crs": (_file(lambda f: f.set_crs(None, allow_override=True)), "the CRS is missing", "crs: EPSG:28992"),
    "crs contradicts": (_file(_same, crs="EPSG:4326"), "the file says its CRS is EPSG:28992", "remove `crs`"),
    "unknown crs": (_file(lambda f: f.set_crs(None, allow_override=True), crs="EPSG:1"), "is not known", "EPSG code"),
    "degrees as RD": (_file(_degrees), "coordinates in degrees, labelled EPSG:28992", "EPSG:4326"),
    "metres as degrees": (
        _file(lambda f: f.set_crs(4326, allow_override=True)),
        "coordinates in metres, labelled EPSG:4326",
        "EPSG:28992",
    ),
    "latitude first": (_file(_swapped), "latitude stands before longitude", "longitude first"),
    "exchanged axes": (_file(_exchanged), "y stands before x, labelled EPSG:28992", "x first"),
    "another country's metres": (_file(_utm), "nothing of it lies in the Netherlands (4 rows)", "EPSG:28992"),
    "a declared crs that is none": (_file(_same, crs="EPSG:0"), "the CRS 'EPSG:0', which the configuration", "28992"),
    "empty layer": (_file(lambda f: f.iloc[:0]), "the layer is empty", "give a file that holds the parcels"),
    "no such file": (lambda folder: vector(folder / "gone.gpkg"), "no such file", "mend the path"),
    "not a geopackage": (_text("parcels.gpkg", b"<html>503</html>"), "cannot be read", "again"),
    "not a zip": (_text("parcels.zip", b"PK nothing"), "cannot be read as a zip", "again"),
    "damaged zip": (_zip(_flip), "cannot be unpacked", "again"),
    "a folder": (lambda f: ((f / "p.gpkg").mkdir(), vector(f / "p.gpkg"))[1], "cannot be read", None),
    "metadata of parquet": (_parquet(_geo(b"{no json")), "of its geometry cannot be read", "GeoParquet"),
    "no such geometry in parquet": (
        _parquet(_geo(b'{"primary_column": "shape", "columns": {}}')), "of its geometry cannot be read", "GeoParquet",
    ),
    "another encoding in parquet": (
        _parquet(lambda table: table, geometry_encoding="geoarrow"), "geometry encoded as polygon", "WKB",
    ),
    "table of a shapefile cut off": (_shapefile("dbf", 0.6), "says 9 features and gives", "again"),
    "text that is not utf-8": (_shapefile("dbf", name="é", encoding="latin1"), "column id is not UTF-8", ".cpg"),
    "gml cut off": (_text("p.gml", b"<c:root xmlns:c='x'><a>1</a>"), "breaks off: <c:root> is not closed", "again"),
    "lines of json cut off": (_lines(0.5), "breaks off: its last line is no feature", "again"),
    "not parquet": (_text("parcels.parquet", b"PAR1"), "cannot be read", "again"),
    "no such layer": (_file(_same, layer="percelen"), "no layer percelen", "its layers: parcels"),
    "missing column": (_file(_same, keep=["owner"]), "no column owner, which `keep` names", "its columns: id, use"),
    "missing id": (_file(_same, id_column="identificatie"), "no column identificatie, which `id_column` names", None),
    "where on absent": (_file(_same, where={"status": ["x"]}), "no column status, which `where` names", None),
    "where lets nothing pass": (
        _file(_same, where={"use": ["gras"]}), "no row passes `where` (4 rows)", "those asked (use: gras)",
    ),
    "recode unlisted": (
        _file(_same, rename={"use": "land_use"}, recode={"land_use": {"grass": "grass"}}),
        "values whose meaning is not listed for land_use: road (2 rows)",
        "null is for unknown",
    ),
    "no number": (
        _file(lambda f: f.assign(opp=["12.5", "veel", "", "veel"]), rename={"opp": "registered_area_m2"}),
        "(parcels.gpkg).opp: cannot be read as a number (2 rows: veel)",
        "`nulls`",
    ),
    "null geometry": (_file(_with(None)), "no geometry (1 row: p1)", "take it out"),
    "empty geometry": (_file(_with(shapely.Polygon())), "empty geometry (1 row: p1)", "take it out"),
    "wrong kind": (_file(_with(shapely.Point(180_050, 500_050))), "not a polygon (1 row: p1)", None),
    "outside": (_file(_with(shapely.box(2e6, 5e6, 2e6 + 1, 5e6 + 1))), "outside the Netherlands (1 row: p1)", None),
    "collapses": (
        _file(_with(shapely.Polygon([(180_000, 500_000), (180_009, 500_000), (180_000, 500_000)]))),
        "nothing is left of it when repaired (1 row: p1)",
        None,
    ),
    "null id": (_file(_ids("a", None, "b", "c")), "no id (1 row: row 1)", "`id_column` out"),
    "double id": (_file(_ids("a", "a", "b", "c")), "an id that another feature has (1 row: a)", "`id_column` out"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_clear_message(name: str, tmp_path: Path) -> None:
    make, what, remedy = CASES[name]
    faults = [str(fault) for fault in check(sources(parcels=make(tmp_path)), base=tmp_path).faults]
    assert len(faults) == 1, faults
    assert what in faults[0]
    assert "parcels" in faults[0].partition(what)[0] or str(tmp_path / "p.") in faults[0]
    assert "Remedy: " in faults[0]
    assert remedy is None or remedy in faults[0]


@pytest.mark.parametrize(
    "name", ["no crs", "crs contradicts", "degrees as RD", "metres as degrees", "latitude first", "exchanged axes"]
)
def test_faults_of_the_crs_are_crs_errors_of_the_reader(name: str, tmp_path: Path) -> None:
    from flexsites.inputs.formats.files import Places  # noqa: PLC0415
    from flexsites.inputs.rows.ingest import ReadReport, open_source, read_rows  # noqa: PLC0415
    from flexsites.inputs.rows.validity import Ledger  # noqa: PLC0415

    row = sources(parcels=CASES[name][0](tmp_path)).parcels
    assert row is not None
    with pytest.raises(CrsError):
        list(
            read_rows(
                open_source("parcels", row, row.paths, Places(tmp_path, tmp_path)),
                "polygon",
                ReadReport(Ledger("parcels")),
            )
        )


def test_all_faults_of_all_sources_at_once(tmp_path: Path) -> None:
    bad = squares().assign(id=["a", "a", None, "b"])
    layer = vector(write(squares(), tmp_path / "layer.gpkg"), keep=["naam"], where={"status": ["x"]})
    found = check(
        sources(
            parcels=vector(write(bad, tmp_path / "parcels.gpkg"), id_column="id"),
            layers={"nnn": layer, "gone": vector("gone.gpkg")},
        ),
        base=tmp_path,
    ).faults
    text = "\n".join(map(str, found))
    assert len(found) == 5, text
    for part in ("no id", "another feature", "`keep` names", "`where` names", "no such file"):
        assert part in text


def test_a_rule_that_asks_for_an_absent_attribute(tmp_path: Path) -> None:
    rule = Inside.model_validate(
        {
            "kind": "inside",
            "rule_id": "r",
            "label": {"nl": "r", "en": "r"},
            "effect": "exclude",
            "source": "x",
            "layer": "nnn",
            "where": {"status": ["x"]},
        }
    )
    layer = vector(write(squares(), tmp_path / "nnn.gpkg"), coverage="run")
    found = check(sources(layers={"nnn": layer}), base=tmp_path, request=Request(rules=(rule,))).faults
    assert next(str(fault) for fault in found).startswith(
        "layers.nnn (nnn.gpkg): no column status, which a rule asks for"
    )


@pytest.mark.parametrize(
    ("group", "key", "ours", "written"),
    [("layers", "plans", "plan_start_year", "2030"), ("areas", "gemeenten", "inwoners", "12000")],
)
def test_what_is_no_number_is_told_of_layers_and_areas_too(
    group: str, key: str, ours: str, written: str, tmp_path: Path
) -> None:
    """Nothing of it may become unknown without a word; what stands for unknown is listed by the user."""
    frame = squares(3).assign(theirs=[written, "onbekend", None], statcode=["GM0001", "GM0002", "GM0003"])
    row = vector(write(frame, tmp_path / "a.gpkg"), rename={"theirs": ours}, keep=["statcode"])
    found = [str(fault) for fault in check(sources(**{group: {key: row}}), base=tmp_path).faults]
    assert len(found) == 1
    assert found[0].startswith(
        f"{group}.{key} (a.gpkg).theirs: cannot be read as a number (1 row: onbekend). Remedy: mend"
    )
    given = sources(**{group: {key: row | {"nulls": ["onbekend"]}}})
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path)
    table = prepared.read_layers() if group == "layers" else prepared.areas()
    assert table[ours].dropna().tolist() == [float(written)]


def test_a_check_tells_what_the_run_will_warn_of(tmp_path: Path) -> None:
    frame = squares()
    shapes = frame.geometry.to_numpy().copy()
    shapes[0] = BOW_TIE
    row = vector(write(frame.set_geometry(shapes, crs=28992), tmp_path / "parcels.gpkg"), id_column="id")
    given, asked = sources(parcels=row, layers={"natura200": row}), Request(rules=(inside("natura2000"),))
    told = prepare(given, directory=tmp_path / "out", base=tmp_path, request=asked).warnings
    assert [any(what in one for one in told) for what in ("1 geometry repaired", "is it that?")] == [True, True]
    assert check(given, base=tmp_path, request=asked) == ([], told)


def test_a_check_refuses_no_rows_that_the_run_sets_apart(tmp_path: Path) -> None:
    frame = squares()
    shapes = frame.geometry.to_numpy().copy()
    shapes[0], shapes[1] = BOW_TIE, None
    row = vector(write(frame.set_geometry(shapes, crs=28992), tmp_path / "parcels.gpkg"), id_column="id")
    told = prepare(sources(parcels=row, faulty_rows="quarantine"), directory=tmp_path / "out", base=tmp_path).warnings
    assert check(sources(parcels=row, faulty_rows="quarantine"), base=tmp_path) == ([], told)
    assert [any(what in one for one in told) for what in ("1 geometry repaired", "1 row not used")] == [True, True]
    assert "no geometry" in str(check(sources(parcels=row), base=tmp_path).faults[0])


def test_rows_that_cannot_be_used_are_told_with_the_file_and_the_column_they_are_in(tmp_path: Path) -> None:
    """Of several files those that have such rows, and the column as the file calls it."""
    whole, other = squares(2), squares(4).iloc[2:].assign(id=["p2", None])
    third = squares(6).iloc[4:].assign(geometry=[None, BOW_TIE])
    paths = [
        str(write(one.rename(columns={"id": "nummer"}), tmp_path / f"{name}.gpkg"))
        for name, one in (("a", whole), ("b", other), ("c", third))
    ]
    row = vector("", id_column="nummer") | {"path": paths}
    for name, asked in (("layers.l", sources(layers={"l": row})), ("parcels", sources(parcels=row))):
        told = [str(one).partition(" (1 row")[0] for one in check(asked, base=tmp_path).faults]
        assert told == [f"{name} (c.gpkg).geometry: no geometry", f"{name} (b.gpkg).nummer: no id"]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("parcels", "give a file that holds the parcels of the area"),
        ("layers", "fetch it again, or leave the source out: that means unknown"),
        ("areas", "leave it out where neither the area of the run nor a coverage names such areas"),
    ],
)
def test_what_to_do_with_an_empty_file_can_be_done(tmp_path: Path, name: str, remedy: str) -> None:
    """Parcels cannot be left out."""
    row = vector(write(squares().iloc[:0], tmp_path / "a.gpkg"))
    given = {"parcels": row} if name == "parcels" else {name: {"l" if name == "layers" else "gemeenten": row}}
    (fault,) = map(str, check(sources(**given), base=tmp_path).faults)
    assert "(a.gpkg): the layer is empty. Remedy: " in fault
    assert remedy in fault


def _faulty_in_and_around(folder: Path) -> tuple[dict[str, Any], Request]:
    """Eight parcels of which two lie in the area, and one more in the box around it; half of each are faulty."""
    frame = squares(8)
    shapes = frame.geometry.to_numpy().copy()
    shapes[0] = BOW_TIE
    shapes[5] = shapely.transform(BOW_TIE, lambda xy: xy + np.array([500, 0]))
    shapes[7] = None
    frame = frame.set_geometry(shapes, crs=28992).assign(id=["a", None, "c", None, "e", "f", "g", "h"], use="x")
    (x, y), outline = ORIGIN, {"crs": 28992}
    far = gpd.GeoDataFrame({"id": ["g"], "use": "x"}, geometry=[shapely.box(x + 720, y, x + 739, y + 9)], **outline)
    near = gpd.GeoDataFrame({"id": ["a"], "use": "x"}, geometry=[shapely.box(x, y + 50, x + 99, y + 90)], **outline)
    frame = gpd.GeoDataFrame(pd.concat([frame, frame.iloc[[2]], far, near], ignore_index=True), **outline)
    row = vector(write(frame, folder / "p.gpkg"), id_column="id", keep=["use"], recode={"use": {"y": "z"}})
    return row, Request(area=Area(bbox=(x, y, x + 240, y + 100)))


def test_what_is_wrong_with_parcels_is_told_once_whether_they_lie_in_the_area_or_around_it(tmp_path: Path) -> None:
    row, request = _faulty_in_and_around(tmp_path)
    faults = list(map(str, check(sources(parcels=row), base=tmp_path, request=request).faults))
    told = [fault.partition(". Remedy")[0] for fault in faults]
    assert sorted(told) == [
        "context_parcels (p.gpkg).id: an id that another feature has (1 row: g)",
        "context_parcels (p.gpkg).id: no id (1 row: row 3)",
        "parcels (p.gpkg).geometry: no geometry (1 row: h)",
        "parcels (p.gpkg).id: an id that another feature has (1 row: a)",
        "parcels (p.gpkg).id: no id (1 row: row 1)",
        "parcels (p.gpkg): values whose meaning is not listed for use: x (11 rows)",
    ]


def test_what_is_warned_of_parcels_is_told_once_whether_they_lie_in_the_area_or_around_it(tmp_path: Path) -> None:
    row, request = _faulty_in_and_around(tmp_path)
    given = sources(parcels=row | {"recode": {}}, faulty_rows="quarantine")
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path, request=request)
    told = [one.partition(", set apart in")[0] for one in prepared.warnings if "parcels: " in one]
    assert told == [
        "parcels: 1 geometry repaired (parcels.parquet)",
        "parcels: 3 rows not used (an id that another feature has: 1; no geometry: 1; no id: 1)",
        "parcels: 1 row is the same row or the same ground again and counts once",
        "context_parcels: 1 geometry repaired (context_parcels.parquet)",
        "context_parcels: 2 rows not used (an id that another feature has: 1; no id: 1)",
    ]
    around = gpd.read_parquet(prepared.tables["context_parcels"])
    assert sorted(around["site_id"]) == ["c", "e", "f", "g"]
    for record in prepared.records:
        accounts = (record.n_outside_area, record.n_repeated, record.n_quarantined, record.n_features)
        assert record.n_read == sum(accounts) == 11


@pytest.mark.parametrize("crs", [28992, 4326])
@pytest.mark.parametrize("suffix", [".gpkg", ".parquet"])
@pytest.mark.parametrize("most_read_whole", [1_000_000, 10])
def test_single_rows_of_which_x_and_y_are_exchanged_are_told_where_they_belong(
    crs: int, suffix: str, most_read_whole: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row of the area, two around it, one too far away to matter; none is mended, and each is told once.

    It makes no difference whether the file is so large that only a window of it is read.
    """
    monkeypatch.setattr(ingest, "WHOLE_FILE_ROWS", most_read_whole)
    frame = squares(30)
    shapes = frame.to_crs(crs).geometry.to_numpy().copy()
    wrong = [1, 4, 5, 29]
    shapes[wrong] = shapely.transform(shapes[wrong], lambda xy: xy[:, ::-1])
    frame, path = gpd.GeoDataFrame(frame[["id"]], geometry=shapes, crs=crs), tmp_path / f"p{suffix}"
    _ = frame.to_parquet(path) if suffix == ".parquet" else write(frame, path)
    x, y = ORIGIN
    given, request = sources(parcels=vector(path, id_column="id")), Request(area=Area(bbox=(x, y, x + 200, y + 100)))
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path, request=request)
    told = [one for one in prepared.warnings if "exchanged" in one]
    assert told == [
        f"parcels: p{suffix}: x and y seem exchanged in 1 row outside the area, not used: put x first there",
        f"context_parcels: p{suffix}: x and y seem exchanged in 2 rows outside the area, not used: put x first there",
    ]
    assert set(told) <= set(check(given, base=tmp_path, request=request).warnings)
    assert prepare(given, directory=tmp_path / "out", base=tmp_path, request=request).warnings == prepared.warnings
    assert list(prepared.parcels()["site_id"]) == ["p0"]
    assert translated(told[1], "nl") == (
        f"context_parcels: p{suffix}: x en y lijken verwisseld in 2 rijen buiten het gebied, niet gebruikt: zet x daar"
        " voorop"
    )


def test_rows_that_lie_outside_the_area_in_their_own_right_are_not_told(tmp_path: Path) -> None:
    x, y = ORIGIN
    far = shapely.box([x, 1e5, 4e6], [y + 3e4, 4e5, 3e6], [x + 9, 1e5 + 9, 4e6 + 9], [y + 3e4 + 9, 4e5 + 9, 3e6 + 9])
    frame = pd.concat([squares(), gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=far, crs=28992)])
    given = sources(parcels=vector(write(frame, tmp_path / "p.gpkg"), id_column="id"))
    request = Request(area=Area(bbox=(x, y, x + 200, y + 100)))
    assert not prepare(given, directory=tmp_path / "out", base=tmp_path, request=request).warnings


def test_nothing_is_lost_in_quarantine(tmp_path: Path) -> None:
    frame = squares(6)
    shapes = frame.geometry.to_numpy().copy()
    shapes[0], shapes[1] = BOW_TIE, None
    frame = frame.set_geometry(shapes, crs=28992).assign(id=["a", "b", "c", "c", None, "d"])
    row = vector(write(frame, tmp_path / "parcels.gpkg"), id_column="id")
    prepared = prepare(sources(parcels=row, faulty_rows="quarantine"), directory=tmp_path / "out", base=tmp_path)
    record = prepared.records[0]
    assert (record.n_read, record.n_features, record.n_quarantined, record.n_repaired) == (6, 3, 3, 1)
    assert record.n_read == record.n_features + record.n_quarantined + record.n_repeated + record.n_left_out
    apart = gpd.read_parquet(tmp_path / "out" / "quarantine" / "parcels.parquet")
    assert apart.groupby("action").size().to_dict() == {"quarantined": 3, "repaired": 1}
    assert set(apart["reason"]) == {"no geometry", "an id that another feature has", "no id", "invalid geometry"}
    assert apart.loc[apart["action"] == "repaired"].geometry.iloc[0].equals_exact(BOW_TIE, 0)
    assert set(prepared.parcels()["site_id"]) == {"a", "c", "d"}
    assert prepared.parcels().set_index("site_id").loc["a", "parcel_area_m2"] == pytest.approx(5_000)
    assert any("3 rows not used" in line for line in prepared.warnings)


def test_the_same_row_again_counts_once(tmp_path: Path) -> None:
    import pandas as pd  # noqa: PLC0415

    frame = squares()
    twice = gpd.GeoDataFrame(pd.concat([frame, frame.iloc[:2]], ignore_index=True), crs=28992)
    row = vector(write(twice, tmp_path / "p.gpkg"), id_column="id")
    record = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path).records[0]
    assert (record.n_features, record.n_repeated) == (4, 2)


def test_parcels_outside_the_area_is_a_fault(tmp_path: Path) -> None:
    row = vector(write(squares(), tmp_path / "p.gpkg"), id_column="id")
    with pytest.raises(InputError, match="no parcel lies in the area"):
        prepare(
            sources(parcels=row),
            directory=tmp_path / "o",
            base=tmp_path,
            request=Request(area=Area(bbox=(1e5, 4e5, 1.1e5, 4.1e5))),
        )


def test_an_area_by_name_needs_areas(tmp_path: Path) -> None:
    row = vector(write(squares(), tmp_path / "p.gpkg"), id_column="id")
    found = check(sources(parcels=row), base=tmp_path, request=Request(area=Area(gemeenten=("GM0166",)))).faults
    assert "add sources.areas.gemeenten" in str(found[0])


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Sources.model_validate({"parcels": {**vector("a.gpkg"), "colums": ["a"]}})


def test_unknown_about(tmp_path: Path) -> None:
    row = vector(write(squares(), tmp_path / "p.gpkg"), id_column="id") | {"about": "no_such_row"}
    found = check(sources(parcels=row), base=tmp_path).faults
    assert len(found) == 1
    assert "the catalogue has no source no_such_row" in str(found[0])


def _tif(
    path: Path, *, value: float = 0.5, dtype: str = "float32", corner: tuple[float, float] | None = ORIGIN, cell=25.0
) -> Path:
    at = {} if corner is None else {"transform": rasterio.Affine(cell, 0, corner[0], 0, -cell, corner[1] + 500)}
    profile: dict[str, Any] = {"driver": "GTiff", "height": 20, "width": 20, "count": 1, "dtype": dtype} | at
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # which is the point
        with rasterio.open(path, "w", crs="EPSG:28992", **profile) as file:
            file.write(np.full((20, 20), value, dtype=dtype), 1)
    return path


RASTERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "stands nowhere": ({"corner": None}, "does not say where it lies", "georeference"),
    "cells of no size": ({"cell": 1e-320}, "does not say where it lies", "georeference"),
    "complex numbers": ({"dtype": "complex64"}, "complex numbers", "plain numbers"),
    "no number, not declared": ({"value": -9999.0}, "cells of -9999, and no nodata is said", "`nodata: -9999`"),
    "elsewhere": ({"corner": (1e6, 5e6)}, "nothing of it lies in the Netherlands", "its CRS (EPSG:28992)"),
}


@pytest.mark.parametrize("name", RASTERS)
def test_rasters_that_would_be_read_wrong(name: str, tmp_path: Path) -> None:
    how, what, remedy = RASTERS[name]
    path = _tif(tmp_path / "flood.tif", **how)
    row = {"reader": "raster", "about": ABOUT, "path": str(path), "unit": "m"}
    rule = RasterAbove.model_validate(
        {
            "kind": "raster_above", "rule_id": "r", "label": {"nl": "r", "en": "r"}, "effect": "exclude",
            "source": "x", "raster": "flood", "unit": "m",
            "threshold": {"value": 1, "unit": "m", "assumption": True, "why": "test"},
        }
    )  # fmt: skip
    (found,) = map(str, check(sources(layers={"flood": row}), base=tmp_path, request=Request(rules=(rule,))).faults)
    assert found.startswith("layers.flood (flood.tif)")
    assert what in found
    assert remedy in found


def test_a_raster_in_a_zip_is_not_told_to_be_fetched_again(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as packed:
        packed.write(_tif(tmp_path / "flood.tif"), "flood.tif")
    for path in ("r.zip", "r.zip/flood.tif"):
        row = Raster.model_validate({"reader": "raster", "about": ABOUT, "path": path, "unit": "m"})
        with pytest.raises(InputError, match=r"not read out of a zip\. Remedy: unpack the zip"):
            open_raster("layers.flood", row, path, Places(tmp_path, tmp_path))


def test_a_grid_of_text_with_decimal_commas_is_told(tmp_path: Path) -> None:
    """Its reader stops at the comma: 1,5 m would be 1 m."""
    x, y = ORIGIN
    heading = f"ncols 2\nnrows 1\nxllcorner {x}\nyllcorner {y}\ncellsize 50\nNODATA_value -9999\n"
    row = Raster.model_validate(
        {"reader": "raster", "about": ABOUT, "path": "r.asc", "unit": "m", "crs": "EPSG:28992", "nodata": -9999}
    )
    for numbers, is_told in (("1.5 -9999\n", False), ("1,5 -9999\n", True)):
        (tmp_path / "r.asc").write_text(heading + numbers, encoding="ascii")
        with pytest.raises(InputError, match="decimal comma") if is_told else nullcontext():
            open_raster("layers.flood", row, "r.asc", Places(tmp_path, tmp_path))


@pytest.mark.parametrize("spoil", [lambda _: b'{"code": "busy"}', gzip.compress, lambda content: content[:-200]])
def test_a_file_of_the_web_that_cannot_be_read_is_fetched_anew(spoil: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """It stayed as it came: what its remedy says (fetch it again) helped nobody. What can be read stays."""
    good = squares(2).to_json(to_wgs84=True).encode()
    noise = write(squares(), tmp_path / "noise.gpkg").read_bytes()
    with serving(Web(files={"/a.geojson": spoil(good), "/n.gpkg": noise}, is_chunked=True)) as web:
        given = sources(
            parcels=vector(f"{web.url}/a.geojson", id_column="id"), layers={"natura2000": vector(f"{web.url}/n.gpkg")}
        )
        with pytest.raises(InputError, match="again"):
            prepare(given, directory=tmp_path / "out", base=tmp_path)
        web.files["/a.geojson"] = good
        assert len(prepare(given, directory=tmp_path / "out", base=tmp_path).parcels()) == 2
        assert (web.count("GET /a.geojson"), web.count("GET /n.gpkg")) == (2, 1)


@pytest.mark.parametrize(
    "stranger", [None, 5, "a", [{"b": 1}], {}, {"a": 1}, {"type": "feature"}, {"type": "Point", "coordinates": [5, 52]}]
)
@pytest.mark.parametrize("chunk", [1 << 22, 300])
def test_what_is_no_feature_among_features_is_told(
    stranger: Any, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geojson, "_CHUNK", chunk)
    path = tmp_path / "p.geojson"
    squares(2).assign(tags='[{"a": 1}, null]').to_file(path, driver="GeoJSON")
    told = json.loads(path.read_text(encoding="utf-8"))
    row = vector(path.name, id_column="id")
    for at in (0, 1, 2):
        members = [*told["features"][:at], stranger, *told["features"][at:]]
        path.write_text(json.dumps(told | {"features": members}), encoding="utf-8")
        (found,) = check(sources(parcels=row), base=tmp_path).faults
        assert f"members of `features` that are no feature (1 row: {json.dumps(stranger)[:20]})" in str(found)
    path.write_text(json.dumps({"made": {"features": [1, {}]}} | told), encoding="utf-8")
    assert check(sources(parcels=row), base=tmp_path).faults == []


def test_two_folders_of_an_archive_may_hold_the_same_name(tmp_path: Path) -> None:
    """And what was unpacked of one archive is not used of another that takes its place, size and time of writing."""
    for name in "ab":
        write(squares().assign(id=[f"{name}{i}" for i in range(4)]), tmp_path / f"{name}.gpkg")
    archive = tmp_path / "both.zip"

    def pack(*names: str) -> None:
        with zipfile.ZipFile(archive, "w") as packed:
            for folder, name in zip(("2024", "2025"), names, strict=True):
                packed.write(tmp_path / f"{name}.gpkg", f"{folder}/parcels.gpkg")

    def ids(folder: str) -> set[str]:
        row = vector(f"{archive}/{folder}/parcels.gpkg", id_column="id")
        read = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path).parcels()
        return set(read["site_id"].str[0])

    pack("a", "b")
    before = archive.stat()
    assert (ids("2024"), ids("2025")) == ({"a"}, {"b"})
    pack("b", "a")
    os.utime(archive, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert archive.stat().st_size == before.st_size
    assert (ids("2024"), ids("2025")) == ({"b"}, {"a"})


def test_a_folder_is_hashed_by_all_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    (folder / "more").mkdir(parents=True)
    (folder / "a.txt").write_text("1")
    (folder / "more" / "b.txt").write_text("2")
    hashes = Hashes(tmp_path / "hashes.json")
    first = hashes.of((str(folder),))
    assert first == sha256(str(folder))
    assert Hashes(tmp_path / "hashes.json").of((str(folder),)) == first
    (folder / "more" / "b.txt").write_text("3")
    assert hashes.of((str(folder),)) == sha256(str(folder)) != first


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may read everything: the refusal of the file system is played."""
    path = write(squares(), tmp_path / "parcels.gpkg")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"parcels\.gpkg: cannot be read \(Permission denied\).*permissions"):
        sha256(str(path))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_what_never_ends_is_no_file() -> None:
    given = sources(parcels=vector("/dev/zero"))
    assert [str(fault).partition(". ")[0] for fault in check(given, base=Path("/")).faults] == [
        "parcels: /dev/zero: neither a file nor a folder"
    ]


def test_a_sheet_with_more_rows_than_a_sheet_can_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows below the last that a sheet can have are not walked through."""
    pd.DataFrame({"id": ["p0"] * 9}).to_excel(tmp_path / "rows.xlsx", index=False)
    assert len(workbook.read_sheet(tmp_path / "rows.xlsx", None, where="t")) == 9
    monkeypatch.setattr(workbook, "_MOST_ROWS", 5)
    with pytest.raises(InputError, match="t: the sheet has more than 5 rows"):
        workbook.read_sheet(tmp_path / "rows.xlsx", None, where="t")


def test_text_of_a_parquet_table_that_is_no_utf8_is_told(tmp_path: Path) -> None:
    spoilt = pa.array([b"p0", b"\xff\xfe"]).cast(pa.binary())
    text = pa.StringArray.from_buffers(2, *spoilt.buffers()[1:])
    pq.write_table(pa.table({"id": text, "owner_class": ["gemeente", "rijk"]}), tmp_path / "owners.parquet")
    row = {"reader": "table", "about": ABOUT, "path": "owners.parquet", "key": "id", "keep": ["owner_class"]}
    parcels = vector(write(squares(), tmp_path / "own.gpkg"), id_column="id")
    (fault,) = map(str, check(sources(parcels=parcels, ownership=row), base=tmp_path).faults)
    assert fault.startswith("ownership (owners.parquet): cannot be read (")
