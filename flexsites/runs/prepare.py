"""What a run prepares once: every source read, streets and timetable made ready; and the same walk as a check."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flexsites.config.input_rules import input_rules
from flexsites.config.study import Study
from flexsites.errors import FlexsitesError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.osm.margins import short_margins
from flexsites.inputs.prepare import Checked, Request, check, prepare, without_services
from flexsites.inputs.prepare_land import CONTEXT_M
from flexsites.inputs.prepare_streets import ReachRequest
from flexsites.inputs.prepared import Prepared
from flexsites.runs.fetched import box_of, fetched_for
from flexsites.runs.make_ready import make_ready, only_networks
from flexsites.runs.room import require_room_for_cells
from flexsites.runs.run import Options, Place
from flexsites.runs.streets_beside import streets_beside
from flexsites.runs.synthetic import invent
from flexsites.runs.warm_up import compiling
from flexsites.surroundings import halo_m


def prepare_inputs(place: Place, study: Study, options: Options) -> Prepared:
    """Read every source once and write what the cells will read; what is unchanged is not read again."""
    base = study.path.parent.absolute()  # a located file is located again: relative, it would start here twice
    request = _request(study)
    require_room_for_cells(study, options)
    with Console(stderr=True, quiet=options.quiet).status("inputs") as status, compiling(study):
        invented = invent(study.run, place.directory / "world", base=base, reach=reach_request(study))
        inputs = prepare(
            invented.sources,
            directory=place.canonical,
            base=base,
            request=request,
            world=invented.folder,
            fetched=fetched_for(study),
            make_ready=None if request.reach is None else make_ready(request.reach, options.workers),
            beside=streets_beside(request.reach, options.workers),
            report=lambda name: status.update(escape(f"inputs: {name}")),
        )
    return replace(inputs, records=(*inputs.records, *invented.records))


def check_inputs(study: Study, *, report: Callable[[str], None] = lambda _: None) -> Checked:
    """Read every source as a run would, in a folder of its own; return what is wrong and warned of, run nothing."""
    base = study.path.parent.absolute()  # a located file is located again: relative, it would start here twice
    with tempfile.TemporaryDirectory(prefix="flexsites-check-") as folder:
        try:
            invented = invent(study.run, Path(folder) / "world", base=base, reach=reach_request(study))
        except FlexsitesError as error:
            return Checked(list(error.faults), ())
        request, fetched = _request(study), fetched_for(study)
        return check(
            invented.sources,
            base=base,
            request=request,
            world=invented.folder,
            fetched=fetched,
            make_ready=None if request.reach is None else only_networks(request.reach),
            report=report,
        )


def margins_told(study: Study) -> list[str]:
    """Return a sentence per source of streets, amenities or stops that ends too near to the area of a run.

    What cannot be read is told by the check itself.
    """
    area, reach = box_of(study.run.area), float(input_rules().fetch.reach_m)
    if area is None or not _reaches(study):
        return []
    with tempfile.TemporaryDirectory(prefix="flexsites-check-") as folder:
        places = Places(study.path.parent, Path(folder), fetched=fetched_for(study))
        try:
            return short_margins(study.run.sources, area, reach_m=reach, places=places)
        except FlexsitesError:
            return []


def not_asked(study: Study) -> list[str]:
    """Return the sources that a check does not read, because only a service can answer and nothing was fetched."""
    return sorted(without_services(study.run.sources, fetched_for(study))[1])


def _request(study: Study) -> Request:
    """Return what a run asks of its inputs."""
    run = study.run
    return Request(
        area=run.area,
        rules=tuple(study.all_rules) if run.assesses_parcels else (),
        layers=layers_besides(study),
        halo_m=layers_halo_m(study),
        reach=reach_request(study) if _reaches(study) else None,
        with_stock=run.assesses_roofs,
        reference_date=run.reference_date,
    )


def _reaches(study: Study) -> bool:
    """Return whether anything walks: parcels always; roofs, to their stops, where streets and stops are given."""
    run = study.run
    return run.assesses_parcels or (run.sources.streets is not None and bool(run.sources.stops))


def reach_request(study: Study) -> ReachRequest:
    """Return what a run asks of its streets and its timetable; one of roofs alone no more than the walk to a stop."""
    of_parcels = study.run.assesses_parcels
    return ReachRequest(
        measures=study.street_measures if of_parcels else (),
        travel=study.travel_measures if of_parcels else (),
        egress_reach_m=study.transit_reach_m,
        modes=study.measures.modes,
        rules=study.streets,
        categories=study.amenities,
        transit=study.transit,
        on=study.run.reference_date,
    )


def layers_besides(study: Study) -> tuple[str, ...]:
    """Return the layers that are read besides those of rules: what bars an entrance, and what is asked of buildings."""
    of_parcels = (*study.locations.barrier_layers, study.tests.streets_layer) if study.run.assesses_parcels else ()
    of_roofs = study.top_up.context.layers if study.run.assesses_roofs and study.top_up is not None else ()
    return (*of_parcels, *of_roofs)


def layers_halo_m(study: Study) -> float:
    """Return how far around the area layers are read: as far around the parcels outside it as around those in it."""
    return halo_m(study) + 2.0 * CONTEXT_M
