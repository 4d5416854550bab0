"""What rules leave of a finished run when they are read otherwise: the parcels that change are assessed, no others.

A rule of another effect is another choice among the labels of faces, so nothing is intersected again; a rule that lies
elsewhere (another distance, other classes) cuts the parcels that it meets anew. What follows for a piece depends on the
land around it alone (METHOD 0): the rest is taken from the tables of the run. Other tests of pieces, times or layouts
are asked of every piece, but nothing is intersected for them either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from flexsites import tables as t
from flexsites.assess import reach_and_fit
from flexsites.capacity.common_programme import area_in_common
from flexsites.config.readings import Reading, lies_as
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.config.study import Study
from flexsites.exclusion.attribution import attribute, tell_coverage
from flexsites.exclusion.both_readings import by_parcel
from flexsites.exclusion.changed import Changed, changed_parcels
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.kernels.cores import gap_bridged_m
from flexsites.exclusion.kernels.labels import has_label
from flexsites.exclusion.kernels.spoken import Spoken
from flexsites.exclusion.kernels.verdicts import joint_coverage
from flexsites.exclusion.locations import (
    NAMED_STREET_M,
    describe_locations,
    group_locations,
    link_cores,
    link_pieces,
    main_locations,
    place_pieces,
)
from flexsites.exclusion.pieces import leave_pieces, position_of
from flexsites.exclusion.selection import geometry_of, open_plans
from flexsites.exclusion.verdict import decide
from flexsites.finished.at_hand import (
    LandAtHand,
    cut_further,
    in_order_of_cutting,
    layers_of,
    new_rules,
    open_land_of,
)
from flexsites.finished.foreseen import (
    SECONDS_PER_PARCEL,
    Foreseen,
    is_everywhere,
    laid_out_anew,
    may_be_assessed,
    met,
)
from flexsites.finished.layouts import lay_out_anew
from flexsites.finished.opened import Finished, in_order_of, stand
from flexsites.surroundings import Surroundings
from flexsites.tables import Frame, Table
from flexsites.tables.contract import is_among
from flexsites.tables.files import read

__all__ = ["ChangedLand", "OtherLand", "Remade", "change_land", "rehearse", "remake", "stand_on", "study_with"]

Bools = npt.NDArray[np.bool_]
Rules = tuple[ExclusionRule, ...]

_ASSESSED: Mapping[str, Table] = {
    "pieces": t.Pieces,
    "accessibility": t.Accessibility,
    "transit_quality": t.TransitQuality,
    "laid_out": t.LaidOut,
}
"""The tables of which the rows are made again of parcels whose pieces change."""


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
    """

    run: Finished
    _opened: list[LandAtHand] = field(default_factory=list, repr=False)

    def of(self, reading: Reading, *, beside: Sequence[Reading] = ()) -> ChangedLand:
        """Return the run on the land of a reading; see `change_land`."""
        return change_land(self._at_hand(), reading, beside=beside)

    def foresee(self, reading: Reading, *, beside: Sequence[Reading] = ()) -> Foreseen:
        """Tell what that will take, before it is answered."""
        at_hand = self._at_hand()
        n_parcels = int(may_be_assessed(at_hand, study_with(at_hand, reading, beside), reading).sum())
        return Foreseen(n_parcels, n_parcels * SECONDS_PER_PARCEL)

    def _at_hand(self) -> LandAtHand:
        if not self._opened:
            self._opened.append(open_land_of(self.run))
        return self._opened[0]


def change_land(at_hand: LandAtHand, reading: Reading, *, beside: Sequence[Reading] = ()) -> ChangedLand:
    """Return a finished run on the land that a reading leaves, equal to what its cells would leave.

    Parameters
    ----------
    at_hand
        The land of the run.
    reading
        What is asked, of which `needs_cells` tells nothing.
    beside
        Other readings of the run that asks: faces are labelled with the rules of all.

    Raises
    ------
    InputError
        If a file of the run is gone, or is not as it was written.
    """
    study = study_with(at_hand, reading, beside)
    made = remake(at_hand, study, reading)
    run = stand_on(at_hand, study, made.exclusions, made.tables)
    return ChangedLand(run, made.tables["reasons"], made.rule_coverage, made.n_assessed)


def study_with(at_hand: LandAtHand, reading: Reading, beside: Sequence[Reading] = ()) -> Study:
    """Return the study of a run with other readings beside its own."""
    asked = {one.id: one for one in (*at_hand.study.readings, *beside, reading)}
    return replace(at_hand.study, readings=tuple(asked.values()))


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


def remake(at_hand: LandAtHand, study: Study, reading: Reading) -> Remade:
    """Assess the parcels that a reading changes, and return the tables of all: of the others as the run has them."""
    at_hand, is_laid_out = _laid_out_for(at_hand, study.base, reading)
    faces, is_cut = _labelled(at_hand, study)
    spoken = _where_sources_speak(at_hand, study, reading)
    parcels, rules = at_hand.parcels, reading.rules
    changed = _changed(at_hand, faces, is_cut, study=study, reading=reading, spoken=spoken)
    made = _assess(at_hand, faces, changed.pieces, study=study, reading=reading, spoken=spoken)
    site_ids = parcels.loc[changed.pieces, "site_id"]
    tables = {name: _with_rows_of(at_hand.run, name, frame, site_ids) for name, frame in made.items()}
    pieces = by_parcel(tables["pieces"])
    told = _why(parcels, faces, pieces, np.flatnonzero(changed.reasons), spoken=spoken, rules=rules)
    tables["reasons"] = _with_rows_of(at_hand.run, "reasons", told, parcels.loc[changed.reasons, "site_id"])
    exclusions = decide(parcels, pieces, spoken=spoken, rules=rules)
    return Remade(exclusions, tables, tell_coverage(spoken, rules=rules), int((changed.reasons | is_laid_out).sum()))


def _laid_out_for(at_hand: LandAtHand, before: Reading, reading: Reading) -> tuple[LandAtHand, Bools]:
    """Return the land with the layouts that a reading asks on the pieces of the run, and where these are others."""
    pieces, asked, is_other = laid_out_anew(at_hand, before, reading)
    if not asked:
        return at_hand, is_other
    tables = at_hand.run.tables
    before_them = in_order_of(tables["laid_out"], pieces)
    laid_out = lay_out_anew(pieces, tables["transit_quality"], before_them, asked, after=reading)
    return replace(at_hand, run=replace(at_hand.run, tables={**tables, "laid_out": laid_out})), is_other


def _changed(
    at_hand: LandAtHand, faces: Frame, is_cut: Bools, *, study: Study, reading: Reading, spoken: Spoken
) -> Changed:
    """Return which parcels of the run a reading changes."""
    before, after, parcels = study.base.rules, reading.rules, at_hand.parcels
    among_all = changed_parcels(
        at_hand.everyone, faces, at_hand.run.tables["pieces"], before=before, after=after, is_cut=is_cut,
        near_m=study.near_m, gap_m=gap_bridged_m(float(study.tests.min_width_m)),
    )  # fmt: skip
    own = position_of(at_hand.everyone, parcels)
    is_other = _plans_differ(at_hand, spoken, before, after) | is_everywhere(study.base, reading)
    return Changed(among_all.pieces[own] | is_other, among_all.reasons[own] | is_other)


def _why(
    parcels: Frame, faces: Frame, pieces: Frame, rows: npt.NDArray[np.intp], *, spoken: Spoken, rules: Rules
) -> Frame:
    """Return why land of some parcels is gone, as their cell tells it."""
    asked = parcels.iloc[rows].reset_index(drop=True)
    mine, theirs = (
        one[is_among(one["site_id"], asked["site_id"])].reset_index(drop=True) for one in (faces, pieces)
    )  # fmt: skip
    return attribute(asked, mine, theirs, spoken=spoken.at(rows), rules=rules)


def _labelled(at_hand: LandAtHand, study: Study) -> tuple[Frame, Bools]:
    """Return the faces of the run with the labels of all rules, by parcel, and which parcels were cut further."""
    faces, parcels = at_hand.faces, at_hand.everyone
    new = new_rules(at_hand.study.all_rules, study.all_rules)
    is_cut = met(at_hand, study, new)
    if is_cut.any():
        cut = cut_further(parcels[is_cut], faces, at_hand.inputs, study, new)
        is_covered = np.asarray(has_label(cut["rules"].to_numpy(), [rule.rule_id for rule in new]).any(axis=1))
        is_cut = is_among(parcels["site_id"], cut.loc[is_covered, "site_id"])
        faces = t.concat([faces[~is_among(faces["site_id"], cut["site_id"])], cut], t.Faces)
        faces = in_order_of_cutting(faces, parcels, [rule.rule_id for rule in study.all_rules])
    return faces, is_cut


def _where_sources_speak(at_hand: LandAtHand, study: Study, reading: Reading) -> Spoken:
    """Return where the sources of a reading's rules speak: as the run told it, and asked anew of rules that are new."""
    told, inputs = at_hand.spoken, at_hand.inputs
    new = {rule.part_of or rule.rule_id for rule in new_rules(study.base.rules, reading.rules)}
    if not new and reading.tests == study.tests:
        return told
    families = tuple(rule for rule in study.all_rules if (rule.part_of or rule.rule_id) in new)
    layers = inputs.read_layers(names=layers_of(families))
    found = cover_rules(at_hand.parcels, inputs.coverages(), layers, rules=families, tests=reading.tests)
    names = list(dict.fromkeys([*told.rule_ids, *found.rule_ids]))
    of_told, of_found = told.among(names), found.among(names)
    is_found = np.isin(names, found.rule_ids)
    codes = np.where(is_found, of_found.of_parcels(), of_told.of_parcels())
    share = np.where(is_found, of_found.share[of_found.combination], of_told.share[of_told.combination])
    return Spoken.of(names, codes, share)


def _plans_differ(at_hand: LandAtHand, spoken: Spoken, before: Rules, after: Rules) -> Bools:
    """Return at which parcels it is known otherwise what is planned there, or other plans are: their years are others.

    Plans count for the years of land that no rule takes for them: those that start beyond the horizon.
    """
    one, other = (tuple(rule for rule in rules if isinstance(rule, PlannedCapacity)) for rules in (before, after))
    coverages = (joint_coverage(spoken.among([rule.rule_id for rule in rules]).of_parcels()) for rules in (one, other))
    differs = np.not_equal(*coverages).astype(bool)
    told = [[lies_as(rule) for rule in rules] for rules in (other, one)]
    strange = [
        rule for mine, theirs in zip((one, other), told, strict=True) for rule in mine if lies_as(rule) not in theirs
    ]
    if strange:
        layers = at_hand.inputs.read_layers(names=layers_of(tuple(strange)))
        plans = open_plans(layers, strange, reference=at_hand.study.base.time.reference_year).shapes
        differs[shapely.STRtree(geometry_of(at_hand.parcels)).query(plans, predicate="intersects")[1]] = True
    return differs


def _assess(
    at_hand: LandAtHand, faces: Frame, is_changed: Bools, *, study: Study, reading: Reading, spoken: Spoken
) -> Mapping[str, Frame]:
    """Return what a reading leaves of the parcels that change, as their cell does."""
    if not is_changed.any():
        return {name: t.empty(table) for name, table in _ASSESSED.items()}
    pieces, around = _leave(at_hand, faces, is_changed, study=study, reading=reading, spoken=spoken)
    return {"pieces": pieces, **_on_pieces(at_hand.run, pieces, around, study=study, reading=reading)}


def _leave(
    at_hand: LandAtHand, faces: Frame, is_asked: Bools, *, study: Study, reading: Reading, spoken: Spoken
) -> tuple[Frame, Surroundings]:
    """Return the pieces that a reading leaves of some parcels, and what lies around them."""
    parcels = at_hand.parcels
    asked = parcels[is_asked].reset_index(drop=True)
    on = at_hand.kept.ground_of(
        asked, parcels, at_hand.everyone, (at_hand.faces, faces), at_hand.run.tables["pieces"],
        inputs=at_hand.inputs, study=study, reading=reading
    )  # fmt: skip
    neighbours = on.everyone[~is_among(on.everyone["site_id"], asked["site_id"])].reset_index(drop=True)
    pieces = leave_pieces(
        asked, neighbours, on.faces, on.around.streets, on.around.layers,
        spoken=spoken.at(np.flatnonzero(is_asked)), rules=reading.rules, tests=reading.tests,
        locations=study.locations, time=reading.time, lane_m=reading.least_lane_m, land=on.land,
    )  # fmt: skip
    return pieces, on.around


def rehearse(at_hand: LandAtHand) -> None:
    """Assess one parcel as it is: land is laid out, and what is loaded when it is first used is loaded by then."""
    study, pieces = at_hand.study, t.valid(at_hand.run.tables["pieces"])
    is_asked = (at_hand.parcels["site_id"] == (pieces["site_id"].iloc[0] if len(pieces) else None)).to_numpy(dtype=bool)
    if is_asked.any():
        left = _leave(at_hand, at_hand.faces, is_asked, study=study, reading=study.base, spoken=at_hand.spoken)
        reach_and_fit(*left, study=study, reading=study.base)


def _on_pieces(
    run: Finished, pieces: Frame, around: Surroundings, *, study: Study, reading: Reading
) -> dict[str, Frame]:
    """Return what pieces reach and hold: as the run told it of those that are as they were, and else made anew."""
    same = _same(run.tables["pieces"], pieces)
    found = reach_and_fit(pieces[~same], around, study=study, reading=reading)
    kept = pieces["piece_id"][same]
    own = {name: run.tables[name][is_among(run.tables[name]["piece_id"], kept)] for name in found}
    return {name: t.concat([own[name], frame], _ASSESSED[name]) for name, frame in found.items()}


_OF_RULES_ALONE = frozenset(
    {
        "free_id", "is_with_consent", "is_without_consent", "core_mates", "free_core_mates", "restrictions", "flags",
        "available_years_low", "available_years_expected", "available_years_high", "plan_coverage",
    }
)  # fmt: skip
"""What of a piece neither hangs on its shape and way in nor decides what it reaches and holds."""


def _same(before: Frame, pieces: Frame) -> Bools:
    """Return which pieces stand in a run as they are, to the last bit: by id, shape and way in."""
    known = before.set_index("piece_id")
    there = pieces["piece_id"].isin(known.index).to_numpy()
    mine, theirs = pieces[there], known.loc[pieces["piece_id"][there]]
    same = shapely.to_wkb(geometry_of(mine)) == shapely.to_wkb(geometry_of(theirs))
    for name in before.columns.difference(["piece_id", "geometry", *_OF_RULES_ALONE]):
        one, other = (rows[name].to_numpy(dtype=object) for rows in (mine, theirs))
        both_null = pd.isna(mine[name]).to_numpy() & pd.isna(theirs[name]).to_numpy()
        same &= both_null | np.array([a == b for a, b in zip(one, other, strict=True)], dtype=bool)
    found = np.zeros(len(pieces), dtype=bool)
    found[there] = same
    return found


def _with_rows_of(run: Finished, name: str, made: Frame, site_ids: pd.Series[str]) -> Frame:
    """Return a table of the run in which the rows of some parcels are those made, by its key."""
    table = t.Reasons if name == "reasons" else _ASSESSED[name]
    own = run.tables[name] if name in run.tables else read(run.directory / f"{name}.parquet")
    # Of no rows a partition of texts has no columns.
    named = [one.rpartition("#")[0] for one in own["piece_id"]] if "site_id" not in own.columns else own["site_id"]
    parcel = pd.Series(named, index=own.index, dtype="str")
    kept = own[~is_among(parcel, site_ids)]
    return t.concat([kept, made], table).sort_values(list(table.key), kind="stable", ignore_index=True)


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
