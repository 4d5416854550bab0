"""A housing corporation's roofs: its portfolio matched to buildings, what can be added to each, and a workbook."""

from __future__ import annotations

from pathlib import Path

from flexsites import reporting
from flexsites.config.study import Study
from flexsites.runs.run import Options
from flexsites.runs.side_by_side import of_run
from pipelines.provincial_sweep import assess_all


def run(study: Study, options: Options) -> Path:
    """Assess the roofs of the portfolio (or of the whole stock), and write everything; return the directory."""
    place = assess_all(study, options)
    reporting.write_all(place, lang=options.lang, quiet=options.quiet, at_once=of_run(place, options))
    reporting.write_portfolio(place, options.lang)
    return place
