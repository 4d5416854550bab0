"""Where the numbers come from: assumptions, figures with a source, and the sources with their licences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from flexsites.config.base import collect_figures
from flexsites.config.shelf import SHIPPED
from flexsites.reporting.parameters import parameter_name
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.table_view import TableView, table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.manifest import FigureTold, Manifest

# What became of rows of a source that did not go through unchanged: told wherever there are any.
_LOST = ("n_left_out", "n_outside_area", "n_repeated", "n_repaired", "n_quarantined")
_CALENDAR = 1000
"""From here on a number of years is a year of the calendar."""


def assumptions(results: Results, words: Words) -> dict[str, TableView]:
    """Return every assumed figure and every sourced one, those of the report itself included.

    Of a figure from a file of the user's own the path tells which; all others are of the configuration that is shipped.
    """
    found = figures(results, words)
    is_own = (found["file"] != "") & ~found["file"].str.startswith(f"{SHIPPED}/")
    found["path"] = found["path"].mask(is_own, found["path"] + " (" + found["file"] + ")")
    shown = {"assumed": "why", "sourced": "source"}
    return {
        kind: table_view(
            found[found["of"] == kind].rename(columns={"why": reason}),
            ["parameter", "value", "unit", reason, "path"],
            words,
        )
        for kind, reason in shown.items()
    }


def figures(results: Results, words: Words) -> Frame:
    """Return every figure of the run and of the report, in words.

    Returns
    -------
        Key ``path``, the assumed ones first: ``of`` (``assumed`` or ``sourced``), ``kind`` (that in words),
        ``parameter`` (what the figure is of), ``value`` (not rounded), ``unit``, ``why`` (the reason or the source) and
        ``file`` (which says so; empty for a figure of the report itself).
    """
    assumed, sourced = list(results.manifest.assumptions), list(results.manifest.figures)
    for path, figure in collect_figures(presentation(), "report"):
        told = FigureTold(path=path, value=figure.value, unit=figure.unit, why=figure.why, source=figure.source)
        (assumed if figure.assumption else sourced).append(told)
    rows = [_figure(one, "assumed", one.why, words) for one in assumed]
    rows += [_figure(one, "sourced", one.source, words) for one in sourced]
    return pd.DataFrame(rows, columns=["of", "kind", "path", "parameter", "value", "unit", "why", "file"])


def _figure(figure: FigureTold, of: str, why: str | None, words: Words) -> tuple[str, ...]:
    """Return a row of the figures, its value not rounded away."""
    reason = words.said(why or "") or words.text("assumptions.no_reason")
    if figure.unit == "year" and figure.value >= _CALENDAR:
        value = str(int(figure.value))  # a year is no amount: it takes no thousands separator
    else:
        value = words.number(figure.value, len(f"{figure.value:.10f}".rstrip("0").partition(".")[2]))
    name, kind = parameter_name(words, figure.path), words.text(f"assumptions.one_{of}")
    return of, kind, figure.path, name, value, figure.unit or "1", reason, figure.file or ""


def sources_by_origin(listed: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the sources with what was read of each beneath it: twelve layers of one map are one source.

    Parameters
    ----------
    listed
        What :func:`sources` gives.
    """
    keys = ("title", "provider", "licence", "attribution", "edition", "url")
    origins: dict[tuple[str, ...], dict[str, Any]] = {}
    for source in listed:
        origin = tuple(source[key] for key in keys)
        origins.setdefault(origin, dict(zip(keys, origin, strict=True)) | {"parts": []})["parts"].append(source)
    return list(origins.values())


def sources(results: Results, words: Words) -> list[dict[str, Any]]:
    """Return the sources with edition, licence and attribution; what the manifest does not say is unknown."""
    keys = ("title", "provider", "licence", "attribution", "edition", "url")
    listed = []
    for entry in results.manifest.sources:
        source: dict[str, Any] = {"data": source_name(entry.id, words)}
        source |= {key: words.said(str(getattr(entry, key) or words.unknown)) for key in keys}
        source |= {"n_features": entry.n_features, "notes": words.said(entry.notes)}
        told = ((words.text(f"columns.{key}"), getattr(entry, key)) for key in _LOST)
        source["lost"] = ", ".join(f"{label}: {words.number(n)}" for label, n in told if n)
        listed.append(source | {"source_id": entry.id})
    return listed


def source_name(source_id: str, words: Words) -> str:
    """Return what is read of a source, by its dotted name in the run file: a layer is called as its rule is.

    Examples
    --------
    >>> words = Words("nl", {("rule", "nnn"): "Natuurnetwerk"})
    >>> [source_name(one, words) for one in ("parcels", "layers.nnn", "layers.yards", "stops.timetable", "layers.own")]
    ['percelen', 'Natuurnetwerk', 'erven', 'haltes: timetable', 'kaartlaag: own']
    """
    group, _, key = source_id.rpartition(".")
    if group == "layers" and ("rule", key) in words.names:
        return words.name("rule", key)
    if not group or source_id in words.texts["names"]["source"]:
        return words.name("source", source_id)
    return f"{source_name(group, words)}: {key.replace('_', ' ')}"


def credits_of(manifest: Manifest, words: Words) -> str:
    """Return who is to be named for the sources of a run, each once: one file may be the source of dozens of rules."""
    return words.said("; ".join(dict.fromkeys(source.attribution or source.title for source in manifest.sources)))


def repairs(results: Results) -> dict[str, int]:
    """Return how many geometries were repaired where: on reading the sources, and on cutting the parcels."""
    read = sum(source.n_repaired for source in results.manifest.sources)
    return {"read": read, "cut": sum(cell.n_repairs or 0 for cell in results.manifest.cells)}
