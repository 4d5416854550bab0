"""Prepare the inputs of a run: every source read once, logged, and written as canonical tables; or only checked.

Nothing of a source is lost in silence. The faults of all sources are raised together, after all of them were read.
A source whose files, configuration and area are unchanged is not read again. A check is the same walk over the same
sources, in a folder of its own: it differs in what it keeps, never in what it reads.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from flexsites.config.rules import ExclusionRule
from flexsites.config.run import Area
from flexsites.config.source_rows import FileRow, Row
from flexsites.config.sources import Service, Sources
from flexsites.config.street_sources import OsmPlace
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.files import Places, is_remote
from flexsites.inputs.formats.locked import Fetched
from flexsites.inputs.land.listed_parcels import strangers
from flexsites.inputs.land.rule_needs import columns_asked
from flexsites.inputs.preparation import Preparation, once_each
from flexsites.inputs.prepare_land import (
    RunArea,
    prepare_areas,
    prepare_demand,
    prepare_parcels,
    resolve_area,
    window_around,
)
from flexsites.inputs.prepare_layers import prepare_layers
from flexsites.inputs.prepare_stock import prepare_stock
from flexsites.inputs.prepare_streets import MakeReady, ReachRequest, prepare_streets
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.rows.options import unused_options
from flexsites.inputs.rows.records import about_of
from flexsites.tables import Frame

Beside = Callable[[Preparation, Frame | None], AbstractContextManager[None]]
"""Given the preparation and table ``Areas``: makes streets ready elsewhere while the block lasts, or does nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a run asks of its inputs.

    Attributes
    ----------
    area
        The extent of the run; without a bound: everything that the parcels or buildings hold.
    rules
        Every rule of every variant: they say which attributes layers must have, and which cells of rasters count.
    layers
        The layers that are read besides: of any other the run tells that nothing reads it.
    halo_m
        How far outside the area layers are read: the longest reach of any rule.
    reach
        How streets, amenities and stops are read; None: they are not.
    with_stock
        Whether the building stock is read.
    reference_date
        The day whose state of registers counts; None: what has no end.
    """

    area: Area = field(default_factory=Area)
    rules: tuple[ExclusionRule, ...] = ()
    layers: tuple[str, ...] = ()
    halo_m: float = 0.0
    reach: ReachRequest | None = None
    with_stock: bool = False
    reference_date: dt.date | None = None


def prepare(
    sources: Sources,
    *,
    directory: Path,
    base: Path,
    request: Request = Request(),
    world: Path | None = None,
    fetched: Fetched | None = None,
    make_ready: MakeReady | None = None,
    beside: Beside | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Prepared:
    """Read the sources of a run and write their canonical tables.

    Parameters
    ----------
    sources
        The sources.
    directory
        Where canonical files go, with a folder `quarantine` and a folder `scratch`.
    base
        The folder of the run file.
    request
        What the run asks of them.
    world
        The folder of the synthetic place that `world://` names.
    fetched
        What was fetched for the run before it; None: what is remote is fetched now.
    make_ready
        Makes of streets and stops what the cells search in; None: nothing is made of them.
    beside
        May make streets and stops ready while parcels and layers are read; None: they are read in their turn.
    report
        Told each source as its turn comes.

    Returns
    -------
        What was written, and what was told.

    Raises
    ------
    InputError
        With every fault of every source.
    """
    places = Places(base=base, scratch=directory / "scratch", world=world, fetched=fetched)
    preparation = Preparation(sources, directory, places, report)
    _walk(preparation, request, make_ready, beside)
    return preparation.finish()


class Checked(NamedTuple):
    """What was found of sources that were read to be checked."""

    faults: list[Fault | str]
    """Everything that is wrong; none is good news."""
    warnings: tuple[str, ...]
    """What a run of them tells its readers to know, as far as it was come to: a fault may stand before more."""


def check(
    sources: Sources,
    *,
    base: Path,
    request: Request = Request(),
    world: Path | None = None,
    fetched: Fetched | None = None,
    make_ready: MakeReady | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Checked:
    """Read every source as a run would, and return everything that is wrong and what a run would warn of.

    Rows that cannot be used are faults, or warned of where the run sets them apart (`faulty_rows`). Services are not
    asked: what they would answer is not known before the run, unless it was fetched.

    Parameters
    ----------
    sources, base, request, world, fetched, report
        As `prepare` has them.
    make_ready
        What may still refuse the streets that were read; None: nothing is asked of them.
    """
    local, unasked = without_services(sources, fetched)
    with tempfile.TemporaryDirectory(prefix="flexsites-check-") as name:
        places = Places(base=base, scratch=Path(name) / "scratch", world=world, fetched=fetched)
        preparation = Preparation(local, Path(name), places, report, unasked=unasked)
        for source, row in sources.rows().items():
            preparation.attempt(lambda source=source, row=row: about_of(source, row))  # type: ignore[misc]
        try:
            _walk(preparation, request, make_ready)
            preparation.finish()
        except InputError:
            return Checked(once_each(preparation.faults), preparation.told())
    return Checked([], preparation.told())


def _walk(
    preparation: Preparation, request: Request, make_ready: MakeReady | None, beside: Beside | None = None
) -> None:
    """Read every source in turn; what is wrong stays with the preparation."""
    preparation.faults += unused_options(preparation.sources)
    preparation.asked = columns_asked(preparation.sources, request.rules)
    areas = prepare_areas(preparation)
    with nullcontext() if beside is None else beside(preparation, areas):
        area = resolve_area(preparation, request.area, areas)
        if area is not None:
            prepare_parcels(preparation, area, areas)
            if "parcels" in preparation.tables:
                preparation.faults += strangers(request.rules, preparation.tables)
        around = window_around(preparation, area or RunArea(), request.halo_m)
        others = (*request.layers, *([request.area.within] if request.area.within else []))
        prepare_layers(preparation, request.rules, areas, around, request.reference_date, others)
        prepare_demand(preparation)
    if request.reach is not None:
        reach = request.reach
        preparation.attempt(lambda: prepare_streets(preparation, reach, make_ready, areas))
    if request.with_stock and area is not None:
        preparation.attempt(lambda: prepare_stock(preparation, area, areas, request.reference_date))
    if area is None:
        _tell_missing(preparation, request)


def _tell_missing(preparation: Preparation, request: Request) -> None:
    """Tell which files are not there of what is read only where the area is known, and now is not."""
    for name, row in preparation.sources.rows().items():
        is_asked = name == "parcels" or (request.with_stock and name.startswith(("buildings.", "portfolio")))
        paths = row.paths if is_asked and isinstance(row, FileRow) else ()
        if paths and not any(map(is_remote, paths)):
            preparation.attempt(lambda name=name, row=row: preparation.files(name, row))  # type: ignore[misc]


def without_services(sources: Sources, fetched: Fetched | None) -> tuple[Sources, frozenset[str]]:
    """Return the sources without those that only a service can answer, and the names of these."""
    unasked: set[str] = set()

    def is_local(name: str, row: Row | None) -> bool:
        is_held = fetched is not None and bool(fetched.lock.of(name))
        if isinstance(row, Service | OsmPlace) and not is_held:
            unasked.add(name)
            return False
        return True

    changes: dict[str, object] = {}
    for group in ("layers", "amenities", "stops"):
        rows = getattr(sources, group)
        changes[group] = {key: row for key, row in rows.items() if is_local(f"{group}.{key}", row)}
    for name in ("parcels", "streets"):
        if not is_local(name, getattr(sources, name)):
            changes[name] = None
    kinds = type(sources.areas).model_fields
    gone = {kind: None for kind in kinds if not is_local(f"areas.{kind}", getattr(sources.areas, kind))}
    changes["areas"] = sources.areas.model_copy(update=gone)
    return sources.model_copy(update=changes), frozenset(unasked)
