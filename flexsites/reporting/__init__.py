"""What people open: totals, maps, a report, factsheets, a spreadsheet, a GeoPackage, and the story of one site."""

from flexsites.reporting.files.geopackage import write_geopackage
from flexsites.reporting.files.workbook import write_portfolio, write_workbook
from flexsites.reporting.report.charts import write_charts
from flexsites.reporting.report.factsheets import rewrite_factsheets, write_factsheets
from flexsites.reporting.report.page import report_path, write_report
from flexsites.reporting.report.pdf import write_pdf
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.story.certainty_lines import certainty_lines
from flexsites.reporting.story.explain import explain
from flexsites.reporting.story.shortlist_lines import shortlist_lines
from flexsites.reporting.summaries.all_tables import write_tables
from flexsites.reporting.summaries.drop import drop_table
from flexsites.reporting.summaries.requirements import requirement_table
from flexsites.reporting.summaries.roofs import roof_totals
from flexsites.reporting.summaries.totals import totals
from flexsites.reporting.summaries.transit import transit_diagnostic
from flexsites.reporting.summaries.variants import compare_variants
from flexsites.reporting.summaries.verdicts import ownership_totals, verdict_totals
from flexsites.reporting.write_all import write_all

__all__ = [
    "Results",
    "certainty_lines",
    "compare_variants",
    "drop_table",
    "explain",
    "open_results",
    "ownership_totals",
    "report_path",
    "requirement_table",
    "rewrite_factsheets",
    "roof_totals",
    "shortlist_lines",
    "totals",
    "transit_diagnostic",
    "verdict_totals",
    "write_all",
    "write_charts",
    "write_factsheets",
    "write_geopackage",
    "write_pdf",
    "write_portfolio",
    "write_report",
    "write_tables",
    "write_workbook",
]
