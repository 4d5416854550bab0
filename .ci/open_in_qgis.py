"""Open results in QGIS: every layer is valid, has rows, and comes up in the style it carries; the sheet is printed.

Run with the system's Python, which QGIS is built for: ``/usr/bin/python3 .ci/open_in_qgis.py SITES.gpkg SITES.qgz``.
"""

import sqlite3
import sys
from pathlib import Path

from qgis.core import QgsApplication, QgsLayoutExporter, QgsProject, QgsVectorLayer

WEB = "wms"


def faults_of(layer: QgsVectorLayer, told: str, is_styled: bool) -> list[str]:  # noqa: FBT001 - as QGIS gives them
    """Return what is wrong with a layer."""
    renderer = layer.renderer().type() if layer.isValid() and layer.renderer() else None
    sys.stdout.write(f"{layer.name()}: {layer.featureCount()} features, drawn as {renderer}, {layer.crs().authid()}\n")
    if not layer.isValid() or layer.featureCount() < 1:
        return [f"{layer.name()} cannot be read, or is empty"]
    if not is_styled or renderer in (None, "nullSymbol"):
        return [f"{layer.name()} has no style of its own ({told})"]
    return [] if layer.crs().authid() == "EPSG:28992" else [f"{layer.name()} does not lie in RD New"]


def open_geopackage(path: str) -> list[str]:
    """Return what is wrong with a GeoPackage."""
    with sqlite3.connect(path) as file:
        names = [row[0] for row in file.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")]
    found = [] if names else ["it has no layer"]
    for name in names:
        layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
        found += faults_of(layer, *layer.loadDefaultStyle())
    return found


def open_project(path: str) -> list[str]:
    """Return what is wrong with a project: its layers, their labels, names of codes and tips, and its sheet."""
    project = QgsProject.instance()
    if not project.read(path):
        return [f"{path} cannot be read: {project.error()}"]
    found = []
    for layer in project.mapLayers().values():
        if layer.providerType() == WEB:
            continue
        found += faults_of(layer, "", True)  # noqa: FBT003
        if layer.id() in ("flexsites_sites", "flexsites_roofs"):
            widgets = {one.name(): layer.editorWidgetSetup(i).type() for i, one in enumerate(layer.fields())}
            told = {
                "labels": layer.labelsEnabled() and layer.labeling() is not None,
                "tips": bool(layer.mapTipTemplate()),
                "names of verdicts": widgets["verdict"] == "ValueMap",
                "readable columns": layer.attributeAlias(layer.fields().indexOf("verdict")) != "",
            }
            found += [f"{layer.name()} lacks {what}" for what, is_there in told.items() if not is_there]
    sheets = project.layoutManager().printLayouts()
    found += [] if sheets else ["it has no sheet to print"]
    for sheet in sheets:
        picture = str(Path(path).with_suffix(".png"))
        settings = QgsLayoutExporter.ImageExportSettings()
        settings.dpi = 90
        code = QgsLayoutExporter(sheet).exportToImage(picture, settings)
        found += [] if code == QgsLayoutExporter.Success else [f"{sheet.name()} cannot be printed ({code})"]
        sys.stdout.write(f"{sheet.name()}: {picture}\n")
    return found


QgsApplication.setPrefixPath("/usr", True)  # noqa: FBT003 - not our signature
application = QgsApplication([], False)  # noqa: FBT003
application.initQgis()
faults = [fault for path in sys.argv[1:] for fault in (open_project if path.endswith("z") else open_geopackage)(path)]
QgsProject.instance().clear()
application.exitQgis()
sys.exit("; ".join(faults) or None)
