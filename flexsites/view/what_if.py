"""What if: the figures and rules of a finished run that a visitor may change, and what the run then answers, live.

What is asked is a variant of the run file, held to the same model and the same checks; what it answers equals a run
with that variant. For rules, distances and tests the parcels that they change are assessed anew, and that is told.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from flexsites.config.base import Figure
from flexsites.config.estimates import ESTIMATES, Bounds
from flexsites.config.readings import BASE
from flexsites.config.rules import ExclusionRule, WithinDistance
from flexsites.config.run import Variant
from flexsites.config.suitability import Flexmilieu, Threshold
from flexsites.config.what_if import as_yaml, variant_asked
from flexsites.errors import ConfigError, Fault, FlexsitesError
from flexsites.exclusion.selection import geometry_of
from flexsites.finished.counted import ANY, Counted
from flexsites.finished.opened import Finished, open_finished
from flexsites.finished.questions import Compared, Questions
from flexsites.reporting.maps.display import in_degrees
from flexsites.reporting.words import Words
from flexsites.suitability.judgement import requirements
from flexsites.tables.contract import is_among
from flexsites.view.index import FOLDER
from flexsites.view.what_if_words import told_by_form

_REMEDY = "send JSON with the changes of a variant, and a flexmilieu"
_ORDER = "counting.first_flexmilieus"
_ROOM = tuple(f"n_room_{one}" for one in ESTIMATES)


@dataclass
class Asked:
    """A run that is asked what if; it is opened the first time, and answers one question of a kind at a time.

    Attributes
    ----------
    directory
        Where the run stands.
    workers
        How many processes answer a question of land, this one among them; each holds the land of the run.
    """

    directory: Path
    workers: int = 1
    _opened: list[Questions] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _turn_of_land: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self) -> None:
        """Open what questions are answered with beside who looks; a question that comes sooner opens it itself."""
        threading.Thread(target=self._prepare, daemon=True).start()

    def end(self) -> None:
        """End the processes that help."""
        for one in self._opened:
            one.end()

    def _prepare(self) -> None:
        # What cannot be opened is told to who asks.
        with suppress(FlexsitesError):
            self._run()
            with self._turn:
                self._opened[0].prepare_figures()
            with self._turn_of_land:
                self._opened[0].prepare_land()
            if self.workers > 1:
                self._opened[0].look_ahead(self.directory / FOLDER)

    def form(self, words: Words) -> dict[str, Any]:
        """Return what may be changed, and what it is in the run.

        Raises
        ------
        InputError
            If the run was made by an earlier version.
        """
        run = self._run()
        counting = run.base.counting
        common = list(_numbers("counting.common_homes_per_ha", counting.common_homes_per_ha))
        reach = _number("counting.cluster_reach_m", counting.cluster_reach_m)
        return {
            "milieus": [_milieu(run, one, words) for one in run.base.flexmilieus],
            "common": common,
            "reach": reach,
            "order": {"path": _ORDER, "value": list(counting.first_of(run.names))},
            "estimates": list(ESTIMATES),
            "estimate": run.base.estimate,
            "rules": [_rule(one, words) for one in run.settings.rules if one.effect != "include"],
            "tests": [_number(path, figure) for path, figure in _tests(run)],
            "gemeenten": _gemeenten(run, words),
        }

    def answer(self, body: bytes) -> dict[str, Any]:
        """Answer a question: JSON with the ``changes`` of a variant, the ``flexmilieu`` and ``gemeente`` looked at.

        With ``is_ahead`` it is only told what the question will take. With ``is_first`` that gemeente alone is
        answered, and ``rest`` names those to ask before the whole: nearest first. Clusters look over its border: they,
        and locations on other land, follow with the whole.

        Raises
        ------
        ConfigError
            With every fault of what is asked.
        """
        begin = time.perf_counter()
        asked = _read(body)
        run = self._run()
        if asked.milieu not in (ANY, *run.names):
            raise ConfigError(
                Fault(f"no flexmilieu {asked.milieu}", "flexmilieu", f"use one of {', '.join(run.names)}")
            )
        if asked.gemeente is not None and asked.gemeente not in gemeenten_of(run):
            raise ConfigError(Fault(f"no gemeente {asked.gemeente} in this run", "gemeente", _REMEDY))
        variant, first = variant_asked(asked.changes), asked.gemeente if asked.is_first else None
        questions = self._opened[0]
        if asked.is_ahead:
            return self._foresee(variant, first)
        # A question of figures waits for no question of land.
        with self._turn_of_land if questions.is_of_land(variant) else self._turn:
            found = questions.count(variant, first)
            rest = [] if first is None else questions.rest(variant, first)
        told = {
            "gemeente": asked.gemeente,
            "is_whole": first is None,
            "rest": rest,
            "totals": _beside(found, variant.id, lambda counted: counted.totals(asked.gemeente)),
            "room": _beside(found, variant.id, _room) if asked.gemeente == first else {},
            "first": _beside(found, variant.id, lambda counted: counted.first(asked.gemeente)),
            "variant": variant.id,
            "yaml": as_yaml(variant),
            "n_assessed": found.n_assessed,
        }
        return told | _moved(found, asked.milieu) | {"seconds": round(time.perf_counter() - begin, 3)}

    def told(self, error: FlexsitesError, body: bytes, words: Words, said: Callable[[str], str]) -> list[str]:
        """Return what is wrong with a question in the words of the form, where it can be told in them.

        Parameters
        ----------
        error
            What `answer` raised for it.
        body
            The question.
        words, said
            Of the language of the page, see `told_by_form`.
        """
        faults = [one for one in error.faults if isinstance(one, Fault)]
        try:
            changes, form = _read(body).changes, self.form(words)
        except FlexsitesError:
            return [one.told(said) for one in faults]
        return [told_by_form(one, changes, form, words, said) for one in faults]

    def _foresee(self, variant: Variant, gemeente: str | None) -> dict[str, Any]:
        """Return what a question will take; it waits for no other, only for the land to be opened."""
        questions = self._opened[0]
        with nullcontext() if questions.is_land_open or not questions.is_of_land(variant) else self._turn_of_land:
            found = questions.foresee(variant, gemeente)
        # In tenths, upwards: what is short is not told as none.
        return {"n_parcels": found.n_parcels, "seconds": math.ceil(found.seconds * 10) / 10}

    def _run(self) -> Finished:
        with self._turn:
            if not self._opened:
                self._opened.append(Questions(open_finished(self.directory), self.workers - 1))
        return self._opened[0].run


@dataclass(frozen=True, slots=True)
class _Question:
    """The changes of a variant, the flexmilieu and gemeente looked at; whether that is wanted first, and only ahead."""

    changes: Mapping[str, Any]
    milieu: str
    gemeente: str | None
    is_first: bool
    is_ahead: bool


def _read(body: bytes) -> _Question:
    """Return what is asked."""
    changes, asked = changes_of(body), json.loads(body)
    gemeente = asked.get("gemeente")
    is_first = bool(asked.get("is_first")) and gemeente is not None
    milieu, where = str(asked.get("flexmilieu", ANY)), None if gemeente is None else str(gemeente)
    return _Question(changes, milieu, where, is_first, bool(asked.get("is_ahead")))


def changes_of(body: bytes) -> dict[str, Any]:
    """Return the changes of a variant that a question is about.

    Raises
    ------
    ConfigError
        If it is no JSON, or asks nothing.
    """
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise ConfigError(Fault("no JSON", "question", _REMEDY)) from error
    changes = asked.get("changes") if isinstance(asked, dict) else None
    if not isinstance(changes, dict):
        raise ConfigError(Fault("no changes", "question", _REMEDY))
    return changes


def gemeenten_of(run: Finished) -> list[str]:
    """Return the codes of the gemeenten that a run has parcels in, sorted."""
    return sorted(map(str, run.tables["sites"]["gemeente_code"].dropna().unique()))


def _gemeenten(run: Finished, words: Words) -> list[dict[str, Any]]:
    """Return the gemeenten of a run, each with the bounds of its parcels in degrees: west, south, east, north."""
    sites = run.tables["sites"]
    bounds = pd.DataFrame(shapely.bounds(geometry_of(sites)), columns=["west", "south", "east", "north"])
    sides = bounds.groupby(sites["gemeente_code"].to_numpy(dtype=object)).agg(
        {"west": "min", "south": "min", "east": "max", "north": "max"}
    )
    west, south, east, north = sides.to_numpy().T
    boxes = shapely.bounds(in_degrees(shapely.box(west, south, east, north), 0.0)).tolist() if len(sides) else []
    told = zip(map(str, sides.index), boxes, strict=True)
    return [{"code": code, "label": words.name("area", code), "box": box} for code, box in told]


def _milieu(run: Finished, one: Flexmilieu, words: Words) -> dict[str, Any]:
    """Return the figures of a flexmilieu; a density goes no higher than layouts were counted to."""
    at, programme = f"flexmilieus.{one.id}", one.programme
    most = None if programme.max_units is None else list(_numbers(f"{at}.programme.max_units", programme.max_units))
    return {
        "id": one.id,
        "label": words.label(one.label),
        "limits": list(_limits(run, one, words)),
        "weights": [
            _number(f"{at}.weighted.{i}.weight", each.weight) | _measure(run, each.measure, words)
            for i, each in enumerate(one.weighted)
        ],
        "density": list(_numbers(f"{at}.programme.fsi", programme.fsi, most=programme.fsi.high.value)),
        "fewest": list(_numbers(f"{at}.programme.min_units", programme.min_units)),
        "most": most,
        "term": _number(f"{at}.least_term_years", one.least_term_years) if run.base.time.asks_least_term else None,
    }


def _rule(rule: ExclusionRule, words: Words) -> dict[str, Any]:
    """Return a rule: what it does in the run, and its one distance, if it has one."""
    distance = rule.distance_m if isinstance(rule, WithinDistance) else None
    return {
        "id": rule.rule_id,
        "label": words.label(rule.label),
        "effect": rule.effect if rule.is_on else "off",
        "distance": None if distance is None else _number(f"rules.{rule.rule_id}.distance_m", distance),
    }


def _tests(run: Finished) -> Iterator[tuple[str, Figure]]:
    """Give the figures of piece tests and of time that are asked most, by their paths."""
    tests, time_model = run.base.tests, run.base.time
    yield "pieces.min_area_m2", tests.min_area_m2
    yield "pieces.min_width_m", tests.min_width_m
    yield "time.term_years", time_model.term_years
    yield "time.preparation_years", time_model.preparation_years


def _limits(run: Finished, one: Flexmilieu, words: Words) -> Iterator[dict[str, Any]]:
    """Give every measure that the flexmilieu requires, once: a limit holds wherever a target group asks it."""
    known = {each.id: each for each in run.settings.measures.measures}
    seen: dict[str, Threshold] = {}
    for criterion in requirements(one, run.base.groups):
        for each in criterion.any_of:
            if each.measure in known:
                seen.setdefault(each.measure, each)
    for name, each in seen.items():
        most = getattr(known[name], "limit_m", None) or getattr(known[name], "limit_min", None)
        figure = {"path": name, "value": each.limit, "sense": each.sense, "most": None if most is None else float(most)}
        yield figure | _measure(run, name, words)


def _measure(run: Finished, name: str, words: Words) -> dict[str, Any]:
    """Return how a measure is called, and its unit."""
    found = next((one for one in run.settings.measures.measures if one.id == name), None)
    return {"measure": name, "label": name if found is None else words.label(found.label),
            "unit": None if found is None or found.unit == "1" else found.unit}  # fmt: skip


def _numbers(path: str, bounds: Bounds, *, most: float | None = None) -> Iterator[dict[str, Any]]:
    for one in ESTIMATES:
        yield {"path": f"{path}.{one}", "value": bounds.at(one), "estimate": one, "most": most}


def _number(path: str, figure: Figure | None) -> dict[str, Any]:
    return {"path": path, "value": None if figure is None else float(figure)}


def _beside(found: Compared, variant: str, of: Callable[[Counted], Any]) -> dict[str, Any]:
    """Return something of the run, and of what was asked."""
    return {BASE: of(found.before), variant: of(found.after)}


def _room(counted: Counted) -> dict[str, dict[str, int]]:
    """Return the room of suitable available locations by flexmilieu, consent given: what that land takes."""
    return {name: dict(zip(_ROOM, one, strict=True)) for name, one in counted.room.items()}


def _moved(found: Compared, milieu: str) -> dict[str, Any]:
    """Return which available parcels suit that did not, which fail now, and of which it is unknown now."""
    before, _ = found.before.suiting(milieu)
    return moved(before, *found.after.suiting(milieu))


def moved(before: Iterable[str], after: Iterable[str], unknown: Iterable[str]) -> dict[str, Any]:
    """Return by their ids what counts that did not, what does no longer, and what is unknown now; how many stay.

    Parameters
    ----------
    before, after
        What counts in the run, and in what was asked.
    unknown
        Of which it is unknown in what was asked.

    Examples
    --------
    >>> moved(["a", "b", "c"], ["c", "d"], ["b"])
    {'gained': ['d'], 'lost': ['a'], 'doubted': ['b'], 'n_kept': 1}
    """
    was, now, may = (pd.Series(list(one), dtype="str") for one in (before, after, unknown))
    is_gone, is_doubted = ~is_among(was, now), is_among(was, may)
    return {
        "gained": now[~is_among(now, was)].sort_values().to_list(),
        "lost": was[is_gone & ~is_doubted].sort_values().to_list(),
        "doubted": was[is_gone & is_doubted].sort_values().to_list(),
        "n_kept": int((~is_gone).sum()),
    }
