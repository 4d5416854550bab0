"""Variants that need inputs of their own: prepared and assessed by themselves, their results put among the others.

Another speed, source, timetable rule or roof rule changes what is prepared, so nothing of the run can be read again.
Such a variant is a run inside the run (``apart/<id>``); what it finds stands in ``variants/<id>`` as of any variant.
"""

from __future__ import annotations

from flexsites.config.study import BASE
from flexsites.runs.cells import ROOF_TABLES, VARIANT_TABLES
from flexsites.runs.run import Place
from flexsites.tables.whole_files import take_over

_ADOPTED = (*VARIANT_TABLES, "piece_locations", "exploitation", *ROOF_TABLES, "roof_exploitation")


def place_apart(place: Place, variant: str) -> Place:
    """Return where a variant that needs inputs of its own stands, as a run inside the run."""
    inner = Place(place.directory / "apart" / variant, f"{place.run_id}/{variant}")
    inner.directory.mkdir(parents=True, exist_ok=True)
    return inner


def adopt(place: Place, variant: str, inner: Place) -> None:
    """Put the tables of a run inside the run among those of the variants, where they are the run's own.

    They stay where they were as well, linked: what a run has written is looked at when it ends.
    """
    for name in _ADOPTED:
        found, wanted = inner.result(BASE, name), place.result(variant, name)
        if found.is_file():
            take_over(found, wanted)
