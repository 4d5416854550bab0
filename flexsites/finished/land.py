"""What rules leave of a finished run when they are read otherwise: the parcels that change are assessed, no others.

A rule of another effect is another choice among the labels of faces, so nothing is intersected again; a rule that lies
elsewhere (another distance, other classes) cuts the parcels that it meets anew. What follows for a piece depends on the
land around it alone (METHOD 0): the rest is taken from the tables of the run. Other tests of pieces, times or layouts
are asked of every piece, but nothing is intersected for them either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites import tables as t
from flexsites.capacity.common_programme import area_in_common
from flexsites.config.readings import Reading
from flexsites.config.rules import ExclusionRule
from flexsites.config.study import Study
from flexsites.exclusion.attribution import attribute, tell_coverage
from flexsites.exclusion.both_readings import by_parcel
from flexsites.exclusion.kernels.spoken import Spoken
from flexsites.exclusion.locations import (
    NAMED_STREET_M,
    describe_locations,
    group_locations,
    link_cores,
    link_pieces,
    main_locations,
    place_pieces,
)
from flexsites.exclusion.verdict import decide
from flexsites.finished.assessed import ASSESSED, Begun, as_it_is, assess, begin, shared_out, study_with, with_its_tops
from flexsites.finished.at_hand import (
    LandAtHand,
    open_land_of,
)
from flexsites.finished.copies import apart
from flexsites.finished.foreseen import Foreseen, kind_of, may_be_assessed, seconds_of
from flexsites.finished.opened import Finished, stand
from flexsites.finished.partner import Helping, Share
from flexsites.tables import Frame
from flexsites.tables.contract import is_among
from flexsites.tables.files import read

__all__ = ["ChangedLand", "Foreknown", "OtherLand", "Remade", "change_land", "rehearse", "remake", "stand_on"]

Rules = tuple[ExclusionRule, ...]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ChangedLand:
    """A finished run on the land that another reading of its rules leaves.

    Attributes
    ----------
    run
        The run, to be asked for that reading.
    reasons, rule_coverage
        Why land is gone, and where the rules' sources speak.
    n_assessed
        How many parcels were assessed.
    """

    run: Finished
    reasons: Frame
    rule_coverage: Frame
    n_assessed: int


@dataclass(frozen=True)
class OtherLand:
    """A finished run that is asked of other readings of its land, again and again: its own is opened once.

    Attributes
    ----------
    run
        The run.
    n_copies
        So many copies of this process assess a share of each question.
    """

    run: Finished
    n_copies: int = 0
    _opened: list[LandAtHand] = field(default_factory=list, repr=False)

    def of(self, reading: Reading, *, beside: Sequence[Reading] = ()) -> ChangedLand:
        """Return the run on the land of a reading; see `change_land`."""
        return change_land(self._at_hand(), reading, beside=beside, n_copies=self.n_copies)

    def foresee(self, reading: Reading, *, beside: Sequence[Reading] = ()) -> Foreseen:
        """Tell what that will take, before it is answered."""
        at_hand = self._at_hand()
        study = study_with(at_hand, reading, beside)
        n_parcels = int(may_be_assessed(at_hand, study, reading).sum())
        return Foreseen(
            n_parcels, seconds_of(kind_of(study.base, reading), n_parcels, len(at_hand.parcels), 1 + self.n_copies)
        )

    def _at_hand(self) -> LandAtHand:
        if not self._opened:
            self._opened.append(open_land_of(self.run))
        return self._opened[0]


def change_land(
    at_hand: LandAtHand, reading: Reading, *, beside: Sequence[Reading] = (), n_copies: int = 0
) -> ChangedLand:
    """Return a finished run on the land that a reading leaves, equal to what its cells would leave.

    Parameters
    ----------
    at_hand
        The land of the run.
    reading
        What is asked, of which `needs_cells` tells nothing.
    beside
        Other readings of the run that asks: faces are labelled with the rules of all.
    n_copies
        So many copies of this process assess a share of it.

    Raises
    ------
    InputError
        If a file of the run is gone, or is not as it was written.
    """
    study = study_with(at_hand, reading, beside)
    made = remake(at_hand, study, reading, n_copies=n_copies)
    run = stand_on(at_hand, study, made.exclusions, made.tables)
    return ChangedLand(run, made.tables["reasons"], made.rule_coverage, made.n_assessed)


@dataclass(frozen=True, slots=True)
class Remade:
    """What another reading leaves of parcels.

    Attributes
    ----------
    exclusions
        Their verdicts, in the order of the parcels.
    tables
        The tables of their pieces, by name, each by its key.
    rule_coverage
        Where the rules' sources speak.
    n_assessed
        How many parcels were assessed.
    """

    exclusions: Frame
    tables: Mapping[str, Frame]
    rule_coverage: Frame
    n_assessed: int


@dataclass(frozen=True, slots=True)
class Foreknown:
    """What a reading leaves of parcels that were assessed before it was asked.

    Attributes
    ----------
    site_ids
        The parcels.
    tables
        As `assess` returns them.
    """

    site_ids: pd.Series[str]
    tables: Mapping[str, Frame]


def remake(
    at_hand: LandAtHand,
    study: Study,
    reading: Reading,
    partners: Sequence[Helping] = (),
    *,
    n_copies: int = 0,
    foreknown: Foreknown | None = None,
) -> Remade:
    """Assess the parcels that a reading changes, and return the tables of all: of the others as the run has them.

    Parameters
    ----------
    at_hand, study, reading
        The land, its study with the reading, and the reading.
    partners
        Each gives what it assessed of its share, the second and on, or none: then that is assessed here.
    n_copies
        Where there are no partners, so many copies of this process assess a share each, made for this question.
    foreknown
        What is not assessed again; nobody helps with the little that it may lack.
    """
    begun = begin(at_hand, study, reading)
    if foreknown is not None:
        return _told(begun, list(_with_foreknown(begun, foreknown)))
    mine, *theirs = shared_out(begun, 1 + (len(partners) or n_copies))
    with ExitStack() as copies:
        if not partners:
            theirs = [share for share in theirs if share.any()]
            partners = [copies.enter_context(apart(partial(_share_of, begun, share))) for share in theirs]
        parts: list[Mapping[str, Frame]] = [assess(begun, mine)]
        for share, helped in zip(theirs, partners, strict=True):
            found = helped()
            # Who shares out otherwise (another state of the run, another version) is no help.
            is_same = found is not None and np.array_equal(found[0], share)
            parts.append(found[1] if found is not None and is_same else assess(begun, share))
    return _told(begun, parts)


def _with_foreknown(begun: Begun, foreknown: Foreknown) -> Iterator[Mapping[str, Frame]]:
    """Give what is known of the parcels that are asked, and assess those of which nothing is."""
    site_ids = begun.at_hand.parcels["site_id"]
    is_known = np.asarray(begun.is_asked & is_among(site_ids, foreknown.site_ids), dtype=bool)
    yield {name: one[is_among(_parcels_of(one), site_ids[is_known])] for name, one in foreknown.tables.items()}
    if (left := begun.is_asked & ~is_known).any():
        yield assess(begun, left)


def _share_of(begun: Begun, is_mine: Bools) -> Share:
    return is_mine, assess(begun, is_mine)


def rehearse(at_hand: LandAtHand) -> None:
    """Answer the run itself, one parcel assessed: what is loaded or laid out when it is first used is so by then."""
    run, study = at_hand.run, at_hand.study
    at_hand.kept.learn(
        at_hand.parcels, at_hand.everyone, at_hand.faces, run.tables["pieces"], inputs=at_hand.inputs, study=study
    )  # fmt: skip
    begun = as_it_is(at_hand)
    if not begun.is_asked.any():
        return
    remade = _told(begun, [assess(begun, begun.is_asked)])
    stand_on(at_hand, study, remade.exclusions, remade.tables).tell(study.base)


def _told(begun: Begun, parts: Sequence[Mapping[str, Frame]]) -> Remade:
    """Return what was assessed in some shares as the tables of all parcels, and what follows from them."""
    parcels, rules, changed, spoken = begun.at_hand.parcels, begun.reading.rules, begun.changed, begun.spoken
    made = {name: t.concat([one[name] for one in parts], table) for name, table in ASSESSED.items()}
    run = with_its_tops(begun)
    tables = {
        name: _with_rows_of(
            run, name, frame, parcels.loc[begun.is_asked if name == "laid_out" else changed.pieces, "site_id"]
        )
        for name, frame in made.items()
    }
    pieces = by_parcel(tables["pieces"])
    told = _why(parcels, begun.faces, pieces, np.flatnonzero(changed.reasons), spoken=spoken, rules=rules)
    tables["reasons"] = _with_rows_of(begun.at_hand.run, "reasons", told, parcels.loc[changed.reasons, "site_id"])
    exclusions = decide(parcels, pieces, spoken=spoken, rules=rules)
    n_assessed = int((changed.reasons | begun.is_laid_out).sum())
    return Remade(exclusions, tables, tell_coverage(spoken, rules=rules), n_assessed)


def _why(
    parcels: Frame, faces: Frame, pieces: Frame, rows: npt.NDArray[np.intp], *, spoken: Spoken, rules: Rules
) -> Frame:
    """Return why land of some parcels is gone, as their cell tells it."""
    asked = parcels.iloc[rows].reset_index(drop=True)
    mine, theirs = (
        one[is_among(one["site_id"], asked["site_id"])].reset_index(drop=True) for one in (faces, pieces)
    )  # fmt: skip
    return attribute(asked, mine, theirs, spoken=spoken.at(rows), rules=rules)


def _with_rows_of(run: Finished, name: str, made: Frame, site_ids: pd.Series[str]) -> Frame:
    """Return a table of the run in which the rows of some parcels are those made, by its key."""
    table = t.Reasons if name == "reasons" else ASSESSED[name]
    own = run.tables[name] if name in run.tables else read(run.directory / f"{name}.parquet")
    kept = own[~is_among(_parcels_of(own), site_ids)]
    return t.concat([kept, made], table).sort_values(list(table.key), kind="stable", ignore_index=True)


def _parcels_of(rows: Frame) -> pd.Series[str]:
    """Return the parcel of each row of a table of pieces, or of parcels."""
    # Of no rows a partition of texts has no columns.
    named = [one.rpartition("#")[0] for one in rows["piece_id"]] if "site_id" not in rows.columns else rows["site_id"]
    return pd.Series(named, index=rows.index, dtype="str")


def stand_on(at_hand: LandAtHand, study: Study, exclusions: Frame, tables: Mapping[str, Frame]) -> Finished:
    """Return the run with the parcels and pieces of another reading, and where they lie."""
    run, inputs, parcels, pieces = at_hand.run, at_hand.inputs, at_hand.parcels, tables["pieces"]
    valid = pieces[(pieces["is_valid"] & pieces["is_with_consent"]).to_numpy()].reset_index(drop=True)
    links = [link_cores(valid)]
    if float(study.locations.gap_m) > 0.0:
        barriers = inputs.read_layers(names=[one.layer for one in study.locations.barriers])
        links.append(link_pieces(valid, barriers, rules=study.all_rules, tests=study.tests, locations=study.locations))
    joined = t.concat(links, t.PieceLinks).drop_duplicates(ignore_index=True)
    places = group_locations(valid[t.ValidPieces.columns], joined)
    run_sites = frozenset(parcels["site_id"]) if "context_parcels" in inputs.tables else None
    streets = inputs.read("streets", t.StreetLines)
    located = place_pieces(valid, streets, within_m=NAMED_STREET_M, run_sites=run_sites)
    facts = parcels[["site_id", "gemeente_code", "buurt_code", "owner_class"]].assign(verdict=exclusions["verdict"])
    main = main_locations(valid, places).set_index("site_id")["location_id"]
    sites = run.tables["sites"].assign(
        **{name: exclusions[name].array for name in t.Exclusions.columns},
        programme_area_m2=area_in_common(by_parcel(pieces), exclusions),
        location_id=main.reindex(parcels["site_id"]).astype("str").array,
    )
    own = {name: tables[name] for name in ("pieces", "accessibility", "transit_quality", "laid_out")}
    nothing = {"units": t.empty(t.Units), "piece_suitability": t.empty(t.PieceSuitability)}
    lies = {"piece_locations": places, "locations": describe_locations(located, places, facts), "sites": sites}
    tables_there = own | nothing | lies
    return stand(run.directory, run.content, run.settings, run.base, tables_there, measures=run.kernel.measures)
