"""The chain of places for a programme of homes, asked of a finished run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flexsites.config.relocation import Relocation
from flexsites.config.resolved import read_resolved, settings_of
from flexsites.errors import Fault, NotFoundError
from flexsites.inputs.land.need import read_need
from flexsites.reporting.results import open_results
from flexsites.suitability.relocation import open_places, relocate, supply_by_year
from flexsites.tables import Frame
from flexsites.tables.files import write_table
from flexsites.tables.relocation_tables import (
    RelocationMoves,
    RelocationPlaces,
    RelocationYears,
    SupplyPlaces,
    SupplyYears,
)


@dataclass(frozen=True, slots=True)
class Relocated:
    """A chain, and the folder that its tables stand in."""

    folder: Path
    places: Frame
    supply: Frame
    years: Frame
    opened: Frame
    moves: Frame


def relocation(directory: Path, need: Path, asked: Relocation) -> Relocated:
    """Choose which places of a run open when, and where homes move; write the tables.

    Parameters
    ----------
    directory
        A finished run.
    need
        Homes per gemeente and year; see :func:`flexsites.inputs.land.need.read_need`.
    asked
        Which homes, whose land, and the limits of the search.

    Raises
    ------
    NotFoundError
        If the run has no such flexmilieu, or no parcels.
    InputError
        If the need cannot be read.
    """
    results = open_results(directory)
    if asked.flexmilieu not in results.flexmilieus or not results.has_sites:
        remedy = f"use one of {', '.join(results.flexmilieus) or 'a run that assesses parcels'}"
        raise NotFoundError(Fault(f"the run has no flexmilieu {asked.flexmilieu}", str(directory), remedy))
    needed = read_need(need)
    time = settings_of(read_resolved(directory), str(directory)).time
    places = open_places(results.table("sites"), results.table("clusters"), asked=asked, time=time)
    told = Relocated(
        directory / "relocation" / asked.flexmilieu,
        places,
        supply_by_year(places, needed),
        *relocate(places, needed, asked=asked),
    )
    for name, table, frame in (
        ("places", SupplyPlaces, told.places),
        ("supply_by_year", SupplyYears, told.supply),
        ("relocation", RelocationYears, told.years),
        ("relocation_places", RelocationPlaces, told.opened),
        ("relocation_moves", RelocationMoves, told.moves),
    ):
        write_table(frame, table, told.folder / f"{name}.parquet")
    return told
