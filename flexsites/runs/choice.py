"""What a choice between the best sites of a run rests on, told after its exploitation is."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from flexsites import tables as t
from flexsites.config.study import BASE, Study
from flexsites.runs.run import Place
from flexsites.suitability.choice import tell_scores, unbeaten_sites
from flexsites.tables import Frame, Table
from flexsites.tables.choice_tables import ParetoSites, ScoreParts
from flexsites.tables.files import read, read_chunks, write_table

_RANKS = 200
"""Of so many ranks per flexmilieu the parts of the score are written: lists and factsheets show far fewer."""


def tell_choice(place: Place, study: Study) -> None:
    """Write what the scores of the best sites are made of, and which sites no other beats."""
    if not study.run.assesses_parcels:
        return
    suitability = _rows(place, "suitability", t.Suitability, lambda rows: rows["rank"].notna())
    ids = set(suitability["site_id"])
    best = suitability[(suitability["rank"] <= _RANKS).to_numpy(dtype=bool)].reset_index(drop=True)
    shown = set(best["site_id"])
    access = _rows(place, "accessibility", t.Accessibility, lambda rows: rows["site_id"].isin(shown))
    parts = tell_scores(best, access, flexmilieus=study.flexmilieus)
    write_table(parts, ScoreParts, place.result(BASE, "score_parts"))
    sites = _rows(place, "sites", t.Sites, lambda rows: rows["site_id"].isin(ids))
    told = unbeaten_sites(sites, suitability, read(place.result(BASE, "exploitation")))
    write_table(told, ParetoSites, place.result(BASE, "pareto_sites"))


def _rows(place: Place, name: str, table: Table, choose: Callable[[Frame], pd.Series[bool]]) -> Frame:
    """Return the rows of a result that are chosen, reading some rows at a time."""
    chunks = read_chunks(place.result(BASE, name))
    return t.concat([rows[choose(rows).to_numpy(dtype=bool)] for rows in chunks], table)
