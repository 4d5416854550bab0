"""What if: the figures and rules of a finished run that a visitor may change, and what the run then answers, live.

What is asked is a variant of the run file, held to the same model and the same checks; what it answers equals a run
with that variant. For rules, distances and tests the parcels that they change are assessed anew, and that is told.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flexsites.config.base import Figure
from flexsites.config.dwellings import ESTIMATES, Bounds
from flexsites.config.readings import BASE
from flexsites.config.rules import ExclusionRule, WithinDistance
from flexsites.config.suitability import Flexmilieu, Threshold
from flexsites.config.what_if import as_yaml, variant_asked
from flexsites.errors import ConfigError, Fault
from flexsites.finished.opened import Finished, open_finished
from flexsites.finished.questions import Questions, WhatIf
from flexsites.reporting.words import Words
from flexsites.suitability.judgement import requirements
from flexsites.tables import Frame
from flexsites.tables.contract import is_true
from flexsites.tables.counting import AVAILABLE

ANY = "suitable"
"""What stands for all flexmilieus together, as in the totals."""

_REMEDY = "send JSON with the changes of a variant, and a flexmilieu"
_ROOM = tuple(f"n_room_{one}" for one in ESTIMATES)
_COUNTED = (
    "n_sites", "n_locations", "n_sites_unknown",
    *(f"{kind}_{one}" for kind in ("n_common", "n_spread", "n_spread_consent") for one in ESTIMATES),
)  # fmt: skip


@dataclass
class Asked:
    """A run that is asked what if; it is opened the first time, and answers one question at a time.

    Attributes
    ----------
    directory
        Where the run stands.
    """

    directory: Path
    _opened: list[Questions] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

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
            "estimates": list(ESTIMATES),
            "estimate": run.base.estimate,
            "rules": [_rule(one, words) for one in run.settings.rules if one.effect != "include"],
            "tests": [_number(path, figure) for path, figure in _tests(run)],
        }

    def answer(self, body: bytes) -> dict[str, Any]:
        """Answer a question: JSON with the ``changes`` of a variant, and the ``flexmilieu`` that is looked at.

        Raises
        ------
        ConfigError
            With every fault of what is asked.
        """
        begin = time.perf_counter()
        changes, milieu = _read(body)
        run = self._run()
        if milieu not in (ANY, *run.names):
            raise ConfigError(Fault(f"no flexmilieu {milieu}", "flexmilieu", f"use one of {', '.join(run.names)}"))
        with self._turn:
            found = self._opened[0].answer(variant_asked(changes))
        told = {
            "totals": {name: _totals(found.totals, name) for name in (BASE, found.variant.id)},
            "room": {BASE: _room(run.tables), found.variant.id: _room(found.tables)},
            "variant": found.variant.id,
            "yaml": as_yaml(found.variant),
            "n_assessed": found.n_assessed,
        }
        return told | _moved(run, found, milieu) | {"seconds": round(time.perf_counter() - begin, 3)}

    def _run(self) -> Finished:
        with self._turn:
            if not self._opened:
                self._opened.append(Questions(open_finished(self.directory)))
        return self._opened[0].run


def _read(body: bytes) -> tuple[Mapping[str, Any], str]:
    """Return the changes and the flexmilieu of a question."""
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise ConfigError(Fault("no JSON", "question", _REMEDY)) from error
    changes = asked.get("changes") if isinstance(asked, dict) else None
    if not isinstance(changes, dict):
        raise ConfigError(Fault("no changes", "question", _REMEDY))
    return changes, str(asked.get("flexmilieu", ANY))


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


def _totals(totals: Frame, variant: str) -> dict[str, dict[str, float | None]]:
    """Return the totals of a variant by population."""
    rows = totals[(totals["variant"] == variant).to_numpy()]
    return {
        str(row["population"]): {name: _plain(row[name]) for name in _COUNTED}
        for row in rows[["population", *_COUNTED]].to_dict(orient="records")
    }


def _plain(value: Any) -> float | None:  # noqa: ANN401 - a scalar of pandas
    number = math.nan if pd.isna(value) else float(value)
    return None if math.isnan(number) else number


def _room(tables: Mapping[str, Frame]) -> dict[str, dict[str, int]]:
    """Return the room of suitable available locations by flexmilieu, consent given: what that land takes."""
    served, locations = tables["location_suitability"], tables["locations"]
    available = locations.loc[locations["verdict"].isin(AVAILABLE).to_numpy(), "location_id"]
    chosen = served[is_true(served["is_suitable"]) & served["location_id"].isin(available).to_numpy()]
    sums = chosen.groupby("flexmilieu")[list(_ROOM)].sum()
    return {str(name): {one: int(row[one]) for one in _ROOM} for name, row in sums.to_dict(orient="index").items()}


def _moved(run: Finished, found: WhatIf, milieu: str) -> dict[str, Any]:
    """Return which available parcels suit that did not, which fail now, and of which it is unknown now."""
    before, _ = _suiting(run.tables, milieu)
    after, unknown = _suiting(found.tables, milieu)
    gone = np.setdiff1d(before, after)
    return {
        "gained": np.setdiff1d(after, before).tolist(),
        "lost": np.setdiff1d(gone, unknown).tolist(),
        "doubted": np.intersect1d(gone, unknown).tolist(),
        "n_kept": len(np.intersect1d(before, after)),
    }


def _suiting(tables: Mapping[str, Frame], milieu: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of the available parcels that are known to suit a flexmilieu (or any), and that may."""
    sites = tables["sites"]
    available = sites["site_id"][sites["verdict"].isin(AVAILABLE).to_numpy()]
    rows = sites if milieu == ANY else tables["suitability"][(tables["suitability"]["flexmilieu"] == milieu).to_numpy()]
    rows = rows[rows["site_id"].isin(available).to_numpy()]
    ids = rows["site_id"].to_numpy(dtype=object)
    return ids[is_true(rows["is_suitable"])], ids[rows["is_suitable"].isna().to_numpy()]
