"""What other programs open: the workbook and the GeoPackage."""
