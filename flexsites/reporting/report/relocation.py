"""The page on a chain of places: what each year has, which places open when, and where homes move."""

from __future__ import annotations

from pathlib import Path

from flexsites.reporting.names import words_of
from flexsites.reporting.report.sections_page import Section, write_sections
from flexsites.reporting.results import open_results
from flexsites.reporting.table_view import TableView, table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Table
from flexsites.tables.relocation_tables import RelocationMoves, RelocationPlaces, RelocationYears, SupplyYears

_YEARS = (
    "gemeente_code", "year", "n_homes_needed", "n_homes_housed", "n_homes_unhoused", "n_homes_moved", "n_homes_new",
    "n_homes_left", "n_places_open",
)  # fmt: skip


def write_relocation(
    directory: Path, folder: Path, flexmilieu: str, supply: Frame, years: Frame, opened: Frame, moves: Frame, lang: str
) -> tuple[Path, str]:
    """Write the page of a chain; return its path and the answer in sentences."""
    results = open_results(directory)
    words = words_of(results, lang)
    lead, note = lead_of(years, moves, words), words.text("relocation.supply_note")
    path = write_sections(
        folder / ("relocation.html" if lang == "nl" else f"relocation.{lang}.html"),
        words,
        title=words.text("relocation.title"),
        of=words.name("flexmilieu", flexmilieu),
        intro=words.text("relocation.intro"),
        lead=lead,
        sections=(
            Section(words.text("relocation.years"), table_view(years, _YEARS, words, RelocationYears)),
            Section(words.text("relocation.places"), _view(opened, RelocationPlaces, words)),
            Section(words.text("relocation.moves"), _view(_named(moves, words), RelocationMoves, words)),
            Section(words.text("relocation.supply"), _view(supply, SupplyYears, words), note),
        ),
    )
    return path, lead


def _named(moves: Frame, words: Words) -> Frame:
    """Return the moves with what comes from or goes to no place in words."""
    told = {"new": words.text("relocation.new"), "leaves": words.text("relocation.leaves")}
    return moves.assign(**{name: moves[name].replace(told) for name in ("from_place", "to_place")})


def lead_of(years: Frame, moves: Frame, words: Words) -> str:
    """Return the answer: who is housed, what moves, and how sure it is that nothing is better."""
    once = years.drop_duplicates("gemeente_code")
    if not once["n_places_considered"].sum():
        return words.text("relocation.none_known", needed=words.number(years["n_homes_needed"].sum()))
    between = moves[(moves["from_place"] != "new") & (moves["to_place"] != "leaves")]
    told = words.text(
        "relocation.lead",
        needed=words.number(years["n_homes_needed"].sum()),
        housed=words.number(years["n_homes_housed"].sum()),
        unhoused=words.number(years["n_homes_unhoused"].sum()),
        first=str(years["year"].min()),
        last=str(years["year"].max()),
        moved=words.number(between["n_homes"].sum()),
    )
    considered = words.number(once["n_places_considered"].sum())
    gaps = once[["gap_unhoused", "gap_moves", "gap_places"]].sum()
    proven = "relocation.proven" if not gaps.any() else "relocation.gap"
    amounts = {str(name).removeprefix("gap_"): words.number(gap, 1) for name, gap in gaps.items()}
    sure = words.text(proven, considered=considered, **(amounts if gaps.any() else {}))
    again = "" if years["is_reproducible"].all() else f" {words.text('relocation.clock')}"
    return f"{told} {sure}{again}"


def _view(table: Frame, of: Table, words: Words) -> TableView:
    return table_view(table, of.columns, words, of)
