"""The columns that the reports make themselves: what stands beside a row to read it by.

Those of the tables of a run and of its summaries stand in :mod:`flexsites.tables`.
"""

from __future__ import annotations

from flexsites.tables.field import Field, Format
from flexsites.tables.summary_tables import SUMMARIES


def _text(name: str, description: str = "", as_: Format = "text", names: str | None = None) -> Field:
    return Field(name, "str", description, format=as_, names=names)


_ROOFS = (
    _text("complex", "the owner's complex, else the block of one construction", "code"),
    _text("portfolio_rows", "rows of the portfolio that led to the building", "list"),
    *(Field(f"n_{verdict}", "int", "buildings of the complex") for verdict in ("eligible", "conditional", "excluded")),
    Field("n_unknown", "int", "buildings of the complex of which it is not known"),
    Field("n_buildings_complex", "int", "buildings in the block of one construction", null="not known"),
    Field("year_from", "int", "earliest building year that is known", null="none is known", format="year"),
    Field("year_until", "int", "latest building year that is known", null="none is known", format="year"),
    Field("n_storeys_min", "int", "fewest storeys that are known", null="none is known"),
    Field("n_storeys_max", "int", "most storeys that are known", null="none is known"),
)
_TEXTS = (
    _text("gemeente", "municipality", "code", "area"),
    _text("gemeente_name", "municipality", "code", "area"),
    _text("area_name", "name of the area", "code", "area"),
    _text("rule", "name of the rule", "code", "rule"),
    _text("parameter", "what the figure is of"),
    _text("path", "where the figure stands in the configuration", "code"),
    _text("kind", "assumption, or figure with a source"),
    _text("value", "the figure", "written"),
    _text("unit", "the unit of the figure", "code", "unit"),
    _text("why", "why it is assumed"),
    _text("source", "where the figure comes from"),
    *(_text(name) for name in ("title", "provider", "licence", "attribution", "edition", "url", "notes", "lost")),
    _text("data", "what was read of it"),
    _text("source_id", "under which name the run file and messages know it", "code"),
    Field("n_features", "int", "objects used", null="not counted"),
    _text("access", "what is measured", "code", "measure"),
    _text("distance", "distance to the parcel", "written"),
    Field(
        "homes_of_place",
        "str",
        "homes that the whole place would hold whose rank it is, and how many of them need no consent",
        null="the place has no rank",
        format="written",
        null_is="not_applicable",
    ),
    _text("units_range", "homes from the low to the high bounds", "written"),
    _text(
        "break_even_span",
        "whole years after which homes may leave without loss: expected, and from favourable to unfavourable",
        "written",
    ),
    _text(
        "shortfall_span",
        "what is short over the available years: expected, and from favourable to unfavourable",
        "written",
    ),
    _text(
        "years_typical", "break-even years of the middle site: expected, and from favourable to unfavourable", "written"
    ),
    _text("typical", "expected shortfall per home of the middle site, once, not a year", "written"),
    _text("rent_typical", "rent of a home at which the middle site comes out even, a month", "written"),
    _text("decides_most", "the group of figures that decides at most sites"),
    *(
        Field(f"n_{name}", "int", f"sites of which the exploitation {what}")
        for name, what in (
            ("covers", "is paid for over the whole range"),
            ("likely", "is paid for at the expected figures"),
            ("unlikely", "is paid for at favourable figures only"),
            ("falls_short", "is not paid for within the range"),
            ("unknown_years", "is unknown, as the years are"),
        )
    ),
    _text("anchor", "the answer published elsewhere"),
    _text("published", "as it was published", "written"),
    _text("found", "what this run says of it", "written"),
    _text("note", "what to mind in comparing them"),
    *(
        Field(
            f"{column}_elsewhere",
            "list",
            f"rules that {what}, and touch the parcel where its land does not (yet) count; of an eligible parcel land "
            "that needs consent does not; empty: none, as far as checked here",
            names="rule",
            empty_is="not_applicable",
        )
        for column, what in (("restrictions", "ask consent"), ("flags", "ask attention"))
    ),
    _text("against", "the requirement that fails, or those that are unknown"),
    *(
        Field(name, "float", "", null="no source of the rule speaks about any site", unit="m2", format="hectares")
        for name in ("programme_area", "area", "covered", "first", "only")
    ),
)
_SUMMED = {field.name: field for table in reversed(SUMMARIES.values()) for field in table.fields}
SHOWN: dict[str, Field] = _SUMMED | {field.name: field for part in (_ROOFS, _TEXTS) for field in part}
"""By name, those of the summaries among them; a table that defines a column of the same name goes before."""
