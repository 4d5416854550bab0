"""A finished run asked of other rules one gemeente at a time: the one that is looked at first, the rest after it.

A gemeente is assessed as a cell is: its own parcels, and those around it that bear on them. What is left of a parcel
depends on the land near it alone, so the gemeenten under each other are the whole, to the last row (a test holds it).
Locations and clusters look over borders: they follow once every gemeente was asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from flexsites import tables as t
from flexsites.answer import kernel_of
from flexsites.capacity.common_programme import area_in_common
from flexsites.config.readings import Reading
from flexsites.exclusion.both_readings import by_parcel
from flexsites.exclusion.pieces import position_of
from flexsites.exclusion.selection import geometry_of
from flexsites.finished.ahead import Ahead
from flexsites.finished.assessed import assess, begin, shared_out, study_with
from flexsites.finished.at_hand import LandAtHand, open_land_of
from flexsites.finished.foreseen import may_be_assessed
from flexsites.finished.grounds import Grounds, codes_of, grounds_of_parcels
from flexsites.finished.kept import MOST_BYTES, Kept, bytes_held, n_besides
from flexsites.finished.land import Foreknown, Remade, rehearse, remake, stand_on
from flexsites.finished.opened import Finished, in_order_of, open_finished
from flexsites.finished.partner import Partner, Share
from flexsites.finished.stored_ahead import Stored
from flexsites.geometry.nearness import two_steps_near
from flexsites.tables.files import read

__all__ = ["ByGemeente", "open_to_help"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_DIVIDED = {
    "pieces": t.Pieces, "accessibility": t.Accessibility, "transit_quality": t.TransitQuality,
    "laid_out": t.LaidOut, "reasons": t.Reasons,
}  # fmt: skip


_MOST_QUESTIONS = 3
"""Of so many questions of rules what was assessed is remembered, of a run of no more than a large municipality."""

_WHOLE = "*"
"""Stands for all gemeenten at once; the code of none, nor of parcels without one."""


@dataclass(frozen=True, slots=True)
class _Divided:
    """The land of a run with where each gemeente stands in its tables.

    Attributes
    ----------
    whole
        The land.
    codes
        The gemeenten, by code; empty where a parcel has none.
    of_parcel, of_everyone
        The number of the gemeente of each parcel, and of each with those around the run (-1), shapes (n,) and (m,).
    of_row
        By table the number of the gemeente of each row.
    face_of
        Of each face the position of its parcel among everyone.
    """

    whole: LandAtHand
    codes: tuple[str, ...]
    of_parcel: Ints
    of_everyone: Ints
    of_row: Mapping[str, Ints]
    face_of: Ints


@dataclass
class ByGemeente:
    """A finished run that is asked of other rules by gemeente; what was assessed for the last questions is remembered.

    Attributes
    ----------
    run
        The run.
    partners
        Other processes that assess a share of a question, as soon as they have opened the run.
    n_copies
        Without partners: so many copies of this process assess a share of each question.
    """

    run: Finished
    n_copies: int = 0
    partners: list[Partner] = field(default_factory=list, repr=False)
    _opened: list[_Divided] = field(default_factory=list, repr=False)
    _asked: list[tuple[Reading, dict[str, Remade]]] = field(default_factory=list, repr=False)
    _parts: dict[str, LandAtHand] = field(default_factory=dict, repr=False)
    _ahead: Ahead | None = field(default=None, repr=False)

    def call(self, n_partners: int) -> None:
        """Start processes that help, where all of them can hold the land; they open it beside this one."""
        while self.partners:
            self.partners.pop().end()
        if self._ahead is not None:
            self._ahead.rest()
        n_partners = min(n_partners, n_besides(len(self.run.tables["sites"])))
        opening = partial(open_to_help, self.run.directory)
        self.partners += [Partner(opening, self.mark()) for _ in range(n_partners)]

    def look_ahead(self, readings: Iterable[Reading], folder: Path | None = None) -> None:
        """Have readings of the whole assessed by a process of its own, while that has time and room, and wait for it.

        What stands in a folder of the run from another time is taken from there, and what is assessed is kept in it. Of
        a run of which not so many processes can hold the land nothing is.
        """
        if n_besides(len(self.run.tables["sites"])) <= len(self.partners):
            return
        stored = None if folder is None else Stored.of(self.run.directory, folder, self.run.base)
        self._ahead = ahead = Ahead(partial(open_to_help, self.run.directory), self.mark(), stored)
        for reading in readings:
            if not (ahead.recall(reading) or ahead.learn(reading, _WHOLE)):
                break
        ahead.rest()

    def order_from(self, first: str) -> list[str]:
        """Return the gemeenten, the first one first, then by how far their middles lie from its middle."""
        sites = self.run.tables["sites"]
        codes, boxes = codes_of(sites), shapely.bounds(geometry_of(sites))
        middle = pd.DataFrame({"x": boxes[:, [0, 2]].mean(axis=1), "y": boxes[:, [1, 3]].mean(axis=1)})
        middle = middle.groupby(codes).mean()
        from_first = middle - (middle.loc[first] if first in middle.index else middle.iloc[0])
        away = dict(zip(middle.index, np.hypot(from_first["x"], from_first["y"]), strict=True))
        return sorted(away, key=lambda code: (code != first, float(away[code]), code))

    def of(self, reading: Reading, gemeente: str) -> tuple[Grounds, int]:
        """Return what a gemeente is counted on by other rules, and how many of its parcels were assessed."""
        made, sites = self._remade(reading, gemeente), self.run.tables["sites"]
        mine = sites[codes_of(sites) == gemeente][["site_id", "gemeente_code"]].reset_index(drop=True)
        left, pieces = made.exclusions, made.tables["pieces"]
        laid_out = in_order_of(made.tables["laid_out"], t.valid(pieces))
        kernel = kernel_of(
            pieces, made.tables["accessibility"], laid_out, measures=self.run.kernel.measures, names=self.run.names
        )  # fmt: skip
        area = area_in_common(by_parcel(pieces), left)
        return grounds_of_parcels(mine.assign(verdict=left["verdict"].array), pieces, kernel, area), made.n_assessed

    def whole(self, reading: Reading) -> tuple[Finished, int]:
        """Return the run on the land that a reading leaves, and how many parcels were assessed for it.

        Where no gemeente of it was asked before, all are assessed together: what lies on their borders is so once.
        """
        divided = self._land()
        begun = self._begun(reading)
        if not begun or _WHOLE in begun:
            at_once = self._remade(reading, _WHOLE)
            study = study_with(divided.whole, reading)
            return stand_on(divided.whole, study, at_once.exclusions, at_once.tables), at_once.n_assessed
        made = [self._remade(reading, code) for code in divided.codes]
        exclusions = pd.concat([one.exclusions for one in made], ignore_index=True)
        place = position_of(exclusions, divided.whole.parcels)
        tables = {
            name: t.concat([one.tables[name] for one in made], table).sort_values(
                list(table.key), kind="stable", ignore_index=True
            )
            for name, table in _DIVIDED.items()
        }
        study = study_with(divided.whole, reading)
        run = stand_on(divided.whole, study, exclusions.iloc[place].reset_index(drop=True), tables)
        return run, sum(one.n_assessed for one in made)

    @property
    def n_processes(self) -> int:
        """How many processes answer a question now, this one among them."""
        return 1 + (sum(one.is_ready() for one in self.partners) or self.n_copies)

    @property
    def is_open(self) -> bool:
        """Whether the land is opened."""
        return bool(self._opened)

    def prepare(self) -> None:
        """Open the land, and what lies around it, before a question is asked; a province is opened when it is asked."""
        if bytes_held(len(self.run.tables["sites"])) <= MOST_BYTES:
            rehearse(self._land().whole)

    def mark(self) -> int:
        """Return what tells one state of the run from another: its pieces, and what is laid out on them."""
        told = (self.run.tables["pieces"][["piece_id", "core_area_m2"]], self.run.tables["laid_out"])
        return sum(int(pd.util.hash_pandas_object(pd.DataFrame(one), index=False).sum()) for one in told)

    def share(self, reading: Reading, gemeente: str, i: int, n_shares: int) -> Share:
        """Return what a reading leaves of one of the shares of a gemeente, or of all: for who answers the question."""
        part = self._at(gemeente)
        begun = begin(part, study_with(part, reading), reading)
        is_mine = shared_out(begun, n_shares)[i]
        return is_mine, assess(begun, is_mine)

    def foreseen(self, reading: Reading, gemeente: str | None) -> int:
        """Return how many parcels may be assessed for a reading, of a gemeente or of all; 0 where it was asked."""
        if (gemeente or _WHOLE) in self._begun(reading) or (self._ahead is not None and self._ahead.knows(reading)):
            return 0
        divided = self._land()
        may = may_be_assessed(divided.whole, study_with(divided.whole, reading), reading)
        if gemeente in divided.codes:
            may = may & (divided.of_parcel == divided.codes.index(gemeente))
        return int(may.sum())

    def _land(self) -> _Divided:
        if not self._opened:
            self._opened.append(_divide(open_land_of(self.run)))
        return self._opened[0]

    def _begun(self, reading: Reading) -> dict[str, Remade]:
        """Return what was assessed of the rules of a reading, by gemeente: of those asked last, whatever came after."""
        for asked, made in self._asked:
            if asked.id == reading.id and reading.leaves_the_same_as(asked):
                return made
        return {}

    def _remade(self, reading: Reading, gemeente: str) -> Remade:
        """Return what a reading leaves of a gemeente, or of all, remembered while few other rules are asked."""
        made = self._begun(reading)
        if gemeente not in made:
            part, foreknown = self._at(gemeente), self._foreknown(reading)
            there = [one for one in self.partners if foreknown is None and one.is_ready()]
            helping = [one.help(reading, gemeente, i, 1 + len(there)) for i, one in enumerate(there, start=1)]
            study = study_with(part, reading)
            made[gemeente] = remake(part, study, reading, helping, n_copies=self.n_copies, foreknown=foreknown)
        others = [one for one in self._asked if one[1] is not made]
        most = _MOST_QUESTIONS if bytes_held(len(self.run.tables["sites"])) <= MOST_BYTES else 1
        self._asked[:] = [(reading, made), *others][:most]
        return made[gemeente]

    def _foreknown(self, reading: Reading) -> Foreknown | None:
        """Return what was assessed of a reading before it was asked."""
        share = None if self._ahead is None else self._ahead.of(reading)
        return None if share is None else Foreknown(self._land().whole.parcels.loc[share[0], "site_id"], share[1])

    def _at(self, gemeente: str) -> LandAtHand:
        return self._land().whole if gemeente == _WHOLE else self._part_of(gemeente)

    def _part_of(self, gemeente: str) -> LandAtHand:
        """Return the land of a gemeente, with what questions found there: kept as far as it is no more than one's."""
        if gemeente not in self._parts:
            part = _part(self._land(), gemeente)
            if bytes_held(sum(len(one.everyone) for one in (part, *self._parts.values()))) > MOST_BYTES:
                self._parts.clear()
            self._parts[gemeente] = part
        return self._parts[gemeente]


def open_to_help(directory: Path) -> ByGemeente:
    """Open a finished run in a process that helps another."""
    return ByGemeente(open_finished(directory))


def _divide(whole: LandAtHand) -> _Divided:
    """Find where each gemeente stands in the tables of a run."""
    run = whole.run
    tables = {**run.tables, "reasons": read(run.directory / "reasons.parquet")}
    whole = replace(whole, run=replace(run, tables=tables))
    sites, pieces = tables["sites"], tables["pieces"]
    codes, number = np.unique(codes_of(sites), return_inverse=True)
    of_site = pd.Index(sites["site_id"])
    of_parcel = number[of_site.get_indexer(pd.Index(whole.parcels["site_id"]))]
    at = of_site.get_indexer(pd.Index(whole.everyone["site_id"]))
    of_piece, by_piece = number[position_of(sites, pieces)], pd.Index(pieces["piece_id"])
    of_row = {
        name: number[position_of(sites, tables[name])]
        if name in ("pieces", "reasons")
        else of_piece[by_piece.get_indexer(pd.Index(tables[name]["piece_id"]))]
        for name in _DIVIDED
    }
    return _Divided(
        whole,
        tuple(str(one) for one in codes),
        of_parcel.astype(np.int64),
        np.where(at >= 0, number[at], -1).astype(np.int64),
        {**of_row, "sites": number.astype(np.int64)},
        position_of(whole.everyone, whole.faces),
    )


def _part(divided: _Divided, gemeente: str) -> LandAtHand:
    """Return the land of a gemeente as a cell has it: its parcels, and those around that bear on their pieces."""
    i, whole = divided.codes.index(gemeente), divided.whole
    if len(divided.codes) == 1:
        return whole
    tables: dict[str, Any] = dict(whole.run.tables)
    tables |= {name: tables[name][of_row == i].reset_index(drop=True) for name, of_row in divided.of_row.items()}
    mine = divided.of_parcel == i
    there = (divided.of_everyone == i) | _around(whole, divided.of_everyone == i)
    return replace(
        whole,
        run=replace(whole.run, tables=tables),
        parcels=whole.parcels[mine].reset_index(drop=True),
        everyone=whole.everyone[there].reset_index(drop=True),
        faces=whole.faces[there[divided.face_of]].reset_index(drop=True),
        spoken=whole.spoken.at(np.flatnonzero(mine)),
        kept=Kept(),
    )


def _around(whole: LandAtHand, inside: Bools) -> Bools:
    """Return which parcels bear on those inside: near ones, and what is near those."""
    found = np.zeros(len(inside), dtype=bool)
    found[two_steps_near(geometry_of(whole.everyone), inside, within_m=whole.study.near_m)] = True
    return found
