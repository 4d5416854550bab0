"""The spreadsheets of a run: everybody's workbook, and the one a corporation works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from flexsites.reporting.files.portfolio_summary import portfolio_lines
from flexsites.reporting.files.sheets import A4, LINE_PT, Sheets, sheet_name
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report import answer, origin
from flexsites.reporting.report.shortlist import Ranked, of_place, ranked_locations
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.shown_fields import SHOWN
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.summaries.portfolio import buildings_table, complexes_table
from flexsites.reporting.why import told_of_sites, with_marks_elsewhere
from flexsites.reporting.words import Words
from flexsites.tables import (
    Clusters,
    Complexes,
    DemandSites,
    DemandTotals,
    Exploitation,
    Frame,
    Locations,
    LocationSuitability,
    Lookalikes,
    PortfolioMatches,
    PortfolioUnmatched,
    RoofExploitation,
    Roofs,
    RoofUnits,
    Sites,
    Table,
)
from flexsites.tables.choice_tables import ParetoSites, ScoreParts
from flexsites.tables.summary_tables import SUMMARIES
from flexsites.tables.whole_files import scratch_folder, whole_file

_SHORTLIST = (
    "flexmilieu", "rank", "location_id", "site_id", "gemeente", "entrance_street_name", "score",
    "n_per_cluster_expected", "n_per_cluster_low", "n_per_cluster_high", "n_per_cluster_without_consent_expected",
    "n_per_cluster_without_consent_low", "n_per_cluster_without_consent_high", "n_room_expected",
    "n_room_without_consent_expected", "verdict",
    "owner_class_largest", "tenure", "core_area_m2", "n_location_parcels", "available_years_expected", "restrictions",
    "restrictions_elsewhere", "flags", "flags_elsewhere",
)  # fmt: skip
# One column is never made to fit a page, so it is as wide as A4 holds, also in wider letters than those of Calibri.
_LINE_CHARACTERS, _SUMMARY_WIDTH = 62, 68


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
    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    # Its parts are put together on the disk of the run, for that of TMPDIR may be a small one; in a folder that is gone
    # afterwards, for xlsxwriter leaves them where the disk is full.
    with (
        whole_file(path) as temporary,
        scratch_folder(path.with_name(f"{path.stem}_sheets")) as folder,
        _told_as_of_the_disk(),
        xlsxwriter.Workbook(temporary, {"tmpdir": str(folder), **plain}) as book,
    ):
        book.set_properties({"title": words.label(results.manifest.title or results.manifest.name)})
        fill(Sheets(book, words), results, words)
    return path


@contextmanager
def _told_as_of_the_disk() -> Iterator[None]:
    """Raise what the disk said where xlsxwriter wraps it in an error of its own: a full disk is told as elsewhere."""
    try:
        yield
    except FileCreateError as error:
        cause = error.args[0] if error.args else None
        raise (cause if isinstance(cause, OSError) else OSError(str(error))) from error


def _write_sheets(sheets: Sheets, results: Results, words: Words) -> None:
    """Write every sheet that the run allows."""
    _write_summary(sheets, results, words)
    if results.has_sites:
        _write_sites(sheets, results, words)
    for name, table in (("roofs", Roofs), ("complexes", Complexes)):
        if results.has(name):
            _first(sheets, results, name, table)
    if results.has("roof_units"):
        _write_roof_units(sheets, results, words)
    _write_origins(sheets, results, words)


def _write_sites(sheets: Sheets, results: Results, words: Words) -> None:
    """Write the sheets on parcels."""
    never_add = words.text("workbook.units_note")
    most = int(presentation().lists.max_sheet_rows)
    ranked, note = _best_of_each(ranked_locations(results, most), most, words)
    if results.has("reasons"):
        ranked = with_marks_elsewhere(results.rows("reasons", "site_id", ranked["site_id"]), ranked)
    sheets.table(
        "shortlist",
        ranked,
        LocationSuitability,
        Locations,
        Sites,
        columns=[one for one in _SHORTLIST if one in ranked],
        note=f"{words.text('shortlist.place_note')} {note}".rstrip(),
        headings=of_place(words),
    )
    if results.has("clusters"):
        _first(sheets, results, "clusters", Clusters, note=words.text("workbook.clusters_note"))
    sites, note = _most_homes(results, most, words)
    shown = _with_why(results, _with_gemeente(sites.sort_values("site_id")), words)
    sheets.table("sites", shown, Sites, note=note)
    totals = summary(results, "totals")
    # Of neighbourhoods, of which a province has thousands, only the rows without a condition on coverage.
    told = totals[(totals["area_kind"] != "buurt") | (totals["coverage_scope"] == "all")]
    sheets.table("totals", _with_area(told), SUMMARIES["totals"], note=never_add)
    for name, table in (("demand", DemandTotals), ("demand_sites", DemandSites)):
        if results.has(name):
            note = words.text(f"workbook.{name}_note")
            sheets.table(name, _with_gemeente(results.table(name)), table, note=note)
    for name, table in (("score_parts", ScoreParts), ("pareto_sites", ParetoSites)):
        if results.has(name):
            _first(sheets, results, name, table, note=words.text(f"workbook.{name}_note"))
    if results.has("exploitation"):
        _first(sheets, results, "exploitation", Exploitation, note=words.text("exploitation.note"))
    drop = summary(results, "drop").assign(rule=lambda table: table["rule_id"])
    rest = [name for name in map(str, drop) if name not in ("rule", "rule_id")]
    sheets.table("drop", drop, SUMMARIES["drop"], columns=["rule", *rest, replace(SHOWN["rule_id"], names=None)])
    for name in ("requirements", "ownership"):
        sheets.table(name, summary(results, name), SUMMARIES[name])
    sheets.table("variants", summary(results, "variants"), SUMMARIES["variants"], note=never_add)
    if results.has("transit") or results.has("accessibility"):
        transit = summary(results, "transit")
        shown = _with_area(transit[transit["area_kind"] != "buurt"])
        sheets.table("transit", shown, SUMMARIES["transit"])


def _first(sheets: Sheets, results: Results, name: str, table: Table, *, note: str = "") -> None:
    """Write a sheet of the first rows of a table, as many as a sheet carries: no more of it is read."""
    rows, n_rows = results.first(name, int(presentation().lists.max_sheet_rows))
    sheets.table(name, rows, table, note=note, n_rows=n_rows)


def _best_of_each(ranked: Ranked, most: int, words: Words) -> tuple[Frame, str]:
    """Return the best of each flexmilieu, as many in all as a sheet carries, and what that leaves out."""
    n_all = sum(ranked.n_ranked.values())
    if n_all <= most:
        return ranked.rows, ""
    each = max(1, most // ranked.rows["flexmilieu"].nunique())
    best = ranked.rows.groupby("flexmilieu", sort=False).head(each)
    return best, words.text("workbook.rows_limited", shown=words.number(len(best)), n=words.number(n_all))


def _most_homes(results: Results, most: int, words: Words) -> tuple[Frame, str]:
    """Return the parcels with most homes, as many as a sheet carries, and what that leaves out; ties by site_id."""
    n_sites = results.n_rows("sites")
    if n_sites <= most:
        return results.table("sites"), ""
    by, kept = ["n_common_expected", "site_id"], pd.DataFrame()
    for rows in results.chunks("sites", columns=by):
        kept = pd.concat([kept, rows[by]]).sort_values(by, ascending=[False, True], na_position="last").head(most)
    shown = results.rows("sites", "site_id", kept["site_id"])
    return shown, words.text("workbook.sites_limited", shown=words.number(most), n=words.number(n_sites))


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
    sheet.set_row(0, 2 * LINE_PT)
    notes = [f"{words.text('answer.notes')}: {words.label(note)}" for note in results.manifest.notes]
    first = [found["checked"]] if found["checked"] else []
    lines = [*first, *found["sentences"], *more, *notes, words.text("report.screening_note")]
    for i, line in enumerate(lines, 3):
        sheet.write_string(i, 0, line, sheets.wrapped)
        sheet.set_row(i, _height_of(line))
    after = len(lines) + 4
    sheet.write_string(after, 0, found["pbl"], sheets.warning)
    sheet.set_row(after, _height_of(found["pbl"]))
    warnings = [words.said(warning) for warning in results.manifest.warnings]
    for i, line in enumerate(warnings, after + 2):
        sheet.write_string(i, 0, line, sheets.wrapped)
        sheet.set_row(i, _height_of(line))


def _write_portfolio_sheets(sheets: Sheets, results: Results, words: Words) -> None:
    """Write the sheets of a corporation's workbook."""
    buildings = buildings_table(results)
    complexes = complexes_table(buildings)
    _write_summary(sheets, results, words, portfolio_lines(results, buildings, complexes, words))
    sheets.table("portfolio_complexes", complexes, RoofUnits, Roofs, Complexes, Lookalikes)
    sheets.table("roofs", buildings, RoofUnits, Roofs, Complexes, Lookalikes, PortfolioMatches)
    unmatched = results.first_of("portfolio_unmatched", "canonical/portfolio_unmatched")
    if unmatched is not None:
        sheets.table("unmatched", results.table(unmatched), PortfolioUnmatched)
    _write_roof_units(sheets, results, words)
    _write_origins(sheets, results, words)


def _write_roof_units(sheets: Sheets, results: Results, words: Words) -> None:
    """Write what may be added per way of topping up, without what is excluded (a dozen rows a shed), and the totals."""
    most = int(presentation().lists.max_sheet_rows)
    shown, n_rows = results.first("roof_units", most, lambda units: units[units["verdict"] != "excluded"])
    sheets.table("roof_units", shown, RoofUnits, note=words.text("workbook.roof_units_note"), n_rows=n_rows)
    if results.has("roof_exploitation"):
        _first(sheets, results, "roof_exploitation", RoofExploitation, note=words.text("exploitation.note"))
    note = words.text("workbook.roof_totals_note")
    sheets.table("roof_totals", summary(results, "roof_totals"), SUMMARIES["roof_totals"], note=note)


def _write_origins(sheets: Sheets, results: Results, words: Words) -> None:
    """Write the assumptions and the sources."""
    found = origin.figures(results, words)
    columns = ["kind", "parameter", "value", "unit", "why", "path", "file"]
    sheets.table("assumptions", found, columns=columns)
    sheets.table("sources", pd.DataFrame(origin.sources(results, words)))


def _with_gemeente(table: Frame) -> Frame:
    """Return the table with the gemeente, shown by name, after its code."""
    return _after(table, "gemeente_code", "gemeente_name")


def _with_area(table: Frame) -> Frame:
    """Return the table with the area, shown by name, after its code."""
    return _after(table, "area_code", "area_name")


def _with_why(results: Results, sites: Frame, words: Words) -> Frame:
    """Return the parcels with, after their verdict, the rules that take most of them."""
    told = sites.copy()
    if results.has("reasons"):
        own = results.rows("reasons", "site_id", sites["site_id"])
        told, why = with_marks_elsewhere(own, sites), told_of_sites(own, sites, words)
        told.insert(list(told.columns).index("verdict") + 1, "what_takes_most", why)
    return told


def _after(table: Frame, code: str, name: str) -> Frame:
    """Return the table with a column of codes again, to be shown by name."""
    named = table.copy()
    named.insert(list(named.columns).index(code) + 1, name, named[code])
    return named


def _height_of(line: str) -> int:
    """Return the height in points of the row of the summary that a line fits in: programs make none of themselves."""
    return LINE_PT * (1 + len(line) // _LINE_CHARACTERS)
