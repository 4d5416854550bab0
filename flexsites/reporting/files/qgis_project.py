"""The QGIS project of a run: the layers of its GeoPackage as they are styled there, a base map, and a sheet to print.

Layers are found beside the project, so that both can be moved or mailed together.
"""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from flexsites.errors import Fault, NotFoundError
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.origin import credits_of
from flexsites.reporting.results import open_results
from flexsites.reporting.words import Words
from flexsites.tables.contract import Bounds
from flexsites.tables.whole_files import whole_file

_VERSION = "3.22.16"
_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_SRID, _MERCATOR = 28992, 3857
# Kinds of items of a sheet, and where they lie on A4, in mm: x, y, width, height.
_PAGE, _MAP, _LABEL, _LEGEND, _SCALE = "65638", "65639", "65641", "65642", "65646"
_SHEET = {"title": (10, 7, 277, 11), "map": (10, 20, 205, 178), "legend": (219, 20, 70, 110)}
_SHEET |= {"scale": (219, 150, 70, 14), "note": (219, 166, 68, 34), "page": (0, 0, 297, 210)}
_STEPS_OF_SCALE = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer of the GeoPackage: its name, its bounds, its style (QML)."""

    name: str
    bounds: Bounds
    style: str

    @property
    def id(self) -> str:
        return f"flexsites_{self.name}"


def write_qgis_project(directory: Path | str, lang: str = "nl") -> Path:
    """Write ``sites.qgz`` beside the GeoPackage of a run.

    Parameters
    ----------
    directory
        The run's directory.
    lang
        Language of the layers' names and of the sheet.

    Raises
    ------
    InputError
        When the directory holds no results.
    NotFoundError
        When the run has no GeoPackage.
    """
    results = open_results(directory)
    words = words_of(results, lang)
    source = results.directory / "sites.gpkg"
    if not source.is_file():
        raise NotFoundError(Fault("no GeoPackage", str(source), "run again with --resume: it writes one"))
    title = words.label(results.manifest.title or results.manifest.name)
    told = f"{words.text('report.screening')}. {credits_of(results.manifest, words)}"
    project = _project(title, _layers(source), words, told)
    path = results.directory / "sites.qgz"
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
        # A fixed date: the same run gives the same bytes.
        packed.writestr(zipfile.ZipInfo("sites.qgs"), _HEAD + ET.tostring(project, encoding="unicode"))
    return path


def _layers(source: Path) -> list[_Layer]:
    """Return the layers of a GeoPackage with their default styles, the topmost last."""
    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as file:
        rows = file.execute(
            "SELECT c.table_name, c.min_x, c.min_y, c.max_x, c.max_y, s.styleQML FROM gpkg_contents c "
            "JOIN layer_styles s ON s.f_table_name = c.table_name AND s.useAsDefault "
            "WHERE c.data_type = 'features' ORDER BY s.id"
        ).fetchall()
    return [_Layer(name, (x0, y0, x1, y1), style) for name, x0, y0, x1, y1, style in rows if x0 is not None]


def _project(title: str, layers: Sequence[_Layer], words: Words, note: str) -> ET.Element:
    root = ET.Element("qgis", projectname=title, version=_VERSION)
    ET.SubElement(root, "homePath", path="")
    ET.SubElement(root, "title").text = title
    _add_crs(ET.SubElement(root, "projectCrs"), _SRID)
    _add_tree(root, layers, words)
    known = ET.SubElement(root, "projectlayers")
    for layer in layers:
        _add_layer(known, layer, _title(layer, words))
    _add_base(known, words.text("qgis.base"))
    order = ET.SubElement(root, "layerorder")
    for name in (*(layer.id for layer in reversed(layers)), "flexsites_base"):
        ET.SubElement(order, "layer", id=name)
    if layers:
        bounds = _around([layer.bounds for layer in layers])
        canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
        ET.SubElement(canvas, "units").text = "meters"
        _add_extent(canvas, bounds)
        _add_crs(ET.SubElement(canvas, "destinationsrs"), _SRID)
        _add_sheet(root, title, note, layers, words)
    return root


def _title(layer: _Layer, words: Words) -> str:
    """Return what a layer is called; of drawn homes also for whom."""
    kind, _, flexmilieu = layer.name.partition("_")
    title = words.text(f"qgis.{kind}")
    return f"{title}: {words.name('flexmilieu', flexmilieu)}" if kind == "layouts" else title


def _add_tree(place: ET.Element, layers: Sequence[_Layer], words: Words, *, main_alone: bool = False) -> None:
    """Add the tree of layers, the topmost first; in a legend parcels and roofs alone, which a sheet is made of."""
    tree = ET.SubElement(place, "layer-tree-group")
    for layer in reversed(layers):
        is_main = layer.name in ("sites", "roofs")
        shown = is_main or layer.name.startswith("layouts_")
        if is_main or not main_alone:
            _add_to_tree(tree, layer.id, _title(layer, words), shown=shown)
    if not main_alone:
        _add_to_tree(tree, "flexsites_base", words.text("qgis.base"), shown=False)


def _add_layer(known: ET.Element, layer: _Layer, title: str) -> None:
    """Add a layer with all that its style says."""
    style = ET.fromstring(layer.style.partition("\n")[2])  # noqa: S314 - of our own making
    made = ET.SubElement(
        known, "maplayer", type="vector", geometry="Polygon", hasScaleBasedVisibilityFlag="0",
        labelsEnabled=style.get("labelsEnabled", "0"), styleCategories="AllStyleCategories",
    )  # fmt: skip
    _add_extent(made, layer.bounds)
    ET.SubElement(made, "id").text = layer.id
    ET.SubElement(made, "datasource").text = f"./sites.gpkg|layername={layer.name}"
    ET.SubElement(made, "layername").text = title
    _add_crs(ET.SubElement(made, "srs"), _SRID)
    ET.SubElement(made, "provider", encoding="UTF-8").text = "ogr"
    made.extend(list(style))


def _add_base(known: ET.Element, title: str) -> None:
    """Add the base map, which is fetched when a reader switches it on."""
    base = presentation().map.base_map
    made = ET.SubElement(known, "maplayer", type="raster", hasScaleBasedVisibilityFlag="0")
    ET.SubElement(made, "id").text = "flexsites_base"
    ET.SubElement(made, "datasource").text = f"type=xyz&url={base.url}&zmax={base.max_zoom}&zmin=0"
    ET.SubElement(made, "layername").text = title
    _add_crs(ET.SubElement(made, "srs"), _MERCATOR)
    ET.SubElement(made, "provider").text = "wms"


def _add_to_tree(tree: ET.Element, layer_id: str, title: str, *, shown: bool) -> None:
    checked = "Qt::Checked" if shown else "Qt::Unchecked"
    ET.SubElement(tree, "layer-tree-layer", id=layer_id, name=title, checked=checked, expanded="1" if shown else "0")


def _add_crs(place: ET.Element, srid: int) -> None:
    told = ET.SubElement(place, "spatialrefsys")
    ET.SubElement(told, "srid").text = str(srid)
    ET.SubElement(told, "authid").text = f"EPSG:{srid}"


def _add_extent(place: ET.Element, bounds: Bounds) -> None:
    extent = ET.SubElement(place, "extent")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True):
        ET.SubElement(extent, name).text = repr(value)


def _around(bounds: Sequence[Bounds]) -> Bounds:
    west, south, east, north = zip(*bounds, strict=True)
    return min(west), min(south), max(east), max(north)


def _add_sheet(root: ET.Element, title: str, note: str, layers: Sequence[_Layer], words: Words) -> None:
    """Add a sheet of A4: title, map, legend, scale, and what it is and of whom."""
    sheet = ET.SubElement(
        ET.SubElement(root, "Layouts"), "Layout", name=words.text("qgis.sheet"), units="mm", printResolution="300"
    )
    pages = ET.SubElement(sheet, "PageCollection")
    _add_item(pages, _PAGE, "page")
    x0, y0, x1, y1 = _around([layer.bounds for layer in layers])
    width, height = _SHEET["map"][2:]
    per_mm = max((x1 - x0) / width, (y1 - y0) / height, 0.1) * 1.04
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    drawn = _add_item(sheet, _MAP, "map", frame="true", keepLayerSet="false", followPreset="false")
    edges = {
        "xmin": x - per_mm * width / 2, "xmax": x + per_mm * width / 2,
        "ymin": y - per_mm * height / 2, "ymax": y + per_mm * height / 2,
    }  # fmt: skip
    ET.SubElement(drawn, "Extent", {name: repr(value) for name, value in edges.items()})
    for name, text, size in (("title", title, "16"), ("note", note, "7")):
        written = _add_item(sheet, _LABEL, name, labelText=text, halign="1", valign="32", htmlState="0")
        ET.SubElement(written, "LabelFont", description=f"Sans Serif,{size},-1,5,50,0,0,0,0,0")  # before QGIS 3.24
        ET.SubElement(written, "text-style", fontSize=size, fontSizeUnit="Point", textColor="22,34,46,255")
    legend = _add_item(
        sheet, _LEGEND, "legend", title=words.text("map.legend"), map_uuid="{map}", legendFilterByAtlas="0",
        symbolHeight="3.5", symbolWidth="6", lineSpacing="0.5", wrapChar="",
    )  # fmt: skip
    _add_tree(legend, layers, words, main_alone=True)
    segment = max((one for one in _STEPS_OF_SCALE if one <= per_mm * 25), default=_STEPS_OF_SCALE[0])
    _add_item(
        sheet, _SCALE, "scale", mapUuid="{map}", style="Single Box", numSegments="2", numSegmentsLeft="0",
        unitLabel="m", unitType="meters", numUnitsPerSegment=str(segment), numMapUnitsPerScaleBarUnit="1", height="3",
        segmentSizeMode="0", labelBarSpace="2", boxContentSpace="1",
    )  # fmt: skip


def _add_item(place: ET.Element, kind: str, name: str, **attributes: str) -> ET.Element:
    x, y, width, height = _SHEET[name]
    given = {
        "type": kind, "id": name, "uuid": f"{{{name}}}", "templateUuid": f"{{{name}}}", "visibility": "1",
        "position": f"{x},{y},mm", "positionOnPage": f"{x},{y},mm", "size": f"{width},{height},mm",
        "referencePoint": "0", "opacity": "1", "background": "true" if kind == _PAGE else "false",
        "zValue": "0" if kind == _PAGE else "1",
    }  # fmt: skip
    return ET.SubElement(place, "LayoutItem", given | attributes)
