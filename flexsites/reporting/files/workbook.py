"""The spreadsheets of a run: everybody's workbook, and the one a corporation works on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import xlsxwriter

from flexsites.reporting.files.portfolio_summary import portfolio_lines
from flexsites.reporting.files.sheets import A4, Sheets, sheet_name
from flexsites.reporting.names import words_of
from flexsites.reporting.report import answer, origin
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.summaries.portfolio import buildings_table, complexes_table, unmatched_table
from flexsites.reporting.summaries.totals import AVAILABLE
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.whole_files import whole_file

_LINE_PT, _LINE_CHARACTERS, _SUMMARY_WIDTH = 16, 82, 95


def write_workbook(directory: Path | str, lang: str = "nl") -> Path:
    """Write ``workbook.xlsx`` beside a run's results.

    Parameters
    ----------
    directory
        The run's directory.
    lang
        ``nl`` or ``en``.

    Notes
    -----
    Texts stay texts: a cell that starts with =, +, - or @ is never a formula, and an address is never a link. Null
    is written as the word for unknown, so that no blank is read as a zero.

    Raises
    ------
    InputError
        When the directory holds no results.
    """
    results = open_results(directory)
    return _write(results, words_of(results, lang), "workbook", _write_sheets)


def write_portfolio(directory: Path | str, lang: str = "nl") -> Path:
    """Write ``portfolio.xlsx``: what a corporation works on, complexes ranked first.

    Parameters
    ----------
    directory
        The directory of a run with roofs.
    lang
        ``nl`` or ``en``.

    Raises
    ------
    InputError
        When the directory holds no results.
    NotFoundError
        When the run has no roofs.
    """
    results = open_results(directory)
    return _write(results, words_of(results, lang), "portfolio", _write_portfolio_sheets)


def _write(results: Results, words: Words, stem: str, fill: Callable[[Sheets, Results, Words], None]) -> Path:
    """Write a workbook whole or not at all."""
    path = results.directory / (f"{stem}.xlsx" if words.lang == "nl" else f"{stem}.{words.lang}.xlsx")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with whole_file(path) as temporary, xlsxwriter.Workbook(temporary, options) as book:
        book.set_properties({"title": words.label(results.manifest.title or results.manifest.name)})
        fill(Sheets(book, words), results, words)
    return path


def _write_sheets(sheets: Sheets, results: Results, words: Words) -> None:
    """Write every sheet that the run allows."""
    _write_summary(sheets, results, words)
    never_add = words.text("workbook.units_note")
    if results.has_sites:
        sheets.table("shortlist", _shortlist(results, words))
        sheets.table("sites", _named_areas(results.table("sites").sort_values("site_id"), words))
        sheets.table("totals", _named_totals(summary(results, "totals"), words), never_add)
        for name in ("demand", "demand_sites"):
            if results.has(name):
                sheets.table(name, _named_areas(results.table(name), words), words.text(f"workbook.{name}_note"))
        drop = summary(results, "drop")
        sheets.table("drop", drop.assign(rule=[words.name("rule", rule) for rule in drop["rule_id"]]))
        sheets.table("requirements", summary(results, "requirements"))
        sheets.table("ownership", summary(results, "ownership"))
        sheets.table("variants", summary(results, "variants"), never_add)
        if results.has("transit") or results.has("accessibility"):
            sheets.table("transit", _named_transit(summary(results, "transit"), words))
    for name in ("roofs", "complexes", "unmatched"):
        if results.has(name):
            sheets.table(name, results.table(name))
    if results.has("roof_units"):
        _write_roof_units(sheets, results, words)
        sheets.table("roof_totals", summary(results, "roof_totals"), words.text("workbook.roof_totals_note"))
    _write_origins(sheets, results, words)


def _write_summary(sheets: Sheets, results: Results, words: Words, more: Sequence[str] = ()) -> None:
    """Write the first sheet: the answer in sentences, PBL's warning, and that this is a screening."""
    sheet = sheets.book.add_worksheet(sheet_name(words.text("workbook.summary")))
    sheet.hide_gridlines(2)
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, _SUMMARY_WIDTH)
    found = answer.answer(results, words)
    sheet.write_string(0, 0, words.label(results.manifest.title or results.manifest.name), sheets.title)
    head = f"{words.text('report.kicker')} – {words.text('report.screening')}"
    sheet.write_string(1, 0, head, sheets.strong)
    sheet.set_row(0, 2 * _LINE_PT)
    lines = [*found["sentences"], *more, words.text("report.screening_note")]
    for i, line in enumerate(lines, 3):
        sheet.write_string(i, 0, line, sheets.wrapped)
        sheet.set_row(i, _LINE_PT * (1 + len(line) // _LINE_CHARACTERS))
    after = len(lines) + 4
    sheet.write_string(after, 0, found["pbl"], sheets.warning)
    sheet.set_row(after, _LINE_PT * (1 + len(found["pbl"]) // _LINE_CHARACTERS))
    for i, line in enumerate(results.manifest.warnings, after + 2):
        sheet.write_string(i, 0, line, sheets.wrapped)


def _write_portfolio_sheets(sheets: Sheets, results: Results, words: Words) -> None:
    """Write the sheets of a corporation's workbook."""
    buildings = buildings_table(results)
    complexes = complexes_table(buildings)
    _write_summary(sheets, results, words, portfolio_lines(results, buildings, complexes, words))
    sheets.table("complexes", complexes)
    sheets.table("roofs", buildings)
    unmatched = results.first_of("portfolio_unmatched", "canonical/portfolio_unmatched")
    if unmatched is not None:
        sheets.table("unmatched", unmatched_table(results.table(unmatched), words))
    _write_roof_units(sheets, results, words)
    sheets.table("roof_totals", summary(results, "roof_totals"), words.text("workbook.roof_totals_note"))
    _write_origins(sheets, results, words)


def _write_roof_units(sheets: Sheets, results: Results, words: Words) -> None:
    """Write what may be added per way of topping up, without what is excluded: that would be a dozen rows a shed."""
    units = results.table("roof_units")
    shown = units[units["verdict"] != "excluded"].reset_index(drop=True)
    sheets.table("roof_units", shown, words.text("workbook.roof_units_note"))


def _write_origins(sheets: Sheets, results: Results, words: Words) -> None:
    """Write the assumptions and the sources."""
    found = origin.assumptions(results, words)
    rows = [[words.text(f"assumptions.{kind}"), *row] for kind in ("assumed", "sourced") for row in found[kind].rows]
    columns = [words.text("workbook.figure"), "path", "value", "unit", "why"]
    sheets.table("assumptions", pd.DataFrame(rows, columns=columns))
    sheets.table("sources", pd.DataFrame(origin.sources(results, words)))


def _shortlist(results: Results, words: Words) -> Frame:
    """Return every suitable, available site per flexmilieu by rank, with what one needs to act."""
    sites = results.table("sites")
    suitability = results.table("suitability")
    judged = suitability[suitability["is_suitable"].fillna(value=False).astype(bool) & suitability["rank"].notna()]
    taken = [
        "site_id",
        "gemeente_code",
        "verdict",
        "owner_class",
        "tenure",
        "buildable_area_m2",
        "available_years_expected",
    ]
    rest = ["restrictions", "flags", "location_id"]
    merged = judged.merge(sites.loc[sites["verdict"].isin(AVAILABLE), [*taken, *rest]], on="site_id", how="inner")
    place = {name: i for i, name in enumerate(results.flexmilieus)}
    merged = merged.assign(_place=merged["flexmilieu"].map(place).fillna(len(place)))
    merged = _named_areas(merged.sort_values(["_place", "rank", "site_id"], kind="stable"), words)
    units = ["n_units_expected", "n_units_low", "n_units_high"]
    front = ["flexmilieu", "rank", "site_id", "gemeente_name", "score", *units]
    return merged[[*front, *taken[2:], *rest, "score_known_share"]]


def _named_areas(table: Frame, words: Words) -> Frame:
    """Return the table with the name of the gemeente after its code."""
    named = table.copy()
    at = list(named.columns).index("gemeente_code") + 1
    named.insert(at, "gemeente_name", [words.name("area", code) for code in named["gemeente_code"]])
    return named


def _named_totals(table: Frame, words: Words) -> Frame:
    """Return the totals with the names of the areas."""
    # Of neighbourhoods, of which a province has thousands, only the rows without a condition on coverage.
    named = table[(table["area_kind"] != "buurt") | (table["coverage_scope"] == "all")].copy()
    named.insert(2, "area_name", [words.name("area", code) for code in named["area_code"]])
    return named


def _named_transit(table: Frame, words: Words) -> Frame:
    """Return the transit diagnostic with the names of the areas, down to the gemeente."""
    named = table[table["area_kind"] != "buurt"].copy()
    named.insert(2, "area_name", [words.name("area", code) for code in named["area_code"]])
    return named.assign(variant=[words.name("reach", reach) for reach in named["variant"]])
