"""The page on facilities with a capacity: what they offer where homes may stand, and where they offer nothing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.config.catchment import Catchment as Reach
from flexsites.reporting.names import words_of
from flexsites.reporting.report.sections_page import Section, write_sections
from flexsites.reporting.results import open_results
from flexsites.reporting.table_view import table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.catchment_tables import Catchment
from flexsites.tables.counting import AVAILABLE

__all__ = ["write_catchment"]

_MOST = 50
"""How many places of each kind the page shows; the table has all."""


def write_catchment(directory: Path, told: Frame, reach: Reach, lang: str = "nl") -> tuple[Path, str]:
    """Write the page; return its path, and the answer in sentences."""
    results = open_results(directory)
    words = words_of(results, lang)
    sites = results.columns("sites", ("site_id", "verdict"))
    own = told[told["site_id"].isin(sites.loc[sites["verdict"].isin(AVAILABLE), "site_id"])]
    lead = " ".join(_line(str(kind), rows, words) for kind, rows in own.groupby("facility_kind", sort=True))
    km = words.number(float(reach.cutoff_m) / 1000.0, 1)
    best = own.sort_values(["facility_kind", "capacity_per_1000", "site_id"], ascending=[True, False, True])
    path = write_sections(
        directory / "catchment" / ("catchment.html" if lang == "nl" else f"catchment.{lang}.html"),
        words,
        title=words.text("catchment.title"),
        of=words.label(results.manifest.title or results.manifest.name),
        intro=words.text("catchment.intro", mode=words.text(f"catchment.{reach.mode}"), km=km),
        lead=lead,
        sections=(
            Section(
                words.text("catchment.places"),
                table_view(best.groupby("facility_kind").head(_MOST), Catchment.columns, words, Catchment),
            ),
        ),
    )
    return path, lead


def _line(kind: str, rows: Frame, words: Words) -> str:
    """Return what one kind offers: in the middle, where nothing is in reach, and of how many it is not known."""
    known = rows["capacity_per_1000"].dropna()
    said = {
        "kind": kind,
        "n": words.number(len(known)),
        "middle": words.number(float(known.median()), 1) if len(known) else words.unknown,
        "none": words.number(int((rows["n_facilities"] == 0).sum())),
        "unknown": words.number(int(pd.isna(rows["capacity_per_1000"]).sum())),
        "cut": words.number(int(rows["is_cut_off"].sum())),
    }
    return words.text("catchment.lead", **said)
