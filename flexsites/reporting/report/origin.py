"""The later sections of the report: areas, shortlist, variants, owners, coverage, roofs, assumptions, sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flexsites.config.base import collect_figures
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.views import TableView, heads
from flexsites.reporting.words import Words
from flexsites.tables.manifest import FigureTold

# What became of rows of a source that did not go through unchanged: told wherever there are any.
_LOST = ("n_left_out", "n_outside_area", "n_repeated", "n_repaired", "n_quarantined")
_CALENDAR = 1000
"""From here on a number of years is a year of the calendar."""


def assumptions(results: Results, words: Words) -> dict[str, TableView]:
    """Return every assumed figure and every sourced one, those of the report itself included."""
    own = list(collect_figures(presentation(), "report"))
    assumed, sourced = list(results.manifest.assumptions), list(results.manifest.figures)
    for path, figure in own:
        told = FigureTold(path=path, value=figure.value, unit=figure.unit, why=figure.why, source=figure.source)
        (assumed if figure.assumption else sourced).append(told)
    return {
        "assumed": TableView(
            heads(words, ("path",), ("value",)) + heads(words, ("unit", "why"), ()),
            [[*_figure(entry, words), entry.why or words.text("assumptions.no_reason")] for entry in assumed],
        ),
        "sourced": TableView(
            heads(words, ("path",), ("value",)) + heads(words, ("unit", "source"), ()),
            [[*_figure(entry, words), entry.source or words.unknown] for entry in sourced],
        ),
    }


def _figure(figure: FigureTold, words: Words) -> list[str]:
    """Return path, value and unit of a figure, written without rounding it away."""
    if figure.unit == "year" and figure.value >= _CALENDAR:
        written = str(int(figure.value))  # a year is no amount: it takes no thousands separator
    else:
        written = words.number(figure.value, len(f"{figure.value:.10f}".rstrip("0").partition(".")[2]))
    return [figure.path, written, words.name("unit", figure.unit) if figure.unit else "–"]


def sources_by_origin(listed: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
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


def sources(results: Results, words: Words) -> list[dict[str, str]]:
    """Return the sources with edition, licence and attribution; what the manifest does not say is unknown."""
    keys = ("title", "provider", "licence", "attribution", "edition", "url")
    listed = []
    for entry in results.manifest.sources:
        source = {key: str(getattr(entry, key) or words.unknown) for key in keys}
        source["id"] = entry.id
        source["n_features"] = words.number(entry.n_features)
        source["notes"] = entry.notes
        told = ((words.text(f"columns.{key}"), getattr(entry, key)) for key in _LOST)
        source["lost"] = ", ".join(f"{label}: {words.number(n)}" for label, n in told if n)
        listed.append(source)
    return listed
