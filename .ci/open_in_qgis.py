"""Open a GeoPackage of results in QGIS: every layer is valid, has rows, and comes up in the style it carries.

Run with the system's Python, which QGIS is built for: ``/usr/bin/python3 .ci/open_in_qgis.py SITES.gpkg``.
"""

import sqlite3
import sys

from qgis.core import QgsApplication, QgsVectorLayer

path = sys.argv[1]
with sqlite3.connect(path) as file:
    names = [row[0] for row in file.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")]
QgsApplication.setPrefixPath("/usr", True)  # noqa: FBT003 - not our signature
application = QgsApplication([], False)  # noqa: FBT003
application.initQgis()
faults = [] if names else ["it has no layer"]
for name in names:
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    told, is_styled = layer.loadDefaultStyle()
    renderer = layer.renderer().type() if layer.isValid() and layer.renderer() else None
    sys.stdout.write(f"{name}: {layer.featureCount()} features, drawn as {renderer}, {layer.crs().authid()}\n")
    if not layer.isValid() or layer.featureCount() < 1:
        faults.append(f"{name} cannot be read, or is empty")
    elif not is_styled or renderer in (None, "nullSymbol"):
        faults.append(f"{name} has no style of its own ({told})")
    elif layer.crs().authid() != "EPSG:28992":
        faults.append(f"{name} does not lie in RD New")
application.exitQgis()
sys.exit("; ".join(faults))
