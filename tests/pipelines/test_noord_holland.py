"""The runs of Noord-Holland as they are written, on small files in the official schemas of every source they name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import shapely

from flexsites.config.study import Study, resolve
from flexsites.runs.prepare import check_inputs
from flexsites.runs.run import Options
from pipelines import PIPELINES
from tests.unit.inputs import register_files as made

X, Y = made.ORIGIN
BOX = shapely.box(X - 3_000, Y - 3_000, X + 3_000, Y + 3_000)
FAR = shapely.box(X + 2_000, Y + 2_000, X + 2_100, Y + 2_100)
DAYS = tuple(pd.bdate_range("2019-12-16", "2020-01-31").strftime("%Y%m%d"))
DAYS += tuple(pd.bdate_range("2025-12-15", "2026-01-30").strftime("%Y%m%d"))


def delivered(folder: Path) -> Path:
    """Write what both runs name, each in the register's own schema, under the names that they are fetched by."""
    here = folder / "noord_holland"
    here.mkdir(parents=True)
    land = shapely.box(X, Y, X + 120, Y + 90), shapely.box(X + 120, Y, X + 240, Y + 90)
    ids = {"identificatieLokaalID": ["NL.IMKAD.1", "NL.IMKAD.2"], "kadastraleGrootteWaarde": [10_800, 10_800]}
    made.parquet(here / "brk_percelen.parquet", made.frame(list(land), **ids))
    made.parquet(
        here / "gemeenten.parquet",
        made.frame([BOX], code=["GM0479"], naam=["Zaanstad"], ligt_in_provincie_code=["PV27"]),
    )
    made.parquet(here / "provincies.parquet", made.frame([BOX], code=["PV27"], naam=["Noord-Holland"]))
    cbs = {"buurtcode": ["BU04790000"], "buurtnaam": ["A"], "omgevingsadressendichtheid": [1200]}
    made.gpkg(here / "wijkenbuurten.gpkg", buurten=made.frame([BOX], **cbs, stedelijkheid_adressen_per_km2=[3]))
    made.parquet(here / "natura2000.parquet", made.frame([FAR], naam_n2k=["Ver"], nr=[1]))
    made.nnn_gml(here / "nnn.gml", [FAR])
    for name in ("drinking_water_abstraction", "regional_dikes", "silence_areas", "groundwater_protection"):
        made.gpkg(here / f"{name}.gpkg", kaart=made.frame([FAR], naam=["Ver"]))
    plan = {"plan_id": ["a"], "plannaam": ["A"], "hardheid": ["hard"], "jaar_start": [2045], "jaar_oplevering": [2047]}
    made.gpkg(here / "plancapaciteit.gpkg", plannen=made.frame([land[1]], **plan, aantal_woningen=[10]))
    pand, unit = {"identificatie": ["0479100000000001"]}, {"identificatie": ["0479010000000001"]}
    home = shapely.box(X + 225, Y + 70, X + 235, Y + 80)
    pand |= {"bouwjaar": [1970], "status": ["Pand in gebruik"]}
    unit |= {"status": ["Verblijfsobject in gebruik"], "gebruiksdoel": ["woonfunctie"], "oppervlakte": [80]}
    made.parquet(here / "bag_panden.parquet", made.frame([home], **pand))
    made.parquet(
        here / "bag_verblijfsobjecten.parquet",
        made.frame([home.centroid], **unit, pandidentificatie=pand["identificatie"]),
    )
    made.bgt_gml(here / "bgt.zip", without=("onbegroeidterreindeel",))
    made.parquet(here / "brp_gewaspercelen.parquet", made.frame([FAR], category=["Bouwland"], gewascode=[259]))
    made.parquet(here / "bodemgebruik.parquet", made.frame([BOX], bg2017=["34"], bodemgebruik=["Bouwterrein"]))
    made.gpkg(here / "ibis_kavels.gpkg", kavels=made.frame([FAR], uitgegeven=[True]))
    made.parquet(here / "rev_pr10_6.parquet", made.frame([FAR], bronhouder=["OD"]))
    made.parquet(here / "rev_aandachtsgebieden.parquet", made.frame([FAR], bronhouder=["OD"]))
    made.gpkg(here / "lib_zones.gpkg", zones=made.frame([FAR], zone=["5"]))
    made.raster(here / "geluid_lden.tif", 48.0)
    made.raster(here / "overstromingsdiepte.tif", 0.0)
    made.streets(here / "streets.osm.pbf")
    made.gtfs(here / "gtfs-nl.zip", DAYS)
    return folder


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return delivered(tmp_path_factory.mktemp("registers"))


@pytest.fixture(params=["noord_holland", pytest.param("noord_holland_pbl_2020", marks=pytest.mark.deep)])
def study(request: pytest.FixtureRequest, registers: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setenv("FLEXSITES_DATA", str(registers))
    return resolve(request.param)


@pytest.mark.slow
def test_what_passes_the_check_runs_to_its_end(study: Study, tmp_path: Path) -> None:
    assert check_inputs(study).faults == []
    directory = PIPELINES[study.run.pipeline](study, Options(tmp_path, "synchronous", 1, None, quiet=True))
    sites = pd.read_parquet(directory / "sites.parquet").set_index("site_id")
    assert set(sites.index) == {"NL.IMKAD.1", "NL.IMKAD.2"}
    reasons = pd.read_parquet(directory / "reasons.parquet")
    taken = set(reasons.loc[reasons["site_id"] == "NL.IMKAD.2", "rule_id"])
    assert {"in_use_dwellings", "buildings_standing"} & taken
    assert sites["gemeente_code"].unique().tolist() == ["GM0479"]
