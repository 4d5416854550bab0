"""What people open: totals, maps, a report, factsheets, a spreadsheet, a GeoPackage, and the story of one site."""

from flexsites.reporting.drop import drop_table, requirement_table
from flexsites.reporting.explain import explain
from flexsites.reporting.factsheets import write_factsheets
from flexsites.reporting.geopackage import write_geopackage
from flexsites.reporting.report import report_path, write_report
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.roofs import roof_totals
from flexsites.reporting.run_tables import write_tables
from flexsites.reporting.shortlist_lines import SITE_ID, shortlist_lines
from flexsites.reporting.totals import ownership_totals, totals, verdict_totals
from flexsites.reporting.transit import transit_diagnostic
from flexsites.reporting.variants import compare_variants
from flexsites.reporting.workbook import write_portfolio, write_workbook
from flexsites.reporting.write_all import write_all

__all__ = [
    "SITE_ID",
    "Results",
    "compare_variants",
    "drop_table",
    "explain",
    "open_results",
    "ownership_totals",
    "report_path",
    "requirement_table",
    "roof_totals",
    "shortlist_lines",
    "totals",
    "transit_diagnostic",
    "verdict_totals",
    "write_all",
    "write_factsheets",
    "write_geopackage",
    "write_portfolio",
    "write_report",
    "write_tables",
    "write_workbook",
]
