"""What stays unknown of what places reach, for want of a source: told from the configuration, before a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flexsites.config.access import StreetMeasure, TravelTime
from flexsites.config.opportunities import ToStop
from flexsites.config.street_sources import Gtfs, Points
from flexsites.config.study import Study

_AREAS = {"gemeente": "gemeenten", "provincie": "provincies", "wijk": "wijken", "buurt": "buurten"}
"""The sources of areas, by the kind of area that statistics are of."""
_NOT_GIVEN = {
    "streets": "any streets (sources.streets)",
    "stops": "stops and their timetable (sources.stops)",
    "timetable": "a timetable (sources.stops)",
    "amenities": "any amenities (sources.amenities)",
}
"""What a run may have no source of, as it is told."""

_Walk = StreetMeasure | TravelTime


def unreached(study: Study, lang: str = "en") -> list[str]:
    """Return, in words, what streets, timetable, amenities and areas that a run has not make unknown.

    A source for want of which criteria merely go by their other measures is not told: jobs, where business parks stand
    for work.

    Parameters
    ----------
    study
        The run.
    lang
        Of the names of criteria, flexmilieus and measures; the sentences are in English.
    """
    told = []
    for source, lost in _missing(study, lang) if study.run.assesses_parcels else ():
        never, partly, scores = _hit(study, lost, lang)
        if never:
            told.append(f"without {source} no place is known to meet {_list(never)}, nor to suit {_all(never)}")
        if partly and (never or scores):
            told.append(
                f"without {source} it is by other measures alone that {_list(partly)} can be met (for {_all(partly)})"
            )
        if scores:
            told.append(f"without {source} the score of {_all(scores)} leaves out {_list(scores)}")
    if (source := _without_service(study)) is not None:
        told.append(f"without {source} classes of transit are unknown, and with them the parking that hangs on them")
    return told


def _hit(study: Study, lost: set[str], lang: str) -> tuple[dict[str, list[str]], ...]:
    """Return what measures that are lost decide, each with the flexmilieus that ask for it.

    Criteria of which all measures are lost, those of which some are, and measures that are weighed.
    """
    never: dict[str, list[str]] = {}
    partly: dict[str, list[str]] = {}
    scores: dict[str, list[str]] = {}
    labels = {measure.id: measure.label.get(lang) for measure in study.measures.measures}
    for milieu in study.flexmilieus:
        asked = {one.id: one for group in milieu.target_groups for one in study.base.groups[group].requirements}
        for criterion in asked.values():
            is_lost = [one.measure in lost for one in criterion.any_of]
            if any(is_lost):
                found = never if all(is_lost) else partly
                found.setdefault(criterion.label.get(lang), []).append(milieu.label.get(lang))
        for one in milieu.weighted:
            if one.measure in lost:
                scores.setdefault(labels[one.measure], []).append(milieu.label.get(lang))
    return never, partly, scores


def _missing(study: Study, lang: str) -> Iterator[tuple[str, set[str]]]:
    """Give what the run has no source of, and the measures that are unknown for want of it."""
    sources = study.settings.sources
    walks: tuple[_Walk, ...] = (*study.street_measures, *study.travel_measures)
    if sources.streets is None:
        yield _NOT_GIVEN["streets"], {one.id for one in walks}
        return
    if (source := _without_service(study)) is not None:
        yield source, {one.id for one in walks if _asks_service(one) or (not sources.stops and _is_to_stop(one))}
    if not sources.amenities:
        yield _NOT_GIVEN["amenities"], {one.id for one in walks if not _is_to_stop(one)}
    for category, ids in _without_amenities(study, walks).items() if sources.amenities else ():
        known = study.amenities.categories.get(category)
        yield f"{category if known is None else known.label.get(lang)} (sources.amenities)", ids
    for kind, name in _AREAS.items():
        ids = {one.id for one in study.area_measures if one.area_kind == kind}
        if ids and getattr(sources.areas, name) is None:
            yield f"sources.areas.{name}", ids


def _without_service(study: Study) -> str | None:
    """Return what the run has not, where it knows of no stop how often anything leaves; None: it has a timetable."""
    stops = study.settings.sources.stops
    if any(isinstance(row, Gtfs) for row in stops.values()):
        return None
    return _NOT_GIVEN["timetable" if stops else "stops"]


def _without_amenities(study: Study, walks: Iterable[_Walk]) -> dict[str, set[str]]:
    """Return the measures to amenities and places that no source speaks of, by category.

    None where the categories of a table stand in a column: only reading tells.
    """
    rows = study.settings.sources.amenities.values()
    points = [row for row in rows if isinstance(row, Points)]
    if any(row.category is None for row in points):
        return {}
    spoken_of = {str(row.category) for row in points}
    if len(points) < len(rows):  # a map speaks of all that it may hold
        spoken_of |= set(study.amenities.categories)
    found: dict[str, set[str]] = {}
    for one in walks:
        if not isinstance(one.to, ToStop) and one.to.category not in spoken_of:
            found.setdefault(one.to.category, set()).add(one.id)
    return found


def _is_to_stop(one: _Walk) -> bool:
    return isinstance(one.to, ToStop)


def _asks_service(one: _Walk) -> bool:
    """Whether a measure hangs on departures: a journey, a hub, or stops with so many of them."""
    if isinstance(one, TravelTime):
        return True
    return one.min_departures_per_hour is not None or (isinstance(one.to, ToStop) and one.to.stop == "hub")


def _list(found: Iterable[str]) -> str:
    """Return names, which may have commas of their own, each once."""
    return ", ".join(f'"{name}"' for name in dict.fromkeys(found))


def _all(found: dict[str, list[str]]) -> str:
    """Return every flexmilieu once."""
    return _list(name for names in found.values() for name in names)
