from __future__ import annotations

import errno
import importlib
import pkgutil
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from flexsites.reporting import open_results, report, write_factsheets, write_geopackage, write_report, write_workbook
from flexsites.reporting.shown_fields import SHOWN
from flexsites.reporting.table_view import fields_of, table_view
from flexsites.reporting.words import LANGUAGES, Words, load_meanings
from flexsites.tables import (
    Accessibility,
    Clusters,
    Complexes,
    DemandSites,
    DemandTotals,
    Exploitation,
    Faces,
    LaidOut,
    Layouts,
    Locations,
    LocationSuitability,
    Lookalikes,
    NearMisses,
    PieceLocations,
    Pieces,
    PieceSuitability,
    PortfolioMatches,
    PortfolioUnmatched,
    Reasons,
    References,
    RoofExploitation,
    RoofReasons,
    Roofs,
    RoofTransit,
    RoofUnits,
    RuleCoverage,
    Sites,
    Suitability,
    TransitQuality,
    Units,
)
from flexsites.tables.choice_tables import ParetoSites, ScoreParts
from flexsites.tables.field import Field
from flexsites.tables.summary_tables import SUMMARIES

# Those of a finished run: in its files and pages, and every one of them among the tables of the viewer.
SHOWN_TABLES = (
    Accessibility, Clusters, Complexes, DemandSites, DemandTotals, Exploitation, Faces, LaidOut, Layouts, Locations,
    LocationSuitability, Lookalikes, NearMisses, ParetoSites, PieceLocations, Pieces, PieceSuitability,
    PortfolioMatches, PortfolioUnmatched, Reasons, References, RoofExploitation, RoofReasons, Roofs, RoofTransit,
    RoofUnits, RuleCoverage, ScoreParts, Sites, Suitability, TransitQuality, Units, *SUMMARIES.values(),
)  # fmt: skip


def own_fields() -> dict[str, Field]:
    """Return the columns that a section of the report makes for itself."""
    found: dict[str, Field] = {}
    for module in pkgutil.iter_modules(report.__path__, f"{report.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            several = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
            found |= {one.name: one for one in several if isinstance(one, Field) and one.description}
    return found


EVERY_FIELD = {
    **{table.name: [field for field in table.fields if field.dtype != "geometry"] for table in SHOWN_TABLES},
    "": [field for field in SHOWN.values() if field.description],
}
_TERM = "term (years), expected"
NOBODY_ASKS = ("location", _TERM, "first flexmilieu", "homes counted in", "best score", "consent needed")


def comments_of(path: Path, sheet: str) -> dict[str, str]:
    """Return the comment of each heading of a sheet."""
    book = openpyxl.load_workbook(path)[sheet]
    row = next(row for row in book.iter_rows() if any(cell.comment for cell in row))
    return {str(cell.value): cell.comment.text for cell in row if cell.comment}


def test_each_sheet_explains_its_own_columns(written) -> None:
    """Suitable is, of a site, for at least one flexmilieu; in a list per flexmilieu for that one."""
    path = written(write_workbook, "en")
    assert comments_of(path, "Parcels")["suitable"].startswith("Suitable for at least one flexmilieu.")
    words = Words("en")
    of_each = table_view(pd.DataFrame({"is_suitable": [True]}), ["is_suitable"], words, Suitability)
    assert of_each.columns[0].comment.startswith("Meets all required criteria of the flexmilieu.")


def test_the_sheet_of_roofs_says_what_null_means(written) -> None:
    comments = comments_of(written(write_workbook, "nl"), "Daken")
    assert comments["woningen verwacht"].endswith("Onbekend: een nodig gegeven ontbreekt.")
    assert comments["bestaande woningen"].endswith("Onbekend: er zijn geen verblijfsobjecten gegeven.")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("table", EVERY_FIELD)
def test_every_column_that_is_shown_has_a_heading_and_a_meaning(lang: str, table: str) -> None:
    """In Dutch too: a column without is told in the words of its code."""
    words = Words(lang)
    for field in EVERY_FIELD[table]:
        assert field.name in words.texts["columns"], field.name
        assert words.meaning(field, table).endswith("."), field.name
        if lang != "en":
            known = load_meanings(lang)
            told = known.get(f"{table}.{field.name}", known.get(field.name))
            assert told is not None, field.name
            assert len(told) == 2 or field.null is None, f"what null means in {field.name} is not told"


def test_what_a_column_of_a_section_means_is_told_in_dutch() -> None:
    defined = {field.name for fields in EVERY_FIELD.values() for field in fields}
    found = {name: field for name, field in own_fields().items() if name not in defined}
    assert {"step", "suitable_demanding", "eligible"} <= set(found)
    for name, field in found.items():
        assert load_meanings("nl").get(name) is not None, name
        assert field.null is None or len(load_meanings("nl")[name]) == 2, name


def test_what_null_tells_is_told_by_row() -> None:
    sites = pd.DataFrame(
        {
            "location_id": ["a#1", "b#1", "c#1", None, None],
            "verdict": ["eligible", "eligible", "eligible", "excluded", "unknown"],
            "is_suitable": pd.array([True, False, None, False, None], dtype="boolean"),
            "flexmilieu_first": ["campus", None, None, None, None],
            "n_common_expected": [75.64, 0.0, 12.0, 0.0, 12.0],
            "available_years_expected": [15.0, None, 7.5, None, None],
            "flags": [("noise", "zoning"), (), (), (), ()],
        }
    )
    columns = ["is_suitable", "flexmilieu_first", "n_common_expected", "available_years_expected", "flags"]
    assert table_view(sites, [*columns, "location_id"], Words("en"), Sites).rows == [
        ["yes", "campus", "76", "15", "noise, zoning", "a#1"],
        ["no", "none", "0", "unknown", "none known", "b#1"],
        ["unknown", "unknown", "12", "7.5", "none known", "c#1"],
        ["no", "", "0", "", "", ""],
        # No piece of it is known to be valid: neither is the location, nor what lies on what remains.
        ["unknown", "unknown", "12", "unknown", "unknown", "unknown"],
    ]


def test_of_excluded_parcels_nothing_is_unknown_that_nobody_asks(written) -> None:
    sheet = openpyxl.load_workbook(written(write_workbook, "en"))["Parcels"]
    heads, *rows = sheet.iter_rows(values_only=True)
    excluded = [dict(zip(heads, row, strict=True)) for row in rows if row[heads.index("verdict")] == "excluded"]
    assert excluded
    asked = [name for name in NOBODY_ASKS if name in heads]
    assert len(asked) >= 4
    assert {(name, row[name]) for row in excluded for name in asked if row[name] == "unknown"} == set()


def test_a_new_column_shows_with_its_heading_format_names_and_comment() -> None:
    """Only its field says how: no list of columns elsewhere knows of it."""
    new = Field("n_trees_m2", "float", "trees per area", null="not counted", unit="m2", format="share")
    table = replace(Sites, fields=(*Sites.fields, new))
    shown = table_view(pd.DataFrame({"n_trees_m2": [0.25, None]}), ["n_trees_m2"], Words("en"), table)
    assert shown.rows == [["25%"], ["unknown"]]
    assert shown.headings == [("n trees m2", True, "Trees per area. Unknown: not counted.")]


def test_an_attribute_of_a_source_shows_as_it_is() -> None:
    frame = pd.DataFrame({"remark": ["=1+1", None], "n": [2, 3]})
    assert table_view(frame, ["remark", "n"], Words("nl")).rows == [["=1+1", "2"], ["onbekend", "3"]]
    assert fields_of(frame)["n"].dtype == "int"


def test_names_stand_beside_codes_in_the_geopackage(written) -> None:
    """In the language of the run, for who opens it elsewhere than in QGIS."""
    import geopandas as gpd  # noqa: PLC0415

    sites = gpd.read_file(written(write_geopackage, "nl"), layer="sites")
    assert set(zip(sites["verdict"], sites["verdict_name"], strict=True)) >= {
        ("eligible", "in aanmerking"),
        ("excluded", "uitgesloten"),
    }
    marked = sites[sites["flags"] == "grid_congestion|zoning"]
    assert set(marked.loc[marked["verdict"] != "excluded", "flags_name"]) == {
        "Netcongestie, Bestemming niet wonen (BOPA)"
    }


def test_report_factsheet_and_list_write_a_score_alike(summed_run: Path, written) -> None:
    results = open_results(summed_run)
    best = results.table("suitability").dropna(subset=["rank"]).sort_values("score").iloc[-1]
    score = f">{best['score']:.2f}<"
    assert score in written(write_report, "en").read_text(encoding="utf-8")
    assert score in write_factsheets(summed_run, [best["site_id"]], "en").read_text(encoding="utf-8")


def test_a_full_disk_under_a_workbook_is_told_as_of_the_disk(summed_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of a workbook are put together beside it and never stay; what the disk says is said as elsewhere."""
    stood = sorted(summed_run.iterdir())

    def full(book: xlsxwriter.Workbook) -> None:
        Path(book.tmpdir, "part").write_bytes(b"half")
        assert Path(book.tmpdir).parent == summed_run
        raise FileCreateError(OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(xlsxwriter.Workbook, "_store_workbook", full)
    with pytest.raises(OSError, match="No space left") as told:
        write_workbook(summed_run, "en")
    assert told.value.errno == errno.ENOSPC
    assert sorted(summed_run.iterdir()) == stood


def test_counts_that_are_summed_are_written_whole() -> None:
    """Homes of a common programme are fractions until they are shown; nobody builds 0.338 of one."""
    counts = [field for table in SUMMARIES.values() for field in table.fields if field.name.startswith("n_")]
    assert counts
    assert {field.name for field in counts if field.written_as != "count"} == set()
