from __future__ import annotations

import re
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import pytest

from flexsites.errors import NotFoundError
from flexsites.reporting import open_results, write_geopackage
from flexsites.reporting.files.qgis_project import write_qgis_project
from flexsites.reporting.files.qgis_style import LayerWords, categorised_style
from flexsites.reporting.names import words_of
from flexsites.reporting.why import main_reasons
from tests.reporting_fixture import write_results


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_results(tmp_path_factory.mktemp("qgis") / "run")
    write_geopackage(made, "nl")
    return made


@pytest.fixture(scope="module")
def project(place: Path) -> ET.Element:
    with zipfile.ZipFile(write_qgis_project(place, "nl")) as packed:
        assert packed.namelist() == ["sites.qgs"]
        return ET.fromstring(packed.read("sites.qgs"))  # noqa: S314 - of our own making


def test_a_project_shows_every_layer_of_the_geopackage_beside_it(project: ET.Element, place: Path) -> None:
    told = {one.findtext("datasource") for one in project.iterfind("projectlayers/maplayer[@type='vector']")}
    assert told == {f"./sites.gpkg|layername={name}" for name in gpd.list_layers(place / "sites.gpkg")["name"]} - {
        "./sites.gpkg|layername=layer_styles"
    }
    known = {one.findtext("id") for one in project.iterfind("projectlayers/maplayer")}
    assert {one.get("id") for one in project.iterfind("layer-tree-group/layer-tree-layer")} == known
    assert {one.get("id") for one in project.iterfind("layerorder/layer")} == known
    assert {one.findtext("srs/spatialrefsys/authid") for one in project.iterfind("projectlayers/maplayer")} == {
        "EPSG:28992", "EPSG:3857",
    }  # fmt: skip
    # The base map is fetched by who switches it on.
    base = project.find("layer-tree-group/layer-tree-layer[@id='flexsites_base']")
    assert base is not None
    assert base.get("checked") == "Qt::Unchecked"


def test_parcels_have_labels_names_of_codes_and_tips(project: ET.Element) -> None:
    layer = project.find("projectlayers/maplayer[id='flexsites_sites']")
    assert layer is not None
    assert layer.get("labelsEnabled") == "1"
    assert layer.find("labeling/settings/rendering[@scaleVisibility='1']") is not None
    assert layer.find("renderer-v2") is not None
    label = layer.find("labeling/settings/text-style")
    assert label is not None
    assert "|| ' woningen'" in (label.get("fieldName") or "")
    assert "{" not in (label.get("fieldName") or "")
    configured = layer.find("fieldConfiguration/field[@name='verdict']/editWidget[@type='ValueMap']")
    assert configured is not None
    named = {one.get("value"): one.get("name") for one in configured.iterfind(".//Option[@value]")}
    assert named["eligible"] == "in aanmerking"
    # A thousand homes have a separator, on the label and in the tip, in the manner of the language.
    written = "format_number(round(\"n_common_expected\"), 0, 'nl')"
    assert written in (label.get("fieldName") or "")
    assert written in (layer.findtext("mapTip") or "")
    assert not re.search(r"(?<!format_number\()round\([^)]*\)(?! = 1)", layer.findtext("mapTip") or "")
    assert '"what_takes_most"' in (layer.findtext("mapTip") or "")
    alias = layer.find("aliases/alias[@field='what_takes_most']")
    assert alias is not None
    assert alias.get("name") == "wat het meeste wegneemt"


def test_the_sheet_has_a_map_of_everything_a_legend_and_a_scale(project: ET.Element, place: Path) -> None:
    sheet = project.find("Layouts/Layout")
    assert sheet is not None
    kinds = [one.get("id") for one in sheet.iterfind("LayoutItem")]
    assert {"map", "title", "note", "legend", "scale"} <= set(kinds)
    extent = sheet.find("LayoutItem[@id='map']/Extent")
    assert extent is not None
    west, south, east, north = open_results(place).table("sites").total_bounds
    edges = {name: float(value) for name, value in extent.attrib.items()}
    assert edges["xmin"] < west < east < edges["xmax"]
    assert edges["ymin"] < south < north < edges["ymax"]
    # True proportions: as many metres to a millimetre along as across.
    size = (sheet.find("LayoutItem[@id='map']").get("size") or "").split(",")  # type: ignore[union-attr]
    along = (edges["xmax"] - edges["xmin"]) / float(size[0])
    assert along == pytest.approx((edges["ymax"] - edges["ymin"]) / float(size[1]))
    note = sheet.find("LayoutItem[@id='note']")
    assert note is not None
    assert "OpenStreetMap" in (note.get("labelText") or "")


def test_where_and_why_stand_beside_every_parcel(place: Path) -> None:
    sites = gpd.read_file(place / "sites.gpkg", layer="sites").set_index("site_id")
    results = open_results(place)
    words = words_of(results, "nl")
    largest = main_reasons(results.table("reasons"), most=1).set_index("site_id")
    for site_id, rule in largest["rule_id"].items():
        assert sites.loc[site_id, "what_takes_most"].startswith(words.name("rule", rule))
    assert set(sites.loc[~sites.index.isin(largest.index), "what_takes_most"].fillna("")) <= {""}
    assert sites["where_it_lies"].str.contains("Waterdam|Hoogveen").all()


def test_the_same_run_gives_the_same_project(place: Path) -> None:
    first = write_qgis_project(place, "nl").read_bytes()
    assert write_qgis_project(place, "nl").read_bytes() == first
    assert write_qgis_project(place, "en").read_bytes() != first
    with closing(sqlite3.connect(place / "sites.gpkg")) as file:
        assert file.execute("SELECT count(*) FROM layer_styles").fetchone()[0] > 1


def test_unknown_is_dotted_and_texts_of_others_are_no_markup_in_a_tip() -> None:
    words = LayerWords({"name": "<b>naam"}, "id", {"verdict": {"a<b": 'x"y'}}, '"id"', ["name"])
    text = categorised_style("verdict", [("unknown", "?", "#000000")], words).partition("\n")[2]
    style = ET.fromstring(text)  # noqa: S314
    brush = style.find(".//symbol/layer/Option/Option[@name='style']")
    assert brush is not None
    assert brush.get("value") == "dense3"
    tip = style.findtext("mapTip") or ""
    assert "&lt;b&gt;naam" in tip
    assert "replace(" in tip
    assert style.find(".//Option[@value='a<b']") is not None


def test_a_run_without_a_geopackage_is_told_what_to_do(tmp_path: Path) -> None:
    place = write_results(tmp_path / "run", with_roofs=False)
    with pytest.raises(NotFoundError, match="no GeoPackage"):
        write_qgis_project(place)
