"""Shapes and ids as files deliver them: read right, or set apart with the reason; the same ground counts once."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from flexsites.config.openstreetmap import AmenityCategories
from flexsites.errors import CrsError, InputError
from flexsites.inputs.formats import files
from flexsites.inputs.formats.projection import to_rd
from flexsites.inputs.osm.layers import osm_extent
from flexsites.inputs.osm.sources import read_osm_stops
from flexsites.inputs.prepare import Request, check, prepare
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares, vector, write

X, Y = ORIGIN
SQUARE = f"{X} {Y} {X + 100} {Y} {X + 100} {Y + 100} {X} {Y + 100} {X} {Y}"
SRS = 'srsName="urn:ogc:def:crs:EPSG::28992"'
POLYGON = (
    f"<gml:Polygon {SRS}><gml:exterior><gml:LinearRing><gml:posList>{SQUARE}</gml:posList></gml:LinearRing>"
    "</gml:exterior></gml:Polygon>"
)
POINT = f"<gml:Point {SRS}><gml:pos>{X + 50} {Y + 50}</gml:pos></gml:Point>"


def gml(folder: Path, *features: str) -> Path:
    members = "".join(f'<x:member><x:Vlak gml:id="e{i}">{one}</x:Vlak></x:member>' for i, one in enumerate(features))
    path = folder / "l.gml"
    head = '<x:Collection xmlns:x="http://example.org/x" xmlns:gml="http://www.opengis.net/gml/3.2" gml:id="c">'
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{head}{members}</x:Collection>', encoding="utf-8")
    return path


def layer(folder: Path, **row: object) -> gpd.GeoDataFrame:
    return prepare(sources(layers={"l": vector(**row)}), directory=folder / "out", base=folder).read_layers()  # type: ignore[arg-type]


def faults(folder: Path, **row: object) -> list[str]:
    return [str(one) for one in check(sources(layers={"l": vector(**row)}), base=folder).faults]  # type: ignore[arg-type]


def test_integers_stay_integers_whatever_nulls_there_are(tmp_path: Path) -> None:
    ids = pa.array([900719925474099301, 900719925474099302, None], pa.int64())
    wkb = shapely.to_wkb(squares(3).geometry.to_numpy())
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": [], "crs": squares().crs.to_json_dict()}},
    }
    table = pa.table({"id": ids, "geometry": wkb}).replace_schema_metadata({"geo": json.dumps(geo)})  # fmt: skip
    pq.write_table(table, tmp_path / "l.parquet")
    plain = pa.table({"id": ids, "geometry": pa.array(wkb, pa.binary())})
    shape = {"geometry_name": "geometry", "geometry_type": "Polygon", "crs": "EPSG:28992"}
    pyogrio.write_arrow(plain, tmp_path / "l.gpkg", driver="GPKG", **shape)
    for name in ("l.parquet", "l.gpkg"):
        row = vector(name, id_column="id")
        (fault,) = map(str, check(sources(parcels=row), base=tmp_path).faults)
        assert fault.startswith(f"parcels ({name}).id: no id (1 row: row 2)")
        given = sources(parcels=row, faulty_rows="quarantine")
        found = prepare(given, directory=tmp_path / name[2:], base=tmp_path).parcels()
        assert sorted(found["site_id"]) == ["900719925474099301", "900719925474099302"]


def with_column(folder: Path, name: str, values: pa.Array) -> None:
    """Write three squares as Parquet with one more column."""
    squares(3).to_parquet(folder / "l.parquet")
    pq.write_table(pq.read_table(folder / "l.parquet").append_column(name, values), folder / "l.parquet")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([2**64 - 1, 1, None], pa.uint64()), ["18446744073709551615", "1"]),
        (pa.array([b"a", b"\xc3\xa9", None]), ["a", "é"]),
        (pa.array([b"aa", b"bb", None], pa.binary(2)), ["aa", "bb"]),
        (pa.array([b"a", b"\xff", None]), "the text of column v is not UTF-8"),
        (pa.array([9.1e17, 1.0, None]), r"an id that has lost its last digits \(1 row"),
        (pa.array(["9.00719925474099E+17", "b", None]), r"an id that has lost its last digits \(1 row"),
    ],
)
def test_ids_of_any_type_are_what_they_are_or_are_told(
    tmp_path: Path, values: pa.Array, expected: list[str] | str
) -> None:
    with_column(tmp_path, "v", values)
    row = vector("l.parquet", id_column="v", where={"id": ["p0", "p1"]})
    if isinstance(expected, str):
        with pytest.raises(InputError, match=expected):
            prepare(sources(layers={"l": row}), directory=tmp_path / "out", base=tmp_path)
    else:
        assert sorted(layer(tmp_path, path="l.parquet", id_column="v", where=row["where"])["feature_id"]) == (
            sorted(expected)
        )


def test_two_columns_of_one_name_are_told_and_of_nearly_one_are_read(tmp_path: Path) -> None:
    with_column(tmp_path, "use", pa.array(["x"] * 3))
    (fault,) = faults(tmp_path, path="l.parquet", keep=["use"])
    assert "two columns of one name: which is meant is not known (1 row: use)" in fault
    squares(1).assign(USE="x").to_file(tmp_path / "l.geojson", driver="GeoJSON", RFC7946="NO")
    assert layer(tmp_path, path="l.geojson", keep=["use"])["use"].tolist() == ["grass"]


@pytest.mark.parametrize("corner", [(np.nan, np.nan), (np.inf, 0.0), (1e297, Y), (X, -1e12)])
def test_a_corner_that_is_no_place_cannot_be_repaired(tmp_path: Path, corner: tuple[float, float]) -> None:
    shapes = squares(2).geometry.to_numpy().copy()
    broken = shapely.get_coordinates(shapes[1])
    broken[2] = corner
    with np.errstate(invalid="ignore"):
        shapes[1] = shapely.Polygon(broken)
    frame = gpd.GeoDataFrame({"id": ["a", "b"]}, geometry=shapes, crs=28992)
    frame.to_parquet(tmp_path / "p.parquet")
    (fault,) = map(str, check(sources(parcels=vector("p.parquet", id_column="id")), base=tmp_path).faults)
    assert fault.startswith("parcels (p.parquet).geometry: a corner that is no place (1 row: b)")


def test_gml_is_whole_though_no_column_is_kept(tmp_path: Path) -> None:
    other = POLYGON.replace(str(X), str(X + 1)).replace(str(X + 100), str(X + 101))
    gml(tmp_path, f"<x:naam>a</x:naam><x:vlak>{POLYGON}</x:vlak>", f"<x:naam>b</x:naam><x:vlak>{other}</x:vlak>")
    assert len(layer(tmp_path, path="l.gml")) == 2


def test_a_repeated_element_of_gml_is_all_its_values(tmp_path: Path) -> None:
    gml(tmp_path, f"<x:doel>winkel</x:doel><x:doel>wonen</x:doel><x:vlak>{POLYGON}</x:vlak>",
        f"<x:doel>wonen</x:doel><x:vlak>{POLYGON.replace(str(X), str(X - 100))}</x:vlak>")  # fmt: skip
    assert sorted(layer(tmp_path, path="l.gml", keep=["doel"])["doel"]) == ["winkel|wonen", "wonen"]
    assert len(layer(tmp_path, path="l.gml", keep=["doel"], where={"doel": ["winkel"]})) == 1


@pytest.mark.parametrize("column", ["vlak", "vlakGeometrie", "vlakGeometrie|Keuze|vlak"])
def test_a_geometry_within_a_choice_can_be_chosen(tmp_path: Path, column: str) -> None:
    chosen = f"<x:vlakGeometrie><x:Keuze><x:vlak>{POLYGON}</x:vlak></x:Keuze></x:vlakGeometrie>"
    gml(tmp_path, f"<x:id>a</x:id>{chosen}<x:label><x:positie>{POINT}</x:positie></x:label>")
    assert layer(tmp_path, path="l.gml", keep=["id"], geometry_column=column).area.tolist() == [10_000.0]


def test_an_element_with_geometries_at_several_ends_is_asked_which(tmp_path: Path) -> None:
    def choice(inner: str, shape: str) -> str:
        return f"<x:geometrie><x:Keuze><x:{inner}>{shape}</x:{inner}></x:Keuze></x:geometrie>"

    gml(tmp_path, choice("vlak", POLYGON), choice("punt", POINT))
    (fault,) = faults(tmp_path, path="l.gml", geometry_column="geometrie")
    assert "geometrie|Keuze|vlak or geometrie|Keuze|punt" in fault
    (fault,) = faults(tmp_path, path="l.gml", geometry_column="lijn")
    assert "no element lijn that holds a geometry" in fault


def test_what_a_mac_puts_into_a_zip_is_no_data(tmp_path: Path) -> None:
    write(squares(), tmp_path / "plans.gpkg")
    with zipfile.ZipFile(tmp_path / "plans.zip", "w") as packed:
        packed.write(tmp_path / "plans.gpkg", "map/plans.gpkg")
        packed.writestr("__MACOSX/map/._plans.gpkg", b"\0")
        packed.writestr("map/._plans.gpkg", b"\0")
        packed.writestr("map/.DS_Store", b"\0")
    assert len(layer(tmp_path, path="plans.zip")) == 4


def test_what_others_put_beside_the_data_is_no_data_also_in_the_only_zip_in_a_zip(tmp_path: Path) -> None:
    squares().to_file(tmp_path / "plans.shp")
    with zipfile.ZipFile(tmp_path / "inner.zip", "w") as packed:
        for suffix in (".shp", ".shx", ".dbf", ".prj"):
            packed.write(tmp_path / f"plans{suffix}", f"Map met spatie/PLANS{suffix.upper()}")
        packed.writestr("Map met spatie/PLANS.SHP.XML", b"<metadata/>")
        packed.writestr("Map met spatie/Thumbs.db", b"\0")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as packed:
        packed.write(tmp_path / "inner.zip", "inner.zip")
        packed.writestr("__MACOSX/._inner.zip", b"\0")
        packed.writestr("leesmij.txt", b"x")
    assert len(layer(tmp_path, path="outer.zip")) == 4


@pytest.mark.parametrize("path", ["parts.zip", "outer.zip/parts.zip", "outer.zip/parts.zip/parts-000001.gpkg"])
def test_the_parts_of_one_delivery_are_one_source_also_in_a_zip_in_a_zip(tmp_path: Path, path: str) -> None:
    with zipfile.ZipFile(tmp_path / "parts.zip", "w") as packed:
        for part in (1, 2):
            write(squares().iloc[[part]], tmp_path / f"{part}.gpkg")
            packed.write(tmp_path / f"{part}.gpkg", f"parts-00000{part}.gpkg")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as packed:
        packed.write(tmp_path / "parts.zip", "parts.zip")
        packed.writestr("Leveringsdocument.xml", "<a/>")
    found = layer(tmp_path, path=path, id_column="id")
    assert sorted(found["feature_id"]) == (["p1"] if path.endswith("gpkg") else ["p1", "p2"])


def test_a_member_that_is_nothing_but_repetition_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_BOMB_BYTES", 1_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("l.gml", b"\0" * 5_000_000)
    (fault,) = faults(tmp_path, path="bomb.zip")
    assert "as no file of data does" in fault


def test_parcels_of_the_same_ground_count_once(tmp_path: Path) -> None:
    """Apartment rights: one ground under three ids, once with its corners in another order."""
    frame = squares(2)
    turned = shapely.Polygon(np.roll(shapely.get_coordinates(frame.geometry[0])[:-1], 1, axis=0))
    rights = gpd.GeoDataFrame({"id": ["p0-A1", "p0-A2"]}, geometry=[frame.geometry[0], turned], crs=28992)
    whole = gpd.GeoDataFrame(gpd.pd.concat([rights, frame[["id", "geometry"]]], ignore_index=True), crs=28992)
    row = vector(write(whole, tmp_path / "p.gpkg"), id_column="id")
    found = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path)
    assert sorted(found.parcels()["site_id"]) == ["p0", "p1"]
    assert found.parcels()["parcel_area_m2"].sum() == 20_000
    told = found.records[0]
    assert (told.n_read, told.n_features, told.n_repeated) == (4, 2, 2)
    assert any("2 parcels are the very ground of another: it counts once" in one for one in found.warnings)
    again = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path)
    assert again.warnings == found.warnings, "a result that is used again tells the same"


def test_ground_that_is_the_same_but_for_corners_on_a_line_and_rounding_counts_once(tmp_path: Path) -> None:
    frame = squares(2)
    shape = frame.geometry[0]
    drawn = [shapely.segmentize(shape, 10), shapely.affinity.translate(shape, 0.0004, 0)]
    rights = gpd.GeoDataFrame({"id": ["p0-A1", "p0-A2"]}, geometry=drawn, crs=28992)
    whole = gpd.GeoDataFrame(gpd.pd.concat([rights, frame[["id", "geometry"]]], ignore_index=True), crs=28992)
    row = vector(write(whole, tmp_path / "p.gpkg"), id_column="id")
    found = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path)
    assert sorted(found.parcels()["site_id"]) == ["p0", "p1"]
    assert (found.records[0].n_features, found.records[0].n_repeated) == (2, 2)
    assert not any("share ground" in one for one in found.warnings)


def test_parcels_that_share_ground_are_named_with_how_much(tmp_path: Path) -> None:
    own = gpd.GeoDataFrame({"id": ["own"]}, geometry=[shapely.box(X + 50, Y, X + 150, Y + 100)], crs=28992)
    whole = gpd.GeoDataFrame(gpd.pd.concat([squares(3)[["id", "geometry"]], own], ignore_index=True), crs=28992)
    row = vector(write(whole, tmp_path / "p.gpkg"), id_column="id")
    found = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path)
    (told,) = (one for one in found.warnings if "share ground" in one)
    assert told.startswith("parcels: 3 parcels share ground with another (10,000 m2 in 2 pairs)")
    assert "own and p0: 5,000 m2" in told
    plain = vector(write(squares(), tmp_path / "q.gpkg"), id_column="id")
    quiet = prepare(sources(parcels=plain), directory=tmp_path / "quiet", base=tmp_path)
    assert not any("share ground" in one for one in quiet.warnings), "neighbours share a line, not land"


def test_the_units_of_gml_lie_in_all_their_panden(tmp_path: Path) -> None:
    """A unit of two functions in two panden, as GML writes lists: both panden are lived in."""

    def pand(n: int) -> str:
        shape = POLYGON.replace(f"{X} ", f"{X + 200 * n} ").replace(f"{X + 100} ", f"{X + 200 * n + 100} ")
        words = f"<x:identificatie>034410000000000{n}</x:identificatie><x:status>Pand in gebruik</x:status>"
        return f"{words}<x:bouwjaar>1970</x:bouwjaar><x:vlak>{shape}</x:vlak>"

    gml(tmp_path, pand(1), pand(2)).rename(tmp_path / "pand.gml")
    unit = (
        "<x:identificatie>0344010000000001</x:identificatie><x:status>Verblijfsobject in gebruik</x:status>"
        "<x:gebruiksdoel>winkelfunctie</x:gebruiksdoel><x:gebruiksdoel>woonfunctie</x:gebruiksdoel>"
        "<x:oppervlakte>120</x:oppervlakte><x:pandref>0344100000000001</x:pandref>"
        f"<x:pandref>0344100000000002</x:pandref><x:punt>{POINT}</x:punt>"
    )
    gml(tmp_path, unit).rename(tmp_path / "vbo.gml")
    row = {"reader": "bag", "about": ABOUT, "bag_panden": vector("pand.gml"), "verblijfsobjecten": vector("vbo.gml")}
    found = prepare(sources(layers={"b": row}), directory=tmp_path / "out", base=tmp_path).read_layers()
    assert found["has_dwelling"].tolist() == [True, True]


@pytest.mark.parametrize("content", [b"", b"no map"])
def test_a_file_of_openstreetmap_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "e.osm.pbf").write_bytes(content)
    with pytest.raises(InputError, match=r"e\.osm\.pbf: (cannot be read|the file is empty)"):
        osm_extent((str(tmp_path / "e.osm.pbf"),))


def test_a_fault_of_a_map_names_the_layer_that_is_read_of_it(tmp_path: Path) -> None:
    (tmp_path / "e.osm.pbf").write_bytes(b"")
    row = {"reader": "osm_layer", "about": ABOUT, "path": "e.osm.pbf", "tags": {"landuse": ["cemetery"]}}
    (fault,) = map(str, check(sources(layers={"cemetery": row}), base=tmp_path).faults)
    assert fault.startswith("layers.cemetery: ")
    assert "e.osm.pbf: the file is empty" in fault
    asked = {"paths": (str(tmp_path / "e.osm.pbf"),), "categories": AmenityCategories(), "where": "stops.haltes"}
    with pytest.raises(InputError, match=r"stops\.haltes: .*e\.osm\.pbf: the file is empty"):
        read_osm_stops(**asked)


@pytest.mark.parametrize("n_bytes", [0, 3_000])
def test_a_broken_file_of_roofs_is_told_by_its_source(tmp_path: Path, n_bytes: int) -> None:
    write(squares(40), tmp_path / "whole.gpkg")
    (tmp_path / "3dbag.gpkg").write_bytes((tmp_path / "whole.gpkg").read_bytes()[:n_bytes])
    given = sources(buildings={"roofs_3d": {"reader": "bag3d", "about": ABOUT, "path": "3dbag.gpkg"}})
    (fault,) = map(str, check(given, base=tmp_path, request=Request(with_stock=True)).faults)
    assert fault.startswith("buildings.roofs_3d (3dbag.gpkg): cannot be read")


def test_a_system_that_nobody_can_transform_is_told() -> None:
    """A projection file with two letters changed: PROJ itself fails on what it found for it."""
    wkt = (
        'PROJCS["RD_New",GEOGCS["GCS_Amevsfoort",DATUM["D_Amersfoort",SPHEROID["Bessel_1841",6377397.155,299.1528128]],'
        'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Double_Ster%ographic"],'
        'PARAMETER["False_Easting",155100.0],PARAMETER["False_Northing",463000.0],'
        'PARAMETER["Central_Meridian",5.38763888888889],PARAMETER["Scale_Factor",0.9999079],'
        'PARAMETER["Latitude_Of_Origin",52.1561605555556],UNIT["Meter",1.0]]'
    )
    with pytest.raises(CrsError, match="cannot be transformed to RD New"):
        to_rd(wkt, where="parcels (a.zip)")


def test_a_reference_system_whose_text_is_no_utf8_is_told(tmp_path: Path) -> None:
    squares(2).to_file(tmp_path / "p.shp")
    prj = tmp_path / "p.prj"
    prj.write_bytes(prj.read_bytes().replace(b"RD_New", b"RD_N\xe9w").replace(b"Amersfoort", b"Amersf\xf6rt"))
    (fault,) = map(str, check(sources(parcels=vector("p.shp", id_column="id")), base=tmp_path).faults)
    assert fault.startswith("parcels (p.shp): the text of its reference system is no UTF-8")
