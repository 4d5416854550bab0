"""What a run invents before it reads its sources: a whole municipality, or nothing but a timetable on real stops."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flexsites.config.base import Label
from flexsites.config.run import Run
from flexsites.config.sources import Sources
from flexsites.errors import Fault, InputError, counted, writing
from flexsites.inputs.formats.files import Places
from flexsites.inputs.rows.records import SourceRecord

if TYPE_CHECKING:
    from flexsites.inputs.prepare_streets import ReachRequest

TIMETABLE = "timetable.zip"
"""The file of an invented timetable: ``world://timetable.zip``."""

_LEAST_STOPS = 2
_NOTE = Label(
    nl="De dienstregeling is verzonnen: alleen de plek van de haltes is echt. Wat op ov rust, is een proef.",
    en="The timetable is invented: only the places of the stops are real. What rests on transit is a trial.",
)


@dataclass(frozen=True, slots=True)
class Invented:
    """What was invented.

    Attributes
    ----------
    folder
        Where ``world://`` points; None: nothing was.
    sources
        The run's sources without the stops that the timetable stands for.
    records
        What the manifest tells of those stops.
    """

    folder: Path | None
    sources: Sources
    records: tuple[SourceRecord, ...] = ()


def invent(run: Run, folder: Path, *, base: Path, reach: ReachRequest) -> Invented:
    """Write what the run invents; the same run writes the same bytes.

    Parameters
    ----------
    run
        The run.
    folder
        Where invented files go.
    base
        The folder of the run file.
    reach
        How stops are read.

    Raises
    ------
    InputError
        If the stops cannot be read, or are too few for a timetable.
    RunError
        If a file cannot be written.
    """
    if run.world is None:
        return Invented(None, run.sources)
    if run.world.timetable_on is None:
        from flexsites.worlds.municipality import write_municipality  # noqa: PLC0415 - no worker invents anything

        folder.mkdir(parents=True, exist_ok=True)
        with writing(folder):
            write_municipality(folder, **run.world.model_dump(exclude_none=True))
        return Invented(folder, run.sources)
    from flexsites.inputs.prepare_streets import read_stops_alone  # noqa: PLC0415
    from flexsites.worlds.gtfs_zip import write_synthetic_timetable  # noqa: PLC0415

    key = run.world.timetable_on
    folder.mkdir(parents=True, exist_ok=True)
    stops, record = read_stops_alone(key, run.sources, places=Places(base, folder), request=reach)
    if len(stops) < _LEAST_STOPS:
        n_stops = counted(len(stops), "stop", "stops")
        raise InputError(Fault(n_stops, f"stops.{key}", "a timetable needs two stops of one mode"))
    year = run.reference_date.year
    write_synthetic_timetable(
        folder / TIMETABLE,
        stops,
        seed=run.world.seed,
        start_date=dt.date(year, 1, 1),
        end_date=dt.date(year, 12, 31),
    )
    others = {name: row for name, row in run.sources.stops.items() if name != key}
    told = replace(record, notes=f"{record.notes}; served by the INVENTED timetable of this run")
    return Invented(folder, run.sources.model_copy(update={"stops": others}), (told,))


def notes_of(run: Run) -> tuple[Label, ...]:
    """Return what a reader must know of the run, its own notes and what it invented."""
    invents_timetable = run.world is not None and run.world.timetable_on is not None
    return ((_NOTE,) if invents_timetable else ()) + run.notes


def is_synthetic(run: Run) -> bool:
    """Whether the whole place is invented, here or before; a run that invents its timetable alone is not."""
    return run.is_synthetic or (run.world is not None and run.world.timetable_on is None)
