"""What if: a finished run asked for another reading of its figures or its rules, answered as a run of it answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from pathlib import Path

from flexsites.compiled import no_search_for_garbage
from flexsites.config.readings import BASE, Reading
from flexsites.config.resolved import RESOLVED, reading_of
from flexsites.config.run import Variant
from flexsites.config.study import Study
from flexsites.config.what_if import as_yaml, variant_asked
from flexsites.errors import ConfigError, Fault
from flexsites.finished.at_hand import listed_strangers, needs_cells, study_of_run
from flexsites.finished.by_gemeente import ByGemeente
from flexsites.finished.counted import Counted, count
from flexsites.finished.foreseen import Foreseen, Kind, kind_of, seconds_of
from flexsites.finished.grounds import Grounds, codes_of, grounds_of
from flexsites.finished.made_by import is_of_other_code
from flexsites.finished.opened import Finished
from flexsites.reporting.summaries.variants import part_of_variant, side_by_side, total_variant
from flexsites.tables import Frame, conform
from flexsites.tables.contract import Remembered, frames_remembered
from flexsites.tables.summary_tables import Variants

__all__ = ["Compared", "Questions", "WhatIf"]

_EFFECTS = ("off", "restrict", "exclude", "flag")
"""What a rule can be read as; what is asked most comes first."""

_ENOUGH_TO_TELL = 100
"""A question that assesses so many parcels tells how long one takes."""


@dataclass(frozen=True)
class WhatIf:
    """What a finished run answers when figures or rules are other than its own.

    Attributes
    ----------
    variant
        What was asked; in a run file it is a variant.
    tables
        ``sites``, ``suitability``, ``units``, ``location_suitability``, ``clusters``, ``locations`` and ``pieces``, as
        a run with that variant writes them, and ``piece_suitability``.
    totals
        The totals of the run itself (``base``) and of the variant with what changed: of ``variants.parquet`` the rows
        of both.
    n_assessed
        How many parcels were assessed anew; 0 where figures alone differ.
    is_of_other_code
        Whether other code made the run than answers: what is counted or assessed anew then stands beside what that
        code made, and the answer may be that of no run. Run it again for one that is.
    """

    variant: Variant
    tables: Mapping[str, Frame] = field(repr=False)
    totals: Frame = field(repr=False)
    n_assessed: int = 0
    is_of_other_code: bool = False

    @property
    def sites(self) -> Frame:
        """The parcels."""
        return self.tables["sites"]

    @property
    def suitability(self) -> Frame:
        """Whom each parcel serves, how well, and its homes: a row per parcel and flexmilieu."""
        return self.tables["suitability"]

    @property
    def homes(self) -> Frame:
        """The homes that fit on each valid piece: a row per piece and flexmilieu."""
        return self.tables["units"]

    def as_yaml(self) -> str:
        """Return the variant as it is written in a run file, below ``variants:``."""
        return as_yaml(self.variant)


@dataclass(frozen=True)
class Compared:
    """The run and what was asked, counted on the same parcels; ``n_assessed`` of them were assessed anew."""

    before: Counted
    after: Counted
    n_assessed: int = 0


@dataclass(frozen=True)
class Questions:
    """A finished run that is asked what if, again and again: what it answers with is opened once.

    Attributes
    ----------
    run
        The run.
    n_partners
        So many processes besides this one assess a share of each question of land, once it is prepared.
    n_copies
        Without partners: so many copies of this process assess a share of each, from the first on.
    """

    run: Finished
    n_partners: int = 0
    n_copies: int = 0
    _own: list[Frame] = field(default_factory=list, repr=False)
    _counted: dict[str | None, Counted] = field(default_factory=dict, repr=False)
    _grounds: dict[str, Grounds] = field(default_factory=dict, repr=False)
    _study: list[Study] = field(default_factory=list, repr=False)
    _read: list[tuple[Variant, Reading]] = field(default_factory=list, repr=False)
    _last: list[tuple[Reading, Grounds, int]] = field(default_factory=list, repr=False)
    _land: ByGemeente = field(init=False, repr=False)
    _looked_at: Remembered = field(default_factory=dict, repr=False)
    _pace: dict[Kind, float] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Stand ready for questions of land."""
        object.__setattr__(self, "_land", ByGemeente(self.run, n_copies=self.n_copies))

    def prepare(self) -> None:
        """Open what questions are answered with, so that the first waits for no more than the next.

        Raises
        ------
        InputError
            As `answer`.
        """
        self.prepare_figures()
        self.prepare_land()

    def prepare_figures(self) -> None:
        """Open what questions of figures are answered with: what the run itself counts."""
        with no_search_for_garbage():
            self._before(None)
            self._own_total()
            self.reading(variant_asked({"estimate": "low"}))
            _ = self.is_of_other_code

    def prepare_land(self) -> None:
        """Open what questions of rules are answered with: the land of the run, and what lies around it."""
        with frames_remembered(self._looked_at), no_search_for_garbage():
            self._land.call(self.n_partners)
            self._land.prepare()

    def look_ahead(self, folder: Path | None = None) -> None:
        """Have what rules leave with another effect assessed before it is asked, what takes least first; wait for it.

        A process of its own does it in the time that others leave; meanwhile any question may be asked. `end` ends it.
        What it finds is kept in a folder of the run, and is there at the next opening; None: nothing is kept.
        """
        self._land.look_ahead(self._likely(), folder)

    def _likely(self) -> Iterator[Reading]:
        """Give the rules of the run each with another effect, where parcels are assessed for it."""
        for _, rule_id, effects in sorted(self._lasting(), key=itemgetter(0)):
            for effect in effects:
                with suppress(ConfigError):
                    yield self._read_alone(rule_id, effect)

    def _lasting(self) -> Iterator[tuple[int, str, list[str]]]:
        """Give the rules of which another effect changes parcels: about how many, the rule, and its other effects."""
        for rule in self.run.settings.rules:
            now = rule.effect if rule.is_on else "off"
            if now == "include":
                continue
            effects = [one for one in _EFFECTS if one != now]
            with suppress(ConfigError):  # only a run of its own answers it
                if n_parcels := self._land.foreseen(self._read_alone(rule.rule_id, effects[0]), None):
                    yield n_parcels, rule.rule_id, effects

    def _read_alone(self, rule_id: str, effect: str) -> Reading:
        """Return the run with another effect of one rule."""
        return self.reading(variant_asked({"effects": {rule_id: effect}}))

    def end(self) -> None:
        """End the processes that help."""
        self._land.call(0)

    def answer(self, variant: Variant) -> WhatIf:
        """Answer a variant, and set its totals beside those of the run.

        Raises
        ------
        ConfigError
            With every fault of the variant, and with what of it only a run of its cells answers.
        InputError
            If a file of the run, or of its prepared inputs, is gone or is not as it was written.
        """
        # What an opened run holds is much to go through, and none of it garbage.
        with frames_remembered(self._looked_at), no_search_for_garbage():
            return self._answer(variant)

    def _answer(self, variant: Variant) -> WhatIf:
        reading = self.reading(variant)
        asked, n_assessed = self._on_its_land(reading)
        told = asked.tell(reading) | {name: asked.tables[name] for name in ("locations", "pieces")}
        totals = side_by_side([self._own_total(), self._total(variant.id, asked, told)])
        return WhatIf(
            variant, told, conform(totals, Variants, where="what_if", is_result=True), n_assessed, self.is_of_other_code
        )

    def count(self, variant: Variant, gemeente: str | None = None) -> Compared:
        """Count a variant beside the run: of a gemeente, as soon as it is answered, or of the whole.

        Of a gemeente only what hangs on no other is told: clusters, and locations where rules differ, follow with the
        whole.

        Raises
        ------
        ConfigError, InputError
            As `answer`.
        """
        reading, is_open, begin = self.reading(variant), self.is_land_open, time.perf_counter()
        with frames_remembered(self._looked_at), no_search_for_garbage():
            grounds, n_assessed = self._grounds_of(reading, gemeente)
        if is_open and n_assessed >= _ENOUGH_TO_TELL:
            self._pace[kind_of(self.run.base, reading)] = (time.perf_counter() - begin) / n_assessed
        after = count(grounds, reading, undemanding=self.run.undemanding)
        return Compared(self._before(gemeente), after, n_assessed)

    def foresee(self, variant: Variant, gemeente: str | None = None) -> Foreseen:
        """Tell what a question will take before it is answered, of a gemeente or of the whole.

        Raises
        ------
        ConfigError, InputError
            As `answer`.
        """
        reading = self.reading(variant)
        if reading.leaves_the_same_as(self.run.base):
            return Foreseen(0, 0.0)
        n_parcels = self._land.foreseen(reading, gemeente)
        if n_parcels == 0:  # it was asked before, or changes nothing
            return Foreseen(0, 0.0)
        kind, codes = kind_of(self.run.base, reading), codes_of(self.run.tables["sites"])
        n_told = len(codes) if gemeente is None else int((codes == gemeente).sum())
        seconds = seconds_of(kind, n_parcels, n_told, self._land.n_processes)
        return Foreseen(n_parcels, n_parcels * self._pace[kind] if kind in self._pace else seconds)

    @cached_property
    def is_of_other_code(self) -> bool:
        """Whether other code made the run than answers."""
        return is_of_other_code(self.run.directory)

    @property
    def is_land_open(self) -> bool:
        """Whether what questions of rules are answered with is opened."""
        return self._land.is_open

    def rest(self, variant: Variant, gemeente: str) -> list[str]:
        """Return the gemeenten that are best asked one by one after this one, nearest first; none: ask the whole.

        Parcels that lie in none are of the whole alone: nobody asks for them by name.
        """
        return [one for one in self._land.order_from(gemeente)[1:] if one] if self.is_of_land(variant) else []

    def is_of_land(self, variant: Variant) -> bool:
        """Return whether a variant leaves other land than the run, so that parcels are assessed for it."""
        return not self.reading(variant).leaves_the_same_as(self.run.base)

    def reading(self, variant: Variant) -> Reading:
        """Return what a variant asks as a reading, if it can be answered from this run."""
        # Who asks on a page has it read to know whether it is of land, to foresee it, and to answer it.
        for asked, known in self._read:
            if asked == variant:
                return known
        reading = reading_of(self.run.settings, variant, RESOLVED)
        if not self._study:
            self._study.append(study_of_run(self.run))
        if faults := listed_strangers(self.run, reading):
            raise ConfigError(faults)
        if cannot := needs_cells(self.run, reading, self._study[0]):
            what = f"this cannot be answered from a finished run: {', '.join(cannot)}"
            remedy = "put the variant in the run file and run it: its cells are assessed"
            raise ConfigError(Fault(what, f"variants.{variant.id}", remedy))
        self._read[:] = [(variant, reading)]
        return reading

    def _grounds_of(self, reading: Reading, gemeente: str | None) -> tuple[Grounds, int]:
        """Return what a reading is counted on, and how many parcels were assessed for it."""
        if reading.leaves_the_same_as(self.run.base):
            return self._own_grounds(gemeente, reading), 0
        if gemeente is not None:
            return self._land.of(reading, gemeente)
        if not (self._last and _share_grounds(reading, self._last[0][0])):
            run, n_assessed = self._on_its_land(reading)
            self._last[:] = [(reading, grounds_of(run, reach_m=_reach_m(reading)), n_assessed)]
        return self._last[0][1:]

    def _before(self, gemeente: str | None) -> Counted:
        """Return the run itself, counted once: of a gemeente, or of the whole."""
        if gemeente not in self._counted:
            own = self._own_grounds(gemeente)
            self._counted[gemeente] = count(own, self.run.base, undemanding=self.run.undemanding)
        return self._counted[gemeente]

    def _own_grounds(self, gemeente: str | None, reading: Reading | None = None) -> Grounds:
        """Return what the run itself is counted on, opened once; of clusters that reach farther anew."""
        reach_m = _reach_m(self.run.base)
        if "" not in self._grounds:
            self._grounds[""] = grounds_of(self.run, reach_m=reach_m)
        if gemeente is not None:
            key = f"in {gemeente}"
            if key not in self._grounds:
                self._grounds[key] = self._grounds[""].within(gemeente)
            return self._grounds[key]
        if reading is not None and _reach_m(reading) != reach_m:
            return grounds_of(self.run, reach_m=_reach_m(reading))
        return self._grounds[""]

    def _on_its_land(self, reading: Reading) -> tuple[Finished, int]:
        """Return the run on the land that a reading leaves, and how many parcels were assessed for it."""
        if reading.leaves_the_same_as(self.run.base):
            return self.run, 0
        return self._land.whole(reading)

    def _own_total(self) -> Frame:
        """Return the totals of the run itself, taken once."""
        if not self._own:
            self._own.append(self._total(BASE, self.run, self.run.tables))
        return self._own[0]

    def _total(self, name: str, asked: Finished, told: Mapping[str, Frame]) -> Frame:
        """Return the totals of an answer."""
        part = part_of_variant(
            told["sites"], told["suitability"], self.run.tables["sites"],
            order=self.run.names, places=asked.places, clusters=told["clusters"],
        )  # fmt: skip
        return total_variant(name, [part], order=self.run.names)


def _share_grounds(one: Reading, other: Reading) -> bool:
    """Whether readings are counted on the same: land that is left alike, and clusters that reach as far."""
    return one.id == other.id and one.leaves_the_same_as(other) and _reach_m(one) == _reach_m(other)


def _reach_m(reading: Reading) -> float:
    return float(reading.counting.cluster_reach_m)
