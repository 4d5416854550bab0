"""Every preset on a small file in the register's own schema, in each of its namings: a line, nothing renamed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flexsites.config.load import available
from flexsites.errors import InputError
from flexsites.inputs.formats.download_api import join_zips
from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.prepared import Prepared
from tests.unit.inputs import register_files as made
from tests.unit.inputs.makers import sources


def read(folder: Path, place: str, preset: str, path: Path, **more: Any) -> Prepared:
    group, _, key = place.partition(".")
    used = {"use": preset, "path": str(path), **more}
    request = Request(with_stock=group == "buildings")
    found = sources(**{group: {key: used} if key else used})
    return prepare(found, directory=folder / "out", base=folder, request=request)


IDS = ["NL.IMKAD.KadastraalObject.1", "NL.IMKAD.KadastraalObject.2"]
PARCELS: dict[str, Callable[[Path], Path]] = {
    "ogc_api": lambda folder: made.geojson(
        folder / "a.geojson",
        made.frame(identificatie_lokaal_id=IDS, kadastrale_grootte_waarde=[1600, 1600], sectie=["B", "B"]),
    ),
    "wfs": lambda folder: made.gpkg(
        folder / "a.gpkg", perceel=made.frame(identificatieLokaalID=IDS, kadastraleGrootteWaarde=[1600.0, 1600.0])
    ),
    "download": lambda folder: made.brk_gml(folder / "a.zip", 2),
    "municipality": lambda folder: made.gpkg(
        folder / "a.gpkg", percelen=made.frame(KAD_ADRES=IDS, PERC_NR=["1", "2"], OPPERVLAK=[1600, 1600])
    ),
}


@pytest.mark.parametrize("door", PARCELS)
def test_parcels_in_every_naming(tmp_path: Path, door: str) -> None:
    parcels = read(tmp_path, "parcels", "brk_percelen", PARCELS[door](tmp_path)).parcels()
    assert len(parcels) == parcels["site_id"].nunique() == 2
    assert parcels["registered_area_m2"].tolist() == [1600.0, 1600.0]
    assert parcels.area.tolist() == [1600.0, 1600.0]


def bgt_in_quarters(folder: Path) -> Path:
    """Write the BGT of a large area, as it is put together of quarters: what crosses a side comes with both."""
    without = [("onbegroeidterreindeel", "waterdeel", "wegdeel"), (), ("pand",), ()]
    quarters = [made.bgt_gml(folder / f"quarter_{i}.zip", without=kinds) for i, kinds in enumerate(without)]
    join_zips(quarters, folder / "bgt.zip")
    return folder / "bgt.zip"


def layer_cases() -> dict[str, tuple[str, str, Callable[[Path], Path], str | None, list[Any], dict[str, Any]]]:
    """Per case: place, preset, file, the column that is told and what it holds, what the run says besides."""
    yes, no = True, False
    plans = {"plan_id": ["a", "b"], "plannaam": ["A", "B"], "jaar_start": [2027, 2030], "jaar_oplevering": [2029, 2032]}
    eib = {"Plannaam": ["A", "B", "C"], "Aantalrest": [24, 0, 9], "OP2019": [0, 0, 0], "OP202024": [24, 0, 0]}
    eib |= {"Op202529": [0, 0, 0], "Op20302050": [0, 0, 0], "OPLONB": [0, 0, 9]}
    n2k = "layers.natura2000", "natura2000"
    bbg = "layers.land_use", "bestand_bodemgebruik"
    nowhere = {"coverage": "none"}
    return {
        "natura2000 cloud": (
            *n2k,
            lambda f: made.parquet(f / "a.parquet", made.frame(naam_n2k=["Veluwe"], nr=[57])),
            "naam",
            ["Veluwe"],
            {},
        ),
        "natura2000 file": (
            *n2k,
            lambda f: made.gpkg(f / "a.gpkg", natura2000=made.frame(naam=["Veluwe"])),
            "naam",
            ["Veluwe"],
            {},
        ),
        "nnn inspire": ("layers.nnn", "nnn", lambda f: made.nnn_gml(f / "nnn.gml"), None, [None, None], {}),
        "bbg by name": (
            *bbg,
            lambda f: made.parquet(
                f / "a.parquet", made.frame(bg2017=["20", "34"], bodemgebruik=["Woonterrein", "Bouwterrein"])
            ),
            "land_use",
            ["residential", "building_site"],
            {},
        ),
        "bbg by code": (
            *bbg,
            lambda f: made.gpkg(f / "a.gpkg", bbg=made.frame(bg2017=[51, 83])),
            "land_use",
            ["other_agrarian", "water"],
            {},
        ),
        "brp": (
            "layers.crops",
            "brp_gewaspercelen",
            lambda f: made.gpkg(
                f / "a.gpkg",
                brp=made.frame(
                    category=["Grasland", "Bouwland"], gewas=["Grasland, natuurlijk", "Mais"], gewascode=[331, 259]
                ),
            ),
            "crop_code",
            [331, 259],
            {},
        ),
        "rev contours": (
            "layers.safety_contour",
            "rev_contouren",
            lambda f: made.geojson(f / "ev_pr10_6.geojson", made.frame(bronhouder=["ODRA"])),
            None,
            [None],
            {},
        ),
        "rev attention": (
            "layers.safety_attention",
            "rev_aandachtsgebieden",
            lambda f: made.geojson(f / "ev_brandaandachtsgebieden.geojson", made.frame(bronhouder=["ODRA"])),
            None,
            [None],
            {},
        ),
        "ibis": (
            "layers.ibis_plots",
            "ibis",
            lambda f: made.gpkg(f / "a.gpkg", kavels=made.frame(STATUS_KAVEL=["Uitgegeven", "Terstond uitgeefbaar"])),
            "is_issued",
            [yes, no],
            {},
        ),
        "imro": (
            "layers.zoning",
            "ruimtelijke_plannen",
            lambda f: made.imro_gml(f / "plan.gml"),
            "is_housing",
            [yes, no, None],
            {},
        ),
        "imro heights": (
            "layers.plan_height",
            "ruimtelijke_plannen",
            lambda f: made.imro_gml(f / "plan.gml"),
            "height_max_m",
            [7.0, 10.5, None],
            {},
        ),
        "imro heights of a service": (
            "layers.plan_height",
            "ruimtelijke_plannen",
            lambda f: made.gpkg(
                f / "a.gpkg", m=made.frame(maatvoering=['"maximum bouwhoogte (m)"="9", "goothoogte (m)"="4"', ""])
            ),
            "height_max_m",
            [9.0, None],
            {},
        ),
        "plans by template": (
            "layers.plan_capacity",
            "plancapaciteit",
            lambda f: made.gpkg(
                f / "a.gpkg", p=made.frame(**plans, hardheid=["Hard", "ZACHT"], aantal_woningen=[10, 20])
            ),
            "plan_hardness",
            ["hard", "zacht"],
            nowhere,
        ),
        "plans by period": (
            "layers.plan_capacity",
            "plancapaciteit",
            lambda f: made.gpkg(
                f / "a.gpkg", p=made.frame(**eib, Planstatus=["1A Onherroepelijk", "2A Vastgesteld", "Status onbekend"])
            ),
            "plan_hardness",
            ["hard", None],
            nowhere,
        ),
        "plans by monitor": (
            "layers.plan_capacity",
            "plancapaciteit",
            lambda f: made.gpkg(
                f / "a.gpkg",
                p=made.frame(
                    planstatus=["1C onhr + wijzigingsbevoegdheid", "4A Potentiële locatie, in visie"],
                    startjaar=[2027, 2030],
                    opleverjaar=[2028, 2031],
                    capaciteit=[1, 2],
                ),
            ),
            "plan_hardness",
            ["zacht", "zacht"],
            nowhere,
        ),
        "bgt yards in quarters": ("layers.yards", "bgt", bgt_in_quarters, None, [None], {}),
        "bgt water in quarters": ("layers.water", "bgt", bgt_in_quarters, None, [None], {}),
        "bgt roads in quarters": ("layers.roads", "bgt", bgt_in_quarters, "road_class", [None], {}),
        "bgt panden in quarters": ("layers.buildings", "bgt", bgt_in_quarters, "has_dwelling", [None, None], {}),
        "bgt yards": ("layers.yards", "bgt", lambda f: made.bgt_gml(f / "bgt.zip"), None, [None], {}),
        "bgt water": ("layers.water", "bgt", lambda f: made.bgt_gml(f / "bgt.zip"), None, [None], {}),
        "bgt roads": ("layers.roads", "bgt", lambda f: made.bgt_gml(f / "bgt.zip"), "road_class", [None], {}),
        "bgt roads of a gemeente, its tunnel left out, and what is not told kept": (
            "layers.roads",
            "bgt",
            lambda f: made.gpkg(
                f / "a.gpkg",
                wegdeel=made.frame(
                    lokaal_id=["a", "b", "c", "d", "e"],
                    functie=["rijbaan regionale weg", "voetpad", "rijbaan autosnelweg", None, "fietspad"],
                    relatieve_hoogteligging=[1, 0, -1, 0, None],
                ),
            ),
            "road_class",
            [None, None, None],
            {},
        ),
        "bgt water of a gemeente, beside its banks": (
            "layers.water",
            "bgt",
            lambda f: made.gpkg(
                f / "a.gpkg",
                ondersteunendwaterdeel=made.frame(lokaal_id=["a"], bgt_type=["oever, slootkant"]),
                waterdeel=made.frame(lokaal_id=["b"], bgt_type=["waterloop"]),
            ),
            None,
            [None],
            {},
        ),
        "bgt panden": (
            "layers.buildings",
            "bgt",
            lambda f: made.bgt_gml(f / "bgt.zip"),
            "has_dwelling",
            [None, None],
            {},
        ),
        "bgt ogc": (
            "layers.yards",
            "bgt",
            lambda f: made.geojson(
                f / "a.geojson",
                made.frame(
                    lokaal_id=["a", "b", "a"],
                    fysiek_voorkomen=["erf", "zand", "erf"],
                    eind_registratie=[None, None, "2019-01-01"],
                ),
            ),
            None,
            [None],
            {},
        ),
        "streets as lines": (
            "layers.roads",
            "lijnen_osm",
            lambda f: made.gpkg(
                f / "a.gpkg",
                roads=made.frame([one.boundary for one in made.squares(2)], highway=["residential", "service"]),
            ),
            "road_class",
            ["residential", "service"],
            nowhere,
        ),
        "monuments drawn": (
            "layers.monuments",
            "monumenten",
            lambda f: made.gpkg(f / "a.gpkg", m=made.frame(kind=["building", "site"])),
            "kind",
            ["building", "site"],
            {},
        ),
    }


@pytest.mark.parametrize("case", layer_cases())
def test_layers_in_every_naming(tmp_path: Path, case: str) -> None:
    place, preset, write, column, expected, more = layer_cases()[case]
    rows = read(tmp_path, place, preset, write(tmp_path), **more).read_layers()
    rows = rows.iloc[rows.bounds["minx"].argsort(kind="stable")]
    assert rows["feature_id"].nunique() == len(rows) == len(expected)
    assert (rows.geom_type != "Point").all()
    if column is not None:
        told = rows[column].astype(object)
        assert told.where(told.notna(), None).tolist() == expected


@pytest.mark.parametrize("kind", ["light", "lvbag", "wfs"])
def test_buildings_in_every_delivery_of_the_bag(tmp_path: Path, kind: str) -> None:
    ids = ["0228100000000001", "0228100000000002"]
    panden = made.frame(
        identificatie=ids, bouwjaar=[1970, 9999], status=["Pand in gebruik"] * 2, gebruiksdoel=["woonfunctie", None]
    )
    units = {
        "identificatie": ["0228010000000001"],
        "status": ["Verblijfsobject in gebruik"],
        "gebruiksdoel": ["woonfunctie"],
        "oppervlakte": [80],
    }
    at = [made.squares(1)[0].centroid]
    if kind == "light":
        path = made.gpkg(
            tmp_path / "bag-light.gpkg",
            pand=panden,
            verblijfsobject=made.frame(at, **units, pand_identificatie=[ids[0]]),
        )
        used: dict[str, Any] = {"use": "bag", "path": str(path)}
    else:
        unit = made.geojson(tmp_path / "vbo.geojson", made.frame(at, **units, pandidentificatie=[ids[0]]))
        first = (
            made.lvbag(tmp_path / "lvbag.zip") if kind == "lvbag" else made.geojson(tmp_path / "pand.geojson", panden)
        )
        first = first / "9999PND01012026.zip" if kind == "lvbag" else first
        used = {"use": "bag", "bag_panden": {"use": "bag_panden", "path": str(first)}}
        used["verblijfsobjecten"] = {"use": "bag_verblijfsobjecten", "path": str(unit)}
    found = prepare(sources(layers={"buildings": used}), directory=tmp_path / "out", base=tmp_path, request=Request())
    rows = found.read_layers().set_index("feature_id")
    assert rows["has_dwelling"].to_dict() == {ids[0]: True, ids[1]: False}


@pytest.mark.parametrize(
    ("place", "preset", "columns", "kind"),
    [
        ("gemeenten", "gemeenten", {"statcode": ["GM0228"], "statnaam": ["Ede"], "jaarcode": [2026]}, "gemeente"),
        (
            "gemeenten",
            "gemeenten",
            {"code": ["GM0228"], "naam": ["Ede"], "ligt_in_provincie_code": ["PV25"]},
            "gemeente",
        ),
        ("provincies", "provincies", {"code": ["PV25"], "naam": ["Gelderland"]}, "provincie"),
        (
            "buurten",
            "wijken_buurten",
            {
                "buurtcode": ["BU02280000"],
                "buurtnaam": ["A"],
                "omgevingsadressendichtheid": [800],
                "stedelijkheid_adressen_per_km2": [-99997],
            },
            "buurt",
        ),
        (
            "wijken",
            "wijken_buurten",
            {"wijkcode": ["WK022800"], "wijknaam": ["A"], "omgevingsadressendichtheid": [800]},
            "wijk",
        ),
    ],
)
def test_areas_in_every_naming(tmp_path: Path, place: str, preset: str, columns: dict[str, Any], kind: str) -> None:
    path = made.gpkg(tmp_path / "a.gpkg", gebieden=made.frame(**columns))
    areas = read(tmp_path, f"areas.{place}", preset, path).areas()
    assert areas["area_kind"].tolist() == [kind]
    if "omgevingsadressendichtheid" in columns:
        assert areas["address_density_per_km2"].tolist() == [800]


def test_roofs_of_3dbag_as_geopackage_and_as_cityjson(tmp_path: Path) -> None:
    columns = {
        "identificatie": ["NL.IMBAG.Pand.0228100000000001"],
        "status": ["Pand in gebruik"],
        "oorspronkelijkbouwjaar": [1970],
    }
    heights = {
        "b3_h_maaiveld": [10.0],
        "b3_h_dak_50p": [16.0],
        "b3_h_dak_70p": [16.0],
        "b3_h_dak_max": [16.5],
        "b3_dak_type": ["horizontal"],
        "b3_opp_dak_plat": [1600.0],
        "b3_opp_dak_schuin": [0.0],
        "b3_opp_grond": [1600.0],
    }
    path = made.gpkg(tmp_path / "3dbag.gpkg", pand=made.frame(**columns, **heights))
    buildings = read(tmp_path, "buildings.roofs_3d", "bag3d", path)
    assert "buildings" in buildings.tables


def test_capitals_and_the_ten_letters_of_a_shapefile_are_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "bbg.shp"
    made.frame(BODEMGEBRU=["Woonterrein"]).to_file(path)
    rows = read(tmp_path / "1", "layers.land_use", "bestand_bodemgebruik", path).read_layers()
    assert rows["land_use"].tolist() == ["residential"]
    path = made.gpkg(tmp_path / "n.gpkg", NATURA2000=made.frame(NAAM=["Veluwe"]))
    rows = read(tmp_path / "2", "layers.natura2000", "natura2000", path).read_layers()
    assert rows["naam"].tolist() == ["Veluwe"]


def test_a_file_of_another_register_is_told_in_words(tmp_path: Path) -> None:
    path = made.gpkg(tmp_path / "a.gpkg", iets=made.frame(kolom=["x"]))
    with pytest.raises(InputError, match=r"not named as this register is delivered: iets has kolom.*naam_n2k"):
        read(tmp_path, "layers.natura2000", "natura2000", path)


def test_a_status_that_no_table_has_is_told(tmp_path: Path) -> None:
    path = made.gpkg(tmp_path / "a.gpkg", p=made.frame(planstatus=["Zomaar"], startjaar=[2027], opleverjaar=[2028]))
    with pytest.raises(InputError, match=r"whose meaning is not listed for plan_hardness: Zomaar"):
        read(tmp_path, "layers.plan_capacity", "plancapaciteit", path, coverage="none")


def test_where_a_delivery_has_none_of_a_kind_nothing_is_there(tmp_path: Path) -> None:
    path = made.bgt_gml(tmp_path / "bgt.zip", without=("waterdeel",))
    found = read(tmp_path, "layers.water", "bgt", path)
    assert len(found.read_layers()) == 0
    assert set(found.coverages()["layer"]) == {"water"}


@pytest.mark.parametrize("suffix", ["gpkg", "shp"])
def test_parcels_that_have_ended_are_none_and_a_shapefile_says_which_number_is_their_area(
    tmp_path: Path, suffix: str
) -> None:
    """Of WFS columns a shapefile keeps ten letters: `kadastrale` is then the code of the gemeente, not the area."""
    columns = {
        "identificatieNamespace": ["NL"] * 3, "identificatieLokaalID": ["1", "2", "3"], "volgnummer": [0] * 3,
        "statusHistorieWaarde": ["Geldig", "Historisch", "Geldig"], "kadastraleGemeenteCode": [228] * 3,
        "kadastraleGemeenteWaarde": ["Ede"] * 3, "AKRKadastraleGemeenteCode": [100] * 3,
        "kadastraleGrootteWaarde": [1600.0] * 3,
    }  # fmt: skip
    whole = made.frame(**columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that names are cut off is the point
        (whole if suffix == "gpkg" else whole.drop(columns="statusHistorieWaarde")).to_file(tmp_path / f"p.{suffix}")
    found = read(tmp_path, "parcels", "brk_percelen", tmp_path / f"p.{suffix}").parcels()
    assert sorted(found["site_id"]) == (["1", "3"] if suffix == "gpkg" else ["1", "2", "3"])
    assert set(found["registered_area_m2"]) == {1600.0}


def test_where_nothing_passes_what_a_preset_asks_nothing_is_there(tmp_path: Path) -> None:
    rows = made.frame(lokaal_id=["a"], fysiek_voorkomen=["zand"], eind_registratie=[None])
    found = read(tmp_path, "layers.yards", "bgt", made.geojson(tmp_path / "a.geojson", rows))
    assert len(found.read_layers()) == 0


TRIED_ELSEWHERE = {
    "bag_panden",
    "bag_verblijfsobjecten",
    "bag",
    "openstreetmap",
    "gtfs_nl",
    "haltes",
    "eigendom",
    "monumenten",
    "bag3d",
    "bezit",
    "demand",
}


def test_no_preset_is_without_a_trial() -> None:
    tried = {preset for _, preset, *_ in layer_cases().values()} | {
        "brk_percelen",
        "gemeenten",
        "provincies",
        "wijken_buurten",
    }
    assert set(available("presets")) == tried | TRIED_ELSEWHERE
