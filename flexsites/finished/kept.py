"""What is kept between questions of other rules: what lies around the parcels of a run, and what was found of pieces.

Of a municipality everything around is read once, and the land laid out once: the next question reads nothing, and
dissolves, opens and enters only pieces that no question has asked before. What follows for a piece does not depend on
how much else is at hand (METHOD 0), so that the answers are the same, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from flexsites.arrays import IntArray
from flexsites.config.readings import Reading
from flexsites.config.rule_sets import PieceTests
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.config.study import Study
from flexsites.exclusion.coverage import Sources
from flexsites.exclusion.found_before import are_told_by, teach_land
from flexsites.exclusion.kernels.land import Land
from flexsites.exclusion.pieces import cut_land_otherwise, open_land, position_of, together_by_id
from flexsites.exclusion.selection import geometry_of
from flexsites.geometry.nearness import Near
from flexsites.inputs.prepared import Prepared
from flexsites.surroundings import Surroundings, surroundings_of
from flexsites.tables import Frame
from flexsites.tables.contract import is_among

__all__ = ["MOST_BYTES", "Ground", "Kept", "bytes_held", "n_besides"]

MOST_BYTES = 2 * 2**30
"""Of land that takes more than this what lies around is read for the parcels that change, and let go again."""

_BYTES_PER_PARCEL = 8_000
"""What is held for a parcel: measured, and rounded up. Pieces that were opened are bounded apart."""

_MOST_PIECES = 120_000
"""When more pieces were asked than this the land is laid out anew: what is held stays within bounds."""

_MOST_OPENED = 10_000
"""The same of bodies of land that were opened, which hold most: measured, some 90 kB each."""

_MOST_LANDS = 2
"""For so many tests of pieces land is held: who compares a question of tests with one of rules asks both in turn."""


def bytes_held(n_parcels: int) -> int:
    """Return about how much memory the land of parcels takes between questions.

    Examples
    --------
    >>> bytes_held(60_000) < MOST_BYTES < bytes_held(1_000_000)
    True
    """
    return n_parcels * _BYTES_PER_PARCEL


def n_besides(n_parcels: int) -> int:
    """Return how many processes besides one can hold the land of parcels.

    Examples
    --------
    >>> n_besides(60_000), n_besides(1_000_000)
    (3, 0)
    """
    return max(0, MOST_BYTES // max(bytes_held(n_parcels), 1) - 1)


@dataclass(frozen=True, slots=True)
class Ground:
    """What pieces of some parcels are tested on.

    Attributes
    ----------
    everyone, faces
        The parcels with those that bear on them, by id, and the faces of all.
    around
        What lies around them.
    land
        All of it, laid out.
    """

    everyone: Frame
    faces: Frame
    around: Surroundings
    land: Land


@dataclass(frozen=True, slots=True)
class _LaidOut:
    """Land that was laid out, and what it was laid out for: its faces, and what beside faces decides of pieces."""

    faces: Frame
    tests: PieceTests
    lane_m: float
    barring: tuple[ExclusionRule, ...]
    around: Surroundings
    land: Land
    taught: set[int] = field(default_factory=set)

    @property
    def is_full(self) -> bool:
        """Whether more pieces were asked, or more land opened, than is held."""
        return self.land.n_remembered > _MOST_PIECES or self.land.n_opened > _MOST_OPENED

    def serves(self, other: Surroundings, reading: Reading, barring: tuple[ExclusionRule, ...]) -> bool:
        """Return whether a reading is tested by the same figures, among the same streets and barriers."""
        asked = (reading.tests, reading.least_lane_m, barring)
        return self.around is other and (self.tests, self.lane_m, self.barring) == asked


@dataclass(slots=True)
class Kept:
    """What lies around the parcels of a run, or of a part of it, and their land; opened when it is first asked."""

    _around: list[tuple[frozenset[str], Surroundings]] = field(default_factory=list)
    _laid_out: list[_LaidOut] = field(default_factory=list)
    _near: dict[float, Near] = field(default_factory=dict)
    _sources: list[Sources] = field(default_factory=list)

    def sources_of(self, parcels: Frame, inputs: Prepared) -> Sources:
        """Return where sources speak about the parcels of the run (or the part): the land of each is cut once."""
        if not self._sources:
            self._sources.append(Sources(parcels, inputs.coverages()))
        return self._sources[0]

    def near_of(self, everyone: Frame, near_m: float) -> Near | None:
        """Return which of all parcels lie within a distance of each other, found once; of a province none is held."""
        if bytes_held(len(everyone)) > MOST_BYTES:
            return None
        if near_m not in self._near:
            if len(self._near) >= _MOST_LANDS:
                self._near.clear()
            self._near[near_m] = Near.of(geometry_of(everyone), within_m=near_m)
        return self._near[near_m]

    def ground_of(
        self,
        asked: Frame,
        parcels: Frame,
        everyone: Frame,
        faces: tuple[Frame, Frame],
        pieces: Frame,
        *,
        inputs: Prepared,
        study: Study,
        reading: Reading,
    ) -> Ground:
        """Return what the pieces of some parcels are tested on.

        Parameters
        ----------
        asked, parcels, everyone
            The parcels that a question changes, all of the run (or the part), and these with those around.
        faces
            Of everyone as the run has them, and with the labels of the reading.
        pieces
            Of the run: what it found of those that are left as they were is not found again.
        inputs, study, reading
            What the run has prepared, its study with the reading, and the reading.
        """
        if bytes_held(len(everyone)) > MOST_BYTES:
            return _read_for(asked, faces, pieces, inputs, study, reading)
        laid_out = self._taught(asked, parcels, everyone, faces[0], pieces, inputs, study, reading)
        around, land = laid_out.around, laid_out.land
        if faces[1] is not laid_out.faces:
            land = cut_land_otherwise(land, everyone, faces[1], rules=study.all_rules, tests=reading.tests)
        return Ground(everyone, faces[1], around, land)

    def learn(
        self, parcels: Frame, everyone: Frame, faces: Frame, pieces: Frame, *, inputs: Prepared, study: Study
    ) -> None:
        """Lay out the land of a run, and give it what the run found of all its pieces: no question does it again.

        Where its sources speak is found as well. Of a province each question reads its own land: nothing is learnt.
        """
        if bytes_held(len(everyone)) > MOST_BYTES:
            return
        self._taught(parcels, parcels, everyone, faces, pieces, inputs, study, study.base)
        sources = self.sources_of(parcels, inputs)
        for rule in study.all_rules:
            for layer in rule.layer_keys:
                sources.of_layer(layer, 0.0)
        sources.of_layer(study.tests.streets_layer, float(study.tests.road_reach_m))

    def _taught(
        self, asked: Frame, parcels: Frame, everyone: Frame, faces: Frame, pieces: Frame,
        inputs: Prepared, study: Study, reading: Reading,
    ) -> _LaidOut:  # fmt: skip
        """Return land laid out for the tests of a reading, given what the run found of the parcels asked."""
        laid_out = self._land_for(everyone, faces, self._around_all(parcels, inputs, study), study, reading)
        taught = laid_out.taught
        at = np.setdiff1d(position_of(everyone, asked), np.fromiter(taught, np.int64, len(taught)))
        _teach(laid_out.land, everyone, laid_out.faces, pieces, at, study, reading)
        taught.update(at.tolist())
        return laid_out

    def _land_for(
        self, everyone: Frame, faces: Frame, around: Surroundings, study: Study, reading: Reading
    ) -> _LaidOut:
        """Return land laid out for the tests of a reading: that of the tests asked last, or of the last but one."""
        barring = _barring(study)
        there = [one for one in self._laid_out if one.serves(around, reading, barring) and not one.is_full]
        if not there:
            near = self.near_of(everyone, float(reading.tests.near_m))
            land = _lay_out(everyone, faces, around, study, reading, near)
            there = [_LaidOut(faces, reading.tests, reading.least_lane_m, barring, around, land)]
        others = [one for one in self._laid_out if one is not there[0] and one.around is around and not one.is_full]
        self._laid_out[:] = [there[0], *others[: _MOST_LANDS - 1]]
        return there[0]

    def _around_all(self, parcels: Frame, inputs: Prepared, study: Study) -> Surroundings:
        """Return what lies around all parcels, with the layers that a study asks of it."""
        wanted = frozenset(_layers_around(study))
        if not (self._around and wanted <= self._around[0][0]):
            known = self._around[0][0] if self._around else frozenset()
            every = sorted(wanted | known)
            self._around[:] = [(frozenset(every), surroundings_of(parcels, inputs, study=study, layers=every))]
        return self._around[0][1]


def _read_for(
    asked: Frame, faces: tuple[Frame, Frame], pieces: Frame, inputs: Prepared, study: Study, reading: Reading
) -> Ground:
    """Return what the pieces of some parcels are tested on, read for these alone."""
    around = surroundings_of(asked, inputs, study=study, layers=_layers_around(study))
    everyone = together_by_id(asked, around.neighbours)
    before, after = (
        one[is_among(one["site_id"], everyone["site_id"])].reset_index(drop=True) for one in faces
    )  # fmt: skip
    land = _lay_out(everyone, before, around, study, reading)
    _teach(land, everyone, before, pieces, np.sort(position_of(everyone, asked)), study, reading)
    land = cut_land_otherwise(land, everyone, after, rules=study.all_rules, tests=reading.tests)
    return Ground(everyone, after, around, land)


def _teach(
    land: Land, everyone: Frame, faces: Frame, pieces: Frame, at: IntArray, study: Study, reading: Reading
) -> None:
    """Give land what the run found of the pieces of some parcels, where that is told by the same tests and ways."""
    base = study.base
    same_lane = reading.least_lane_m == base.least_lane_m
    if same_lane and are_told_by(reading.tests, base.tests):
        teach_land(land, everyone, faces, pieces, at, rules=base.rules, tests=base.tests)


def _lay_out(
    everyone: Frame, faces: Frame, around: Surroundings, study: Study, reading: Reading, near: Near | None = None
) -> Land:
    return open_land(
        everyone, faces, around.streets, around.layers,
        rules=study.all_rules, tests=reading.tests, locations=study.locations, lane_m=reading.least_lane_m,
        nearness=near,
    )  # fmt: skip


def _layers_around(study: Study) -> list[str]:
    """Return the layers that are read around pieces: plans, and what bars a way in."""
    plans = [rule.layer for rule in study.all_rules if isinstance(rule, PlannedCapacity)]
    return sorted({*plans, *(one.layer for one in study.locations.barriers)})


def _barring(study: Study) -> tuple[ExclusionRule, ...]:
    """Return the rules that say how wide is what bars a way in."""
    names = {one.width_of for one in study.locations.barriers}
    return tuple(rule for rule in study.all_rules if rule.rule_id in names)
