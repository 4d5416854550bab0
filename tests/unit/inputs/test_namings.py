"""Registers as municipalities, provinces and exports name them: known by `init --from` and read at the first try."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from flexsites.config.areas import area_called
from flexsites.config.presets import read_presets
from flexsites.config.shelf import Shelf
from flexsites.errors import InputError
from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.recognition import recognise
from tests.unit.inputs import register_files as made
from tests.unit.inputs.makers import sources

PRESETS = read_presets(Shelf())
EDE = area_called("Ede")
PARCELS = ("parcels", "brk_percelen")
PLANS = ("layers.plan_capacity", "plancapaciteit")
NNN = ("layers.nnn", "nnn")
N2K = ("layers.natura2000", "natura2000")
BRP = ("layers.crops", "brp_gewaspercelen")
BBG = ("layers.land_use", "bestand_bodemgebruik")
GM = ("areas.gemeenten", "gemeenten")
BUURT = ("areas.buurten", "wijken_buurten")
IBIS = ("layers.ibis_plots", "ibis")
Case = tuple[tuple[str, str], str, dict[str, list[Any]], dict[str, list[Any]]]
IDS, AREAS, AB = ["1", "2"], [1600.0, 1601.0], ["A", "B"]
NUMBERED = {"KADGEM": ["EDE00", "EDE00"], "SECTIE": AB, "PERCEELNR": [1, 2]}
JOINED = ["EDE00 A 1", "EDE00 B 2"]
SPACE = ["NL.IMKAD.KadastraalObject"] * 2
STATUS = ["Onherroepelijk", "4B Visie"]
HARD = ["hard", "zacht"]
CASES: dict[str, Case] = {
    # parcels
    "brk wfs, few columns": (
        PARCELS,
        "perceel.shp",
        {"identificatieNamespace": SPACE, "identificatieLokaalID": IDS, "kadastraleGrootteWaarde": AREAS},
        {"site_id": IDS, "registered_area_m2": AREAS},
    ),
    "brk wfs, with the name of the municipality": (
        PARCELS,
        "perceel.shp",
        {
            "identificatieNamespace": SPACE,
            "identificatieLokaalID": IDS,
            "kadastraleGemeenteWaarde": ["Ede", "Ede"],
            "kadastraleGrootteWaarde": AREAS,
        },
        {"site_id": IDS, "registered_area_m2": AREAS},
    ),
    "brk wfs, the municipality and no area": (
        PARCELS,
        "perceel.shp",
        {
            "identificatieNamespace": SPACE,
            "identificatieLokaalID": IDS,
            "kadastraleGemeenteWaarde": ["Ede", "Ede"],
            "perceelnummer": [1, 2],
        },
        {"site_id": IDS, "registered_area_m2": [None, None]},
    ),
    "brk of the api as a shapefile": (
        PARCELS,
        "perceel.shp",
        {"identificatie_lokaal_id": IDS, "sectie": AB, "perceelnummer": [1, 2]},
        {"site_id": IDS},
    ),
    "brk akr": (
        PARCELS,
        "kad.shp",
        {**NUMBERED, "KAD_OPP": [1600, 1601], "AKR": ["EDE00A00001G0000", "EDE00A00002G0000"]},
        {"site_id": ["EDE00A00001G0000", "EDE00A00002G0000"], "registered_area_m2": AREAS},
    ),
    "brk without an id of its own": (PARCELS, "kad.shp", NUMBERED, {"site_id": JOINED}),
    "brk kad_gem": (
        PARCELS,
        "a.gpkg",
        {"KAD_GEM": ["EDE00"] * 2, "SECTIE": AB, "PERCEELNUM": [1, 2], "GROOTTE": [1600, 1601]},
        {"site_id": JOINED, "registered_area_m2": AREAS},
    ),
    "brk in a geocoder's words": (
        PARCELS,
        "a.gpkg",
        {
            "kadastrale_gemeentecode": ["EDE00"] * 2,
            "kadastrale_sectie": AB,
            "perceelnummer": [1, 2],
            "kadastrale_grootte": [1600, 1601],
        },
        {"site_id": JOINED, "registered_area_m2": AREAS},
    ),
    "brk in a database's words": (
        PARCELS,
        "a.gpkg",
        {"kadastraal_object_id": IDS, "sectie": AB, "perceelnummer": [1, 2], "grootte_perceel": AREAS},
        {"site_id": IDS, "registered_area_m2": AREAS},
    ),
    "brk upper case": (
        PARCELS,
        "a.gpkg",
        {"IDENTIFICATIE_LOKAAL_ID": IDS, "KADASTRALE_GROOTTE_WAARDE": AREAS, "STATUS_HISTORIE_WAARDE": ["Geldig"] * 2},
        {"site_id": IDS, "registered_area_m2": AREAS},
    ),
    "brk before 2020": (
        PARCELS,
        "a.gpkg",
        {"lokaalID": IDS, "gemeente": ["SBG01"] * 2, "sectie": AB, "perceelnummer": [1, 2]},
        {"site_id": IDS},
    ),
    "brk by its name": (
        PARCELS,
        "percelen_ede.shp",
        {"PERC_ID": IDS, "OPP_M2": AREAS},
        {"site_id": IDS, "registered_area_m2": AREAS},
    ),
    # plan capacity
    "plans of a province": (
        PLANS,
        "plan.shp",
        {"PLANNAAM": AB, "STATUS_PLA": STATUS, "START_JAAR": [2027] * 2, "EIND_JAAR": [2029] * 2, "NETTO": [10, 5]},
        {
            "plan_hardness": HARD,
            "plan_start_year": [2027] * 2,
            "plan_completion_year": [2029] * 2,
            "n_dwellings": [10, 5],
        },
    ),
    "plans, status spelt out and cut off": (
        PLANS,
        "plan.shp",
        {"PLANOLOGISCHE_STATUS": ["1A Onherroepelijk", "Zacht"], "RESTCAPACITEIT": [10, 5]},
        {"plan_hardness": HARD, "n_dwellings": [10, 5]},
    ),
    "plans, net and gross": (
        PLANS,
        "a.gpkg",
        {"planstatus": STATUS, "aantal": [20, 9], "netto_capaciteit": [10, 5]},
        {"plan_hardness": HARD, "n_dwellings": [20, 9]},
    ),
    "plans, hardheid": (
        PLANS,
        "a.gpkg",
        {"Project": AB, "Hard/zacht".replace("/", "_"): ["Hard", "Zacht"], "Woningen totaal": [10, 5]},
        {"plan_hardness": HARD, "n_dwellings": [10, 5], "plannaam": AB},
    ),
    "plans, first completion is no start": (
        PLANS,
        "a.gpkg",
        {"plan_status": STATUS, "jaar_eerste_oplevering": [2027] * 2, "jaar_laatste_oplevering": [2030] * 2},
        {"plan_hardness": HARD, "plan_completion_year": [2030] * 2},
    ),
    "plans, a phase": (PLANS, "a.gpkg", {"PLANFASE": STATUS, "AANT_WON": [10, 5]}, {"plan_hardness": HARD}),
    "plans, juridical": (
        PLANS,
        "a.shp",
        {"juridische_status": STATUS, "jaar_start_bouw": [2026] * 2},
        {"plan_hardness": HARD},
    ),
    "plans, a mere status with homes": (
        PLANS,
        "a.gpkg",
        {"status": STATUS, "plannaam": AB, "woningen": [10, 5]},
        {"plan_hardness": HARD, "n_dwellings": [10, 5]},
    ),
    "plans, by the name of the file": (PLANS, "planmonitor_2026.gpkg", {"Status": STATUS}, {"plan_hardness": HARD}),
    "plans, plan hardness": (
        PLANS,
        "a.gpkg",
        {"PlanHardheid": ["Harde plannen", "zacht plan"]},
        {"plan_hardness": HARD},
    ),
    # nature
    "nnn shapefile": (NNN, "nnn_gelderland.shp", {"NNN": ["ja"] * 2, "BEHEERTYPE": ["N01", "N02"]}, {}),
    "nnn by type": (NNN, "a.gpkg", {"NNN_TYPE": ["bestaand", "nieuw"]}, {}),
    "nnn of Brabant": (NNN, "a.gpkg", {"NNB_STATUS": ["a", "b"]}, {}),
    "nnn as it was called": (NNN, "a.shp", {"EHS_STATUS": ["a", "b"], "GEBIEDSNAAM": AB}, {"naam": AB}),
    "nnn of Gelderland": (NNN, "gnn_2026.shp", {"OMSCHRIJV": ["a", "b"], "TYPE": ["GNN", "GO"]}, {}),
    "nnn by its name alone": (NNN, "natuurnetwerk.gpkg", {"globalid": ["a", "b"], "hectare": [1.0, 2.0]}, {}),
    "natura 2000 in capitals": (N2K, "a.shp", {"NAAM_N2K": AB, "NR": [1, 2]}, {"naam": AB}),
    "natura 2000 by site code": (N2K, "a.gpkg", {"GEBIEDSNAAM": AB, "SITECODE": AB}, {"naam": AB}),
    "natura 2000 of a province": (N2K, "natura2000_nh.shp", {"GEBIED": AB, "NUMMER": [1, 2]}, {"naam": AB}),
    "natura 2000 of a database": (N2K, "a.gpkg", {"n2k_naam": AB}, {"naam": AB}),
    # land
    "crops in capitals": (
        BRP,
        "a.shp",
        {"CAT_GEWASCATEGORIE": ["Grasland"] * 2, "GWS_GEWASCODE": [265, 331]},
        {"crop_code": [265, 331]},
    ),
    "crops in snake case": (
        BRP,
        "a.gpkg",
        {"gewas_code": ["265", "331"], "teeltjaar": [2025] * 2},
        {"crop_code": ["265", "331"]},
    ),
    "land use of another year": (
        BBG,
        "a.shp",
        {"BG2015": ["20", "34"]},
        {"land_use": ["residential", "building_site"]},
    ),
    "land use by name": (
        BBG,
        "a.gpkg",
        {"omschrijving_bbg": ["Woonterrein", "Bouwterrein"]},
        {"land_use": ["residential", "building_site"]},
    ),
    "plots of business parks": (
        IBIS,
        "a.shp",
        {"KAVELSTATUS": ["uitgegeven", "Optie"]},
        {"is_issued": [True, False]},
    ),
    # areas
    "municipalities as cbs abbreviates": (
        GM,
        "a.shp",
        {"GM_CODE": ["GM0200", "GM0228"], "GM_NAAM": AB},
        {"area_code": ["GM0200", "GM0228"]},
    ),
    "municipalities in a province's words": (
        GM,
        "a.gpkg",
        {"CBS_CODE": ["GM0200", "GM0228"], "GEMEENTE": AB},
        {"area_name": AB},
    ),
    "neighbourhoods as cbs abbreviates": (
        BUURT,
        "a.shp",
        {"BU_CODE": ["BU02280000", "BU02280001"], "BU_NAAM": AB, "GM_CODE": ["GM0228"] * 2},
        {"area_code": ["BU02280000", "BU02280001"]},
    ),
    # topography
    "yards in camel case": (
        ("layers.yards", "bgt"),
        "a.gpkg:OnbegroeidTerreindeel",
        {
            "lokaalID": IDS,
            "eindRegistratie": [None] * 2,
            "bgt-status": ["bestaand"] * 2,
            "bgt-fysiekVoorkomen": ["erf", "zand"],
        },
        {"feature_id": ["1"]},
    ),
    "water in capitals": (
        ("layers.water", "bgt"),
        "waterdeel.shp",
        {"LOKAALID": IDS, "EINDREG": ["2019-01-01", None], "BGT_STATUS": ["bestaand"] * 2, "BGT_TYPE": ["sloot"] * 2},
        {"feature_id": ["2"]},
    ),
    "panden in camel case": (
        ("layers.buildings", "bgt"),
        "a.gpkg:pand",
        {"lokaalID": IDS, "eindRegistratie": [None] * 2, "bgt-status": ["bestaand"] * 2, "identificatieBAGPND": IDS},
        {"feature_id": IDS},
    ),
    "yards of a database": (
        ("layers.yards", "bgt"),
        "a.gpkg:bgt_onbegroeidterreindeel",
        {"identificatie_lokaalid": IDS, "eindregistratie": [None] * 2, "bgt_fysiekvoorkomen": ["erf", "erf"]},
        {"feature_id": IDS},
    ),
    # external safety
    "attention areas": (("layers.safety_attention", "rev_aandachtsgebieden"), "ev_brand_2026.shp", {"BRON": AB}, {}),
    "contours": (("layers.safety_contour", "rev_contouren"), "Plaatsgebonden_risico.shp", {"BRON": AB}, {}),
}


def written(folder: Path, name: str, columns: dict[str, list[Any]]) -> None:
    file, _, layer = name.partition(":")
    rows: gpd.GeoDataFrame = made.frame(**columns)
    if file.endswith(".shp"):
        rows.to_file(folder / file)
    else:
        made.gpkg(folder / file, **{layer or "kaart": rows})


@pytest.mark.filterwarnings("ignore:.*(Normalized|normalized|longer than 10).*")
@pytest.mark.parametrize("case", CASES)
def test_a_delivery_is_known_and_read_at_the_first_try(tmp_path: Path, case: str) -> None:
    (place, preset), name, columns, expected = CASES[case]
    folder = tmp_path / "in"
    folder.mkdir()
    written(folder, name, columns)
    found = recognise(folder, PRESETS, [EDE.bbox])
    assert {key: one.preset for key, one in found.findings.items()} == {place: preset}
    group, _, key = place.partition(".")
    entry = {"use": preset, "path": str(found.findings[place].file)}
    entry |= {"coverage": "none"} if group == "layers" else {}
    prepared = prepare(
        sources(**{group: {key: entry} if key else entry}), directory=tmp_path / "out", base=folder, request=Request()
    )
    rows = {"parcels": prepared.parcels, "layers": prepared.read_layers, "areas": prepared.areas}[group]()
    if group == "layers":
        rows = rows.drop_duplicates("feature_id")
        rows = rows.iloc[rows.bounds["minx"].argsort(kind="stable")]
    assert len(rows) == len(next(iter(expected.values()), AB))
    for column, values in expected.items():
        told = rows[column].astype(object) if column in rows else [None] * len(rows)
        assert [None if value != value or value is None else value for value in told] == values  # noqa: PLR0124 - NaN


@pytest.mark.parametrize(
    "columns",
    [
        {"status": STATUS, "naam": AB},
        {"beheertype": ["N01", "N02"], "hectare": [1.0, 2.0]},
        {"gebied": AB, "nummer": [1, 2]},
        {"code": ["x", "y"], "omschrijving": AB},
        {"gm_code": ["x", "y"], "gm_naam": AB},
    ],
)
def test_columns_that_could_be_of_anything_tell_nothing(tmp_path: Path, columns: dict[str, list[Any]]) -> None:
    written(tmp_path, "levering.gpkg", columns)
    found = recognise(tmp_path, PRESETS, [EDE.bbox])
    assert not found.findings
    assert len(found.unknown) == 1


@pytest.mark.parametrize(("place", "preset"), [NNN, N2K])
def test_a_file_of_another_name_is_not_taken_for_a_register_by_columns_of_anything(
    tmp_path: Path, place: str, preset: str
) -> None:
    path = made.gpkg(tmp_path / "percelen.gpkg", kaart=made.frame(id=IDS, code=AB))
    given = sources(layers={place.removeprefix("layers."): {"use": preset, "path": str(path), "coverage": "none"}})
    with pytest.raises(InputError, match="not named as this register is delivered"):
        prepare(given, directory=tmp_path / "out", base=tmp_path, request=Request())
