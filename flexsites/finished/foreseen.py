"""What a question will take, told before it is answered: how many parcels it may assess anew, and about how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely

from flexsites.config.readings import Reading
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.config.study import Study
from flexsites.exclusion.changed import differing
from flexsites.exclusion.constraints import constrain
from flexsites.exclusion.found_before import are_told_by
from flexsites.exclusion.kernels.cores import gap_bridged_m
from flexsites.exclusion.kernels.labels import has_label
from flexsites.exclusion.pieces import position_of
from flexsites.exclusion.selection import geometry_of
from flexsites.finished.at_hand import LandAtHand, cutting_anew, layers_of, new_rules
from flexsites.finished.layouts import asked_anew
from flexsites.finished.opened import in_order_of
from flexsites.geometry.nearness import near_any
from flexsites.tables import Frame, valid
from flexsites.tables.contract import is_among

__all__ = [
    "SECONDS_PER_PARCEL",
    "TELLING_S",
    "Foreseen",
    "Kind",
    "is_everywhere",
    "kind_of",
    "laid_out_anew",
    "may_be_assessed",
    "met",
    "seconds_of",
]

Bools = npt.NDArray[np.bool_]

_OF_LAYOUTS = frozenset({"flexmilieus", "layout", "dwelling_types"})
"""What of a reading decides what is laid out on a piece, and no more of it than its lanes."""

Kind = Literal["effects", "distances", "tests", "retold", "layouts"]
"""What a question of land is of: what rules do, where they lie, how pieces are tested, what the run itself found of
every piece asked again (for how long, or which are large enough), what is laid out."""

SECONDS_PER_PARCEL: Mapping[Kind, float] = {
    "effects": 0.007, "distances": 0.009, "tests": 0.003, "retold": 0.0003, "layouts": 0.0045,
}  # fmt: skip
"""What a parcel that may be assessed anew takes one process, where no question of its kind has told it yet [A].

Measured on the demo, in processor time: five effects of rules took 0.002 to 0.007, four distances 0.005 to 0.009, a
least width 0.003 and a term, by which another rule holds, 0.001; a horizon and a least area 0.0002; a density 0.004.
"""

TELLING_S = 1e-4
"""What follows of each parcel of the run once all shares are assessed takes who asked, and nobody else [A].

Measured on the demo: 0.4 to 0.45 seconds of processor time for 4,269 parcels.
"""


def seconds_of(kind: Kind, n_parcels: int, n_told: int, n_processes: int = 1) -> float:
    """Return about how long a question takes that assesses so many parcels, in a run of so many.

    Examples
    --------
    >>> round(seconds_of("layouts", 1000, 5000), 2), round(seconds_of("layouts", 1000, 5000, n_processes=2), 2)
    (5.0, 2.75)
    """
    return n_parcels * SECONDS_PER_PARCEL[kind] / n_processes + n_told * TELLING_S


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a question will take.

    Attributes
    ----------
    n_parcels
        How many parcels it may assess anew; 0: it is of figures alone.
    seconds
        About how long that takes here, told by the questions before it.
    """

    n_parcels: int
    seconds: float


def may_be_assessed(at_hand: LandAtHand, study: Study, reading: Reading) -> Bools:
    """Return which parcels of a run a reading may change, before anything is cut or dissolved for it, shape (n,).

    What a rule newly cuts changes the land of what lies beside it too, no farther than a core can bridge; what lies
    beyond that may follow: it is an estimate, not a bound.
    """
    if is_everywhere(study.base, reading):
        return np.ones(len(at_hand.parcels), dtype=bool)
    _, _, is_laid_out = laid_out_anew(at_hand, study.base, reading)
    faces, found = at_hand.faces, met(at_hand, study, cutting_anew(at_hand, study))
    shapes = geometry_of(at_hand.everyone)
    found |= near_any(shapes, shapes[found], within_m=gap_bridged_m(float(study.tests.min_width_m)))
    names = differing(study.base.rules, reading.rules)
    is_other = has_label(faces["rules"].to_numpy(), names).any(axis=1)
    found[position_of(at_hand.everyone, faces)[is_other]] = True
    return np.asarray(found[position_of(at_hand.everyone, at_hand.parcels)] | is_laid_out, dtype=bool)


def kind_of(before: Reading, reading: Reading) -> Kind:
    """Return what a question of land is of, by what of it takes longest."""
    if is_everywhere(before, reading):
        # All parcels are assessed: those that are cut besides are few of them.
        return "retold" if _is_retold(before, reading) else "tests"
    if new_rules(before.rules, reading.rules):
        return "distances"
    sections = {path.partition(".")[0] for path in reading.leaves_otherwise(before)}
    return "layouts" if sections <= _OF_LAYOUTS else "effects"


def _is_retold(before: Reading, reading: Reading) -> bool:
    """Whether what the run found of its pieces tells of nearly all as a reading asks: no rule leaves other land.

    Which plans count hangs on the years that are asked: they lie on few parcels.
    """
    rules = {rule.rule_id: rule for rule in (*before.rules, *reading.rules)}
    others = (rules[name] for name in differing(before.rules, reading.rules))
    is_told = are_told_by(reading.tests, before.tests) and reading.least_lane_m == before.least_lane_m
    return is_told and all(isinstance(rule, PlannedCapacity) for rule in others)


def is_everywhere(before: Reading, reading: Reading) -> bool:
    """Whether more than rules and layouts differs: then every piece is tested and dated again."""
    sections = {path.partition(".")[0] for path in reading.leaves_otherwise(before)}
    return bool(sections - {"rules", *_OF_LAYOUTS}) or reading.least_lane_m != before.least_lane_m


def laid_out_anew(at_hand: LandAtHand, before: Reading, reading: Reading) -> tuple[Frame, dict[str, Bools], Bools]:
    """Return the valid pieces of a run, by flexmilieu which are laid out anew, and which parcels these lie on."""
    tables = at_hand.run.tables
    pieces, asked = valid(tables["pieces"]), {}
    if any(path.partition(".")[0] in _OF_LAYOUTS for path in reading.leaves_otherwise(before)):
        laid_out = in_order_of(tables["laid_out"], pieces)
        asked = asked_anew(pieces, tables["transit_quality"], laid_out, before=before, after=reading)
    is_asked = np.any([np.zeros(len(pieces), dtype=bool), *(one.any(axis=0) for one in asked.values())], axis=0)
    return pieces, asked, is_among(at_hand.parcels["site_id"], pieces.loc[is_asked, "site_id"])


def met(at_hand: LandAtHand, study: Study, new: tuple[ExclusionRule, ...]) -> Bools:
    """Return which parcels, those around the run among them, rules may cover."""
    found = np.zeros(len(at_hand.everyone), dtype=bool)
    if not new:
        return found
    layers = at_hand.inputs.read_layers(names=layers_of(new))
    ordered = layers.sort_values(["layer", "feature_id", "part"], kind="stable", ignore_index=True)
    tree = shapely.STRtree(geometry_of(at_hand.everyone))
    for one in constrain(at_hand.everyone, ordered, rules=new, time=study.base.time):
        found[tree.query(one.polygons, predicate="intersects")[1]] = True
        if one.is_whole and one.is_asked is not None:
            found |= one.is_asked
    return found
