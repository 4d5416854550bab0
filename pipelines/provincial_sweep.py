"""A province sweeps its area: every parcel (and, if asked, every roof) assessed, totals, drop table, variants, map."""

from __future__ import annotations

from pathlib import Path

from flexsites import reporting
from flexsites.config.study import Study
from flexsites.runs.across_cells import gather_roofs, gather_sites, match
from flexsites.runs.added import add_variants, finished_beside
from flexsites.runs.apart import adopt, place_apart
from flexsites.runs.cells import assess, keyed, merge_parts
from flexsites.runs.certainty import draw_of_run
from flexsites.runs.choice import tell_choice
from flexsites.runs.exploitation import tell_exploitation
from flexsites.runs.manifest import write_manifest
from flexsites.runs.prepare import prepare_inputs
from flexsites.runs.run import Options, Place, forget_parts, start
from flexsites.runs.side_by_side import of_run


def run(study: Study, options: Options) -> Path:
    """Run the sweep and return the directory of its results."""
    place = assess_all(study, options)
    reporting.write_all(place, lang=options.lang, quiet=options.quiet, at_once=of_run(place, options))
    return place


def assess_all(study: Study, options: Options) -> Path:
    """Assess the run, and before it each variant that needs inputs of its own; return the run's directory.

    What a finished run beside it holds is taken over, and variants of figures are answered from that.
    """
    place = start(study, options)
    found = finished_beside(place, study, options)
    for variant, one in study.apart.items():
        if found is None or variant not in found.standing:
            inner = place_apart(place, variant)
            _assess(inner, one, options)
            adopt(place, variant, inner)
    if found is None:
        _assess(place, study, options)
    else:
        add_variants(place, study, found, options)
    return place.directory


def _assess(place: Place, study: Study, options: Options) -> None:
    """Assess parcels and roofs, gather what is not local, write the manifest."""
    inputs = prepare_inputs(place, study, options)
    place = keyed(place, study, inputs)
    rows = assess(place, study, inputs, options)
    merge_parts(place, study, rows, options)
    if study.run.assesses_parcels:
        gather_sites(place, study, inputs, rows, options)
        match(place, study, inputs, options)
        draw_of_run(place, study)
    if study.run.assesses_roofs:
        gather_roofs(place, study, inputs, rows)
    tell_exploitation(place, study, options)
    tell_choice(place, study)
    forget_parts(place, other=True)
    write_manifest(place, study, inputs, rows)
