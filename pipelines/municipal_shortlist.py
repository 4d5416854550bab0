"""A municipality's shortlist: the sweep over its own area, then the best sites with reasons, layout and factsheet."""

from __future__ import annotations

from pathlib import Path

from flexsites import reporting
from flexsites.config.study import Study
from flexsites.runs.run import Options
from flexsites.runs.shortlist import shortlist, sites_of
from flexsites.runs.side_by_side import of_run
from pipelines.provincial_sweep import assess_all


def run(study: Study, options: Options) -> Path:
    """Run the sweep, choose the shortlist, draw its homes, write everything; return the directory."""
    place = assess_all(study, options)
    chosen = shortlist(place, study.run.shortlist)
    # The report links to the factsheets that are there.
    reporting.write_factsheets(place, sites_of(chosen), options.lang)
    reporting.write_all(place, lang=options.lang, quiet=options.quiet, at_once=of_run(place, options))
    return place
