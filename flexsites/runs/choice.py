"""What a choice between the best sites of a run rests on, told after its exploitation is."""

from __future__ import annotations

from flexsites import tables as t
from flexsites.config.study import BASE, Study
from flexsites.runs.run import Place
from flexsites.suitability.choice import tell_scores, unbeaten_sites
from flexsites.tables.choice_tables import ParetoSites, ScoreParts
from flexsites.tables.files import read, read_chunks, read_rows, write_table

_RANKS = 200
"""Of so many ranks per flexmilieu the parts of the score are written: lists and factsheets show far fewer."""


def tell_choice(place: Place, study: Study) -> None:
    """Write what the scores of the best sites are made of, and which sites no other beats."""
    if not study.run.assesses_parcels:
        return
    chunks = read_chunks(place.result(BASE, "suitability"))
    suitability = t.concat([rows[rows["rank"].notna().to_numpy()] for rows in chunks], t.Suitability)
    best = suitability[(suitability["rank"] <= _RANKS).to_numpy(dtype=bool)].reset_index(drop=True)
    access = read_rows(place.result(BASE, "accessibility"), "site_id", best["site_id"])
    parts = tell_scores(best, access, flexmilieus=study.flexmilieus)
    write_table(parts, ScoreParts, place.result(BASE, "score_parts"))
    sites = read_rows(place.result(BASE, "sites"), "site_id", suitability["site_id"])
    told = unbeaten_sites(sites, suitability, read(place.result(BASE, "exploitation")))
    write_table(told, ParetoSites, place.result(BASE, "pareto_sites"))
