"""The parcels of a finished run that another reading changes, assessed as their cell assesses them: all, or a share.

A rule of another effect is another choice among the labels of faces, so nothing is intersected again; a rule that lies
elsewhere (another distance, other classes) cuts the parcels that it meets anew. Other tests of pieces or times are
asked of every piece, but nothing is intersected for them either; other layouts are laid out where pieces stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from flexsites import tables as t
from flexsites.assess import reach_and_fit
from flexsites.capacity.homes import count_layouts
from flexsites.config.readings import Reading, lies_as
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.config.study import Study
from flexsites.exclusion.alike import label_alike
from flexsites.exclusion.changed import Changed, changed_parcels
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.kernels.cores import gap_bridged_m
from flexsites.exclusion.kernels.labels import has_label
from flexsites.exclusion.kernels.spoken import Spoken
from flexsites.exclusion.kernels.verdicts import joint_coverage
from flexsites.exclusion.overlay import overlay
from flexsites.exclusion.pieces import leave_pieces, position_of
from flexsites.exclusion.selection import geometry_of, open_plans
from flexsites.finished.at_hand import (
    LandAtHand,
    cut_further,
    cutting_anew,
    in_order_of_cutting,
    layers_of,
    new_rules,
)
from flexsites.finished.foreseen import is_everywhere, laid_out_anew, met
from flexsites.finished.layouts import lay_out_anew
from flexsites.finished.opened import Finished, in_order_of
from flexsites.surroundings import Surroundings, halo_m
from flexsites.tables import Frame, Table
from flexsites.tables.contract import is_among
from flexsites.tables.windows import window_of

__all__ = ["ASSESSED", "Begun", "as_it_is", "assess", "begin", "shared_out", "study_with", "with_its_tops"]

Bools = npt.NDArray[np.bool_]
Rules = tuple[ExclusionRule, ...]

ASSESSED: Mapping[str, Table] = {
    "pieces": t.Pieces,
    "accessibility": t.Accessibility,
    "transit_quality": t.TransitQuality,
    "laid_out": t.LaidOut,
}
"""The tables of which the rows are made again of parcels whose pieces change."""


_FEWEST_SHARED = 40
"""Of fewer parcels one process is done sooner than two."""

_PARCEL, _M2_OF_CORE = 0.4, 2e-5
"""What a parcel takes, and each square metre of core, as a share of what a valid piece takes [A]: about as measured."""

_STRIPS = 4
"""Each process assesses so many strips of the map: much lies in some, little in others."""


def study_with(at_hand: LandAtHand, reading: Reading, beside: Sequence[Reading] = ()) -> Study:
    """Return the study of a run with other readings beside its own."""
    asked = {one.id: one for one in (*at_hand.study.readings, *beside, reading)}
    return replace(at_hand.study, readings=tuple(asked.values()))


@dataclass(frozen=True, slots=True)
class Begun:
    """A question of land as far as every process that answers a share of it begins it.

    Attributes
    ----------
    at_hand, study, reading
        The land of the run (or of a part of it), its study with the reading, and the reading.
    faces, spoken
        The faces of everyone with the labels of all rules, and where the sources of the reading's rules speak.
    changed
        Which parcels a reading changes, each of shape (n,).
    pieces, laid_out
        The valid pieces of the run, and by flexmilieu which of their layouts are made anew (`asked_anew`).
    is_laid_out
        Shape (n,), the parcels that these lie on.
    """

    at_hand: LandAtHand
    study: Study
    reading: Reading
    faces: Frame
    spoken: Spoken
    changed: Changed
    pieces: Frame
    laid_out: Mapping[str, Bools]
    is_laid_out: Bools

    @property
    def is_asked(self) -> Bools:
        """The parcels that are assessed, shape (n,)."""
        return np.asarray(self.changed.pieces | self.is_laid_out, dtype=bool)


def begin(at_hand: LandAtHand, study: Study, reading: Reading) -> Begun:
    """Find what a reading changes: nothing is dissolved, opened or laid out yet."""
    faces, is_cut = _labelled(at_hand, study)
    spoken = _where_sources_speak(at_hand, study, reading)
    changed = _changed(at_hand, faces, is_cut, study=study, reading=reading, spoken=spoken)
    pieces, laid_out, is_laid_out = laid_out_anew(at_hand, study.base, reading)
    return Begun(at_hand, study, reading, faces, spoken, changed, pieces, laid_out, is_laid_out)


def shared_out(begun: Begun, n_shares: int) -> list[Bools]:
    """Return the parcels of each share, shape (n,): all that are asked, each once.

    Parcels that touch bear on each other: shares are strips of the map, so that little lies on their borders. What
    follows for a piece does not depend on what else is asked, so that any sharing out gives the same answer.
    """
    at = np.flatnonzero(begun.is_asked)
    if n_shares == 1 or len(at) < _FEWEST_SHARED:
        return [begun.is_asked, *(np.zeros_like(begun.is_asked) for _ in range(n_shares - 1))]
    site_ids = begun.at_hand.parcels["site_id"].iloc[at]
    of_piece = 1.0 + _M2_OF_CORE * begun.pieces["core_area_m2"].to_numpy(dtype=np.float64)
    by_site = pd.Series(of_piece).groupby(begun.pieces["site_id"].to_numpy(dtype=object)).sum()
    taken = by_site.reindex(site_ids.to_numpy(dtype=object)).fillna(0.0).to_numpy() + _PARCEL
    west = shapely.bounds(geometry_of(begun.at_hand.parcels)[at])[:, 0]
    order = np.argsort(west, kind="stable")
    before = np.empty(len(at))
    before[order] = np.cumsum(taken[order]) - taken[order]
    # Out and back: the strips at the turns lie side by side, and are one.
    turn, along = np.divmod(before * _STRIPS / taken.sum(), 1.0)
    along = np.where(turn % 2 == 0, along, 1.0 - along)
    found = np.full(len(begun.is_asked), -1, dtype=np.int64)
    found[at] = np.searchsorted(np.linspace(0.0, 1.0, n_shares + 1)[1:-1], along, side="right")
    return [found == i for i in range(n_shares)]


def assess(begun: Begun, is_mine: Bools) -> dict[str, Frame]:
    """Return what a reading leaves of some of the parcels that it changes, as their cell does, by table.

    Of parcels whose pieces do not change the layouts alone are told, where these are made anew.
    """
    run = _laid_out_for(begun, is_mine)
    is_changed, is_kept = begun.changed.pieces & is_mine, begun.is_laid_out & ~begun.changed.pieces & is_mine
    made = {name: t.empty(table) for name, table in ASSESSED.items()}
    if is_changed.any():
        pieces, around = _leave(begun, is_changed)
        made = {"pieces": pieces, **_on_pieces(run, pieces, around, study=begun.study, reading=begun.reading)}
    if is_kept.any():
        told, sites = run.tables["laid_out"], begun.at_hand.parcels.loc[is_kept, "site_id"]
        kept = begun.pieces["piece_id"][is_among(begun.pieces["site_id"], sites)]
        made["laid_out"] = t.concat([made["laid_out"], told[is_among(told["piece_id"], kept)]], t.LaidOut)
    return made


def _laid_out_for(begun: Begun, is_mine: Bools) -> Finished:
    """Return the run with the layouts that a reading asks on the pieces of some parcels."""
    run = begun.at_hand.run
    if not begun.laid_out:
        return run
    sites = begun.at_hand.parcels.loc[is_mine & begun.is_laid_out, "site_id"]
    is_here = is_among(begun.pieces["site_id"], sites)
    before = in_order_of(run.tables["laid_out"], begun.pieces)
    asked = {name: one & is_here for name, one in begun.laid_out.items()}
    laid_out = lay_out_anew(begun.pieces, run.tables["transit_quality"], before, asked, after=begun.reading)
    return replace(run, tables={**run.tables, "laid_out": laid_out})


def with_its_tops(begun: Begun) -> Finished:
    """Return the run with layouts counted no further than the reading asks, where any is made anew."""
    return _laid_out_for(begun, np.zeros_like(begun.is_laid_out))


def _changed(
    at_hand: LandAtHand, faces: Frame, is_cut: Bools, *, study: Study, reading: Reading, spoken: Spoken
) -> Changed:
    """Return which parcels of the run a reading changes."""
    before, after, parcels = study.base.rules, reading.rules, at_hand.parcels
    among_all = changed_parcels(
        at_hand.everyone, faces, at_hand.run.tables["pieces"], before=before, after=after, is_cut=is_cut,
        near_m=study.near_m, gap_m=gap_bridged_m(float(study.tests.min_width_m)),
        near=at_hand.kept.near_of(at_hand.everyone, study.near_m),
    )  # fmt: skip
    own = position_of(at_hand.everyone, parcels)
    is_other = _plans_differ(at_hand, spoken, before, after) | is_everywhere(study.base, reading)
    return Changed(among_all.pieces[own] | is_other, among_all.reasons[own] | is_other)


def _labelled(at_hand: LandAtHand, study: Study) -> tuple[Frame, Bools]:
    """Return the faces of the run with the labels of all rules, by parcel, and which parcels were cut further."""
    faces, parcels, rules = at_hand.faces, at_hand.everyone, study.all_rules
    new = cutting_anew(at_hand, study)
    is_cut = met(at_hand, study, new)
    if is_cut.any():
        cut = cut_further(parcels[is_cut], faces, at_hand.inputs, study, new)
        is_covered = np.asarray(has_label(cut["rules"].to_numpy(), [rule.rule_id for rule in new]).any(axis=1))
        is_cut = is_among(parcels["site_id"], cut.loc[is_covered, "site_id"])
        faces = t.concat([faces[~is_among(faces["site_id"], cut["site_id"])], cut], t.Faces)
        faces = in_order_of_cutting(faces, parcels, rules)
    if new_rules(at_hand.study.all_rules, rules):
        faces = label_alike(faces, parcels, rules)
    return faces, is_cut


def _where_sources_speak(at_hand: LandAtHand, study: Study, reading: Reading) -> Spoken:
    """Return where the sources of a reading's rules speak: as the run told it, and asked anew of rules that are new."""
    told, inputs = at_hand.spoken, at_hand.inputs
    new = {rule.part_of or rule.rule_id for rule in new_rules(study.base.rules, reading.rules)}
    if not new and reading.tests == study.tests:
        return told
    families = tuple(rule for rule in study.all_rules if (rule.part_of or rule.rule_id) in new)
    layers = inputs.read_layers(names=layers_of(families))
    found = cover_rules(
        at_hand.parcels, inputs.coverages(), layers, rules=families, tests=reading.tests,
        sources=at_hand.kept.sources_of(at_hand.parcels, inputs),
    )  # fmt: skip
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


def _leave(begun: Begun, is_asked: Bools) -> tuple[Frame, Surroundings]:
    """Return the pieces that a reading leaves of some parcels, and what lies around them."""
    at_hand, study, reading, parcels = begun.at_hand, begun.study, begun.reading, begun.at_hand.parcels
    asked = parcels[is_asked].reset_index(drop=True)
    on = at_hand.kept.ground_of(
        asked, parcels, at_hand.everyone, (at_hand.faces, begun.faces), at_hand.run.tables["pieces"],
        inputs=at_hand.inputs, study=study, reading=reading
    )  # fmt: skip
    neighbours = on.everyone[~is_among(on.everyone["site_id"], asked["site_id"])].reset_index(drop=True)
    pieces = leave_pieces(
        asked, neighbours, on.faces, on.around.streets, on.around.layers,
        spoken=begun.spoken.at(np.flatnonzero(is_asked)), rules=reading.rules, tests=reading.tests,
        locations=study.locations, time=reading.time, lane_m=reading.least_lane_m, land=on.land,
    )  # fmt: skip
    return pieces, on.around


def as_it_is(at_hand: LandAtHand) -> Begun:
    """Return the question of the run itself, of one parcel with a piece: its answer is known, and every stage is used.

    Its faces are cut, sources are asked of it and homes laid out on it too, as for a rule that is new.
    """
    study, pieces = at_hand.study, t.valid(at_hand.run.tables["pieces"])
    is_asked = (at_hand.parcels["site_id"] == (pieces["site_id"].iloc[0] if len(pieces) else None)).to_numpy(dtype=bool)
    changed, no_one = Changed(is_asked, is_asked), np.zeros_like(is_asked)
    asked = at_hand.parcels[is_asked].reset_index(drop=True)
    if len(asked):
        layers = at_hand.inputs.read_layers(window_of(asked, halo_m(study)))
        overlay(asked, layers, rules=study.all_rules, time=study.base.time)
        count_layouts(
            pieces[:1], at_hand.run.tables["transit_quality"],
            programmes=study.base.programmes, dwelling_types=study.dwelling_types, layout=study.layout,
        )  # fmt: skip
        cover_rules(asked, at_hand.inputs.coverages(), layers, rules=study.all_rules, tests=study.tests)
    return Begun(at_hand, study, study.base, at_hand.faces, at_hand.spoken, changed, pieces, {}, no_one)


def _on_pieces(
    run: Finished, pieces: Frame, around: Surroundings, *, study: Study, reading: Reading
) -> dict[str, Frame]:
    """Return what pieces reach and hold: as the run told it of those that are as they were, and else made anew."""
    same = _same(run.tables["pieces"], pieces)
    found = reach_and_fit(pieces[~same], around, study=study, reading=reading)
    kept = pieces["piece_id"][same]
    own = {name: run.tables[name][is_among(run.tables[name]["piece_id"], kept)] for name in found}
    return {name: t.concat([own[name], frame], ASSESSED[name]) for name, frame in found.items()}


_OF_RULES_ALONE = frozenset(
    {
        "free_id", "is_with_consent", "is_without_consent", "core_mates", "free_core_mates", "restrictions", "flags",
        "available_years_low", "available_years_expected", "available_years_high", "plan_coverage",
    }
)  # fmt: skip
"""What of a piece neither hangs on its shape and way in nor decides what it reaches and holds."""


def _same(before: Frame, pieces: Frame) -> Bools:
    """Return which pieces stand in a run as they are, to the last bit: by id, shape and way in."""
    known = before[is_among(before["piece_id"], pieces["piece_id"])].set_index("piece_id")
    there = is_among(pieces["piece_id"], before["piece_id"])
    mine, theirs = pieces[there], known.loc[pieces["piece_id"][there]]
    same = shapely.to_wkb(geometry_of(mine)) == shapely.to_wkb(geometry_of(theirs))
    for name in before.columns.difference(["piece_id", "geometry", *_OF_RULES_ALONE]):
        one, other = (rows[name].to_numpy(dtype=object) for rows in (mine, theirs))
        both_null = pd.isna(mine[name]).to_numpy() & pd.isna(theirs[name]).to_numpy()
        same &= both_null | np.array([a == b for a, b in zip(one, other, strict=True)], dtype=bool)
    found = np.zeros(len(pieces), dtype=bool)
    found[there] = same
    return found
