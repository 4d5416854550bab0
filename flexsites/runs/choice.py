"""What a choice between the best sites of a run rests on, told after its exploitation is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from flexsites import tables as t
from flexsites.config.study import BASE, Study
from flexsites.runs.run import Place
from flexsites.suitability.choice import tell_scores, unbeaten_sites
from flexsites.tables import Frame
from flexsites.tables.choice_tables import ParetoSites, ScoreParts
from flexsites.tables.files import read_between, read_chunks, read_rows, stretches_of, write_table

_RANKS = 200
"""Of so many ranks per flexmilieu the parts of the score are written: lists and factsheets show far fewer."""


def tell_choice(place: Place, study: Study) -> None:
    """Write what the scores of the best sites are made of, and which sites no other beats."""
    if not study.run.assesses_parcels:
        return
    paths = {name: place.result(BASE, name) for name in ("suitability", "accessibility", "sites", "exploitation")}
    chunks = (
        rows[(rows["rank"] <= _RANKS).to_numpy(dtype=bool, na_value=False)]
        for rows in read_chunks(paths["suitability"])
    )
    best = t.concat(list(chunks), t.Suitability)
    access = read_rows(paths["accessibility"], "site_id", best["site_id"])
    parts = tell_scores(best, access, flexmilieus=study.flexmilieus)
    write_table(parts, ScoreParts, place.result(BASE, "score_parts"))
    # What is beaten in its own stretch is beaten: of a country few sites are left to be set beside each other.
    ids = set[str]()
    for low, high in stretches_of(paths["sites"], "site_id"):
        ids.update(_unbeaten(paths, partial(read_between, key="site_id", low=low, high=high))["site_id"])
    told = _unbeaten(paths, partial(read_rows, column="site_id", values=ids))
    write_table(told, ParetoSites, place.result(BASE, "pareto_sites"))


def _unbeaten(paths: Mapping[str, Path], rows_of: Callable[[Path], Frame]) -> Frame:
    """Return which sites no other beats among those whose rows are given of each table."""
    suitability = rows_of(paths["suitability"])
    ranked = suitability[suitability["rank"].notna().to_numpy()].reset_index(drop=True)
    sites = read_rows(paths["sites"], "site_id", ranked["site_id"])
    return unbeaten_sites(sites, ranked, rows_of(paths["exploitation"]))
