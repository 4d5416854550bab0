"""The page, the tables and the map of what differs between two runs."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from flexsites.reporting.names import words_of
from flexsites.reporting.report.sections_page import Section, write_sections
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.summaries.difference import cause_changes, gemeente_changes, site_changes
from flexsites.reporting.table_view import TableView, table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.contract import Table
from flexsites.tables.difference_tables import CauseChanges, GemeenteChanges, SiteChanges
from flexsites.tables.files import write_table
from flexsites.tables.whole_files import write_whole

_WIDTH, _RADIUS = 900.0, 3.0
_COLOURS = {"won": "#2e7d5b", "lost": "#b3261e"}
_WGS84 = "EPSG:4326"
_NAMED = {"gemeente_code": "gemeente_name"}


def write_difference(first: Path, second: Path, lang: str = "nl") -> tuple[Path, str]:
    """Write what differs between two runs into the folder of the second; return the page, and the answer.

    Parameters
    ----------
    first, second
        Directories of finished runs.
    lang
        ``nl`` or ``en``.

    Raises
    ------
    InputError
        When one of them holds no results.
    NotFoundError
        When one of them assessed no parcels.
    """
    before, after = open_results(first), open_results(second)
    words = words_of(after, lang)
    changes = site_changes(before, after)
    gemeenten, causes = gemeente_changes(before, after, changes), cause_changes(changes)
    folder = after.directory / "diff" / str(before.manifest.run_id)
    for name, table, frame in (
        ("site_changes", SiteChanges, changes),
        ("gemeente_changes", GemeenteChanges, gemeenten),
        ("cause_changes", CauseChanges, causes),
    ):
        write_table(frame, table, folder / f"{name}.parquet")
    shapes = _shapes(before, after, changes)
    write_whole(folder / "changes.geojson", shapes.to_crs(_WGS84).to_json(drop_id=True).encode())
    lead = _lead(gemeenten, words)
    named = changes.assign(cause=_named(changes, words))
    page = write_sections(
        folder / ("diff.html" if lang == "nl" else f"diff.{lang}.html"),
        words,
        title=words.text("diff.title"),
        of=f"{before.manifest.run_id} → {after.manifest.run_id}",
        intro=words.text("diff.intro"),
        lead=lead,
        sections=(
            Section(
                words.text("diff.causes"),
                table_view(causes.assign(cause=_named(causes, words)), CauseChanges.columns, words, CauseChanges),
            ),
            Section(words.text("diff.gemeenten"), _view(gemeenten, GemeenteChanges, words)),
            Section(words.text("diff.sites"), _view(named, SiteChanges, words)),
        ),
        drawing=_drawing(after, shapes),
    )
    return page, lead


def _view(frame: Frame, table: Table, words: Words) -> TableView:
    """Return a table for the page: municipalities by their names."""
    columns = [_NAMED.get(name, name) for name in table.columns]
    return table_view(frame.rename(columns=_NAMED), columns, words, table)


def _named(table: Frame, words: Words) -> pd.Series[str]:
    """Return the causes in words: rules and requirements by their names."""
    kinds = {"rule": "rule", "criterion": "criterion", "unknown": "criterion"}
    told = [
        None
        if pd.isna(cause)
        else words.text("none")
        if cause == "none"
        else words.name(kinds.get(kind, "rule"), cause)
        for kind, cause in zip(table["cause_kind"], table["cause"], strict=True)
    ]
    return pd.Series(told, index=table.index, dtype="str")


def _lead(gemeenten: Frame, words: Words) -> str:
    sums = gemeenten[[name for name in GemeenteChanges.columns if name != "gemeente_code"]].sum()
    return words.text(
        "diff.lead",
        **{
            str(name): words.about(value) if "homes" in str(name) else words.number(value)
            for name, value in sums.items()
        },
    )


def _shapes(before: Results, after: Results, changes: Frame) -> gpd.GeoDataFrame:
    """Return the parcels won and lost with their shapes."""
    known = pd.concat([one.table("sites")[["site_id", "geometry"]] for one in (after, before)])
    merged = changes.merge(known.drop_duplicates("site_id"), on="site_id")
    return gpd.GeoDataFrame(merged, geometry="geometry", crs=after.table("sites").crs)


def _drawing(after: Results, shapes: gpd.GeoDataFrame) -> str:
    """Return a sketch map: all parcels of the run faint, those won and lost in colour; none where nothing changed."""
    if shapes.empty:
        return ""
    sites = gpd.GeoDataFrame(after.table("sites"))
    west, south, east, north = sites.total_bounds
    scale = _WIDTH / max(east - west, 1.0)
    points = sites.geometry.centroid
    faint = "".join(
        f"M{(x - west) * scale:.0f} {(north - y) * scale:.0f}h1" for x, y in zip(points.x, points.y, strict=True)
    )
    marks = "".join(
        f'<circle cx="{(p.x - west) * scale:.1f}" cy="{(north - p.y) * scale:.1f}" r="{_RADIUS}" fill="{_COLOURS[c]}"/>'
        for p, c in zip(shapes.geometry.centroid, shapes["change"], strict=True)
    )
    size = f"{_WIDTH:.0f} {(north - south) * scale:.0f}"
    return f'<svg viewBox="0 0 {size}" role="img"><path d="{faint}" stroke="#a9a294" stroke-width="2"/>{marks}</svg>'
