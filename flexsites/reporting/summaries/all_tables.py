"""The tables that sum up a run, computed from its results and written beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from flexsites.reporting.names import homes_per_ha_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.summaries.anchors import compare_anchors
from flexsites.reporting.summaries.drop import drop_table, requirement_table
from flexsites.reporting.summaries.portfolio import headline
from flexsites.reporting.summaries.roofs import roof_groups, roof_totals
from flexsites.reporting.summaries.totals import AREA_KINDS, ownership_totals, totals, verdict_totals
from flexsites.reporting.summaries.transit import transit_diagnostic
from flexsites.reporting.summaries.variants import compare_variants
from flexsites.tables import Frame, conform
from flexsites.tables.counting import counts
from flexsites.tables.files import write_chunks
from flexsites.tables.summary_tables import SUMMARIES

_COMPUTED = ("totals", "verdicts", "drop", "requirements", "ownership", "variants")


def summary(results: Results, name: str) -> Frame:
    """Return a summing table: the one the run wrote, or computed from its results.

    Parameters
    ----------
    results
        An opened run.
    name
        ``totals``, ``verdicts``, ``drop``, ``requirements``, ``ownership``, ``variants``, ``transit``,
        ``anchors``, ``roof_totals`` or ``roof_groups``.
    """
    if results.has(name):
        return _checked(results.table(name), name, str(results.directory / f"{name}.parquet"))
    return results.once(f"computed {name}", lambda: _compute(results, name))


def _compute(results: Results, name: str) -> Frame:
    """Compute a summing table from the results."""
    order = results.flexmilieus or None
    ways: dict[str, Callable[[], Frame]] = {
        "roof_totals": lambda: roof_totals(results.table("roof_units")),
        "roof_groups": lambda: roof_groups(
            results.table("roofs"), results.table("roof_units"), headline=headline(results)
        ),
        "transit": lambda: _transit(results),
        "anchors": lambda: _anchors(results),
        "drop": lambda: _drop(results),
        "verdicts": lambda: verdict_totals(results.table("sites"), places=results.places()),
        "ownership": lambda: ownership_totals(results.table("sites"), places=results.places()),
        "requirements": lambda: requirement_table(results.table("suitability"), results.table("sites")),
        "variants": lambda: _variants(results),
        "totals": lambda: totals(
            results.table("sites"),
            results.table("suitability"),
            flexmilieu_order=order,
            undemanding=results.undemanding,
            places=results.places(),
            clusters=results.clusters(),
        ),
    }
    return _checked(ways[name](), name, "summaries")


def _checked(table: Frame, name: str, where: str) -> Frame:
    """Return a table in the types of its definition; refuse it if it breaks that, whoever wrote it."""
    return conform(table, SUMMARIES[name], where=where, is_result=True)


def run_wide(table: Frame) -> Frame:
    """Return the rows of a table that span the run."""
    return table[table["area_kind"] == "run"]


def write_tables(directory: Path | str) -> list[Path]:
    """Write every summing table of a run that its results allow; each appears whole or not at all.

    Raises
    ------
    InputError
        When the directory holds no results.
    """
    results = open_results(directory)
    names = list(_COMPUTED) if results.has_sites else []
    if results.has_sites and results.has("accessibility"):
        names.append("transit")
    if results.has_sites and results.manifest.anchors:
        names.append("anchors")
    if results.has("roof_units"):
        names += ["roof_totals", "roof_groups"]
    return [_write(results, name) for name in names]


def _drop(results: Results) -> Frame:
    """Tell what each rule takes, with the near misses where the run looked for them."""
    missed = results.table("near_misses") if results.has("near_misses") else None
    per_ha = homes_per_ha_of(results)
    sites, reasons, told = (results.table(name) for name in ("sites", "reasons", "rule_coverage"))
    return drop_table(
        sites, reasons, missed,
        rule_coverage=told, rule_order=results.rules, homes_per_ha=None if per_ha is None else per_ha[1],
    )  # fmt: skip


def _variants(results: Results) -> Frame:
    """Set the variants side by side, each with its own pieces."""
    found = results.variants()
    places = {name: results.places(name) for name in found}
    order, undemanding = results.flexmilieus or None, results.undemanding
    return compare_variants(found, flexmilieu_order=order, undemanding=undemanding, places=places)


def _anchors(results: Results) -> Frame:
    """Set the run beside the published answers that it names."""
    transit = run_wide(summary(results, "transit")) if results.has("accessibility") else None
    told = results.manifest.anchors
    anchors = told.anchors if told else ()
    sites, places = results.table("sites"), results.places()
    return compare_anchors(anchors, summary(results, "totals"), transit, sites, places=places)


def _transit(results: Results) -> Frame:
    """Run the diagnostic; a mode that the run did not measure leaves unknown what the others do not decide."""
    diagnostic = presentation().transit
    access, pieces = results.table("accessibility"), results.table("pieces")
    sites = results.table("sites")
    counting = pd.DataFrame(pieces)[counts(pieces, sites["site_id"], sites["verdict"])]
    # A piece that is no site (too small, without a road) lends its stop to no other.
    located = pieces["piece_id"][(pieces["is_valid"] & pieces["is_with_consent"]).to_numpy()]
    access = access[access["piece_id"].isin(located) | access["piece_id"].isin(counting["piece_id"])]
    there = set(access["measure"].unique())
    measured = {mode: measure for mode, measure in diagnostic.measures.items() if measure in there}
    reaches = {
        name: {mode: float(metres) for mode, metres in reach.items()}
        for name, reach in diagnostic.reaches.items()
        if any(mode in measured for mode in reach)
    }
    return transit_diagnostic(
        sites,
        access,
        measures=measured,
        reaches=reaches,
        area_kinds=AREA_KINDS,
        places=results.places(),
        pieces=counting[["piece_id", "site_id", "core_area_m2"]],
    )


def _write(results: Results, name: str) -> Path:
    """Write a table in its own order, which is that in which people read it."""
    path = results.directory / f"{name}.parquet"
    write_chunks([_compute(results, name)], SUMMARIES[name], path)
    return path
