"""What rules leave of a finished run when they are read otherwise: the parcels that change are assessed, no others.

A rule of another effect is another choice among the labels of faces, so nothing is intersected again; a rule that lies
elsewhere (another distance, other classes) cuts the parcels that it meets anew. What follows for a piece depends on the
land around it alone (METHOD 0): the rest is taken from the tables of the run. Other tests of pieces, times or layouts
are asked of every piece, but nothing is intersected for them either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import shapely

from flexsites import tables as t
from flexsites.assess import leave, reach_and_fit
from flexsites.capacity.common_programme import area_in_common
from flexsites.config.readings import Reading, lies_as
from flexsites.config.resolved import study_of
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.config.study import Study
from flexsites.errors import InputError
from flexsites.exclusion.attribution import names_of, tell_coverage
from flexsites.exclusion.changed import changed_parcels
from flexsites.exclusion.constraints import constrain
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.kernels.labels import has_label
from flexsites.exclusion.kernels.spoken import COVERAGES, Spoken
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
from flexsites.exclusion.overlay import overlay
from flexsites.exclusion.pieces import open_land, position_of, together_by_id
from flexsites.exclusion.selection import geometry_of
from flexsites.exclusion.verdict import decide
from flexsites.finished.opened import Finished, stand
from flexsites.inputs.land.rule_needs import needs_of
from flexsites.inputs.prepared import Prepared, open_prepared
from flexsites.surroundings import Surroundings, halo_m, surroundings_of
from flexsites.tables import Frame, Table
from flexsites.tables.contract import is_among
from flexsites.tables.files import read
from flexsites.tables.manifest import read_manifest, require_as_written
from flexsites.tables.run_directory import holding_of
from flexsites.tables.windows import window_of

__all__ = ["ChangedLand", "LandAtHand", "change_land", "needs_cells", "open_land_of"]

Bools = npt.NDArray[np.bool_]
Rules = tuple[ExclusionRule, ...]

_ASSESSED: Mapping[str, Table] = {
    "pieces": t.Pieces,
    "reasons": t.Reasons,
    "accessibility": t.Accessibility,
    "transit_quality": t.TransitQuality,
    "laid_out": t.LaidOut,
}
"""The tables of which the rows of parcels that change are made again."""

_READ = ("faces.parquet", "reasons.parquet", "rule_coverage.parquet")
"""What is read of a run besides what `open_finished` reads."""

_ON_EVERY_PIECE = ("pieces", "time", "layout", "dwelling_types")
"""Sections that decide of every piece whether it is one, for how long, or what is laid out on it."""


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


@dataclass(frozen=True, slots=True)
class LandAtHand:
    """The land of a finished run, opened once to be asked of other readings.

    Attributes
    ----------
    run, study
        The run, and what it was resolved to.
    inputs
        What it prepared.
    parcels
        Its parcels, by id.
    everyone, faces
        These and the parcels around its area, by id, and the faces of all, labelled with the rules of all its readings:
        what changes outside bears on what lies inside.
    spoken
        Where the sources of its rules speak.
    """

    run: Finished
    study: Study
    inputs: Prepared
    parcels: Frame
    everyone: Frame
    faces: Frame
    spoken: Spoken


def needs_cells(run: Finished, reading: Reading) -> tuple[str, ...]:
    """Return what of a reading only a run of its own answers, by its path; nothing: it is answered from this run."""
    changed = run.unanswered(reading)
    if not changed or reading.bridging is not None:
        return changed
    before = _study_of(run)
    lacking = {f"rules.{name}" for name in _not_at_hand(run, before, _new(before.base.rules, reading.rules))}
    if max(reading.tests.reaches_m) > before.reach_m or float(reading.tests.near_m) > before.near_m:
        lacking.add("pieces")
    left = (path for path in changed if path in lacking or not _is_of_land(path))
    return tuple(dict.fromkeys(path.removesuffix(f"__{reading.id}") for path in left))


def _is_of_land(path: str) -> bool:
    """Whether what stands at a path is asked of faces and pieces: rules, tests, times and layouts."""
    return path.startswith(("rules.", "flexmilieus.")) or path in _ON_EVERY_PIECE


def open_land_of(run: Finished) -> LandAtHand:
    """Open the land of a finished run.

    Raises
    ------
    InputError
        If one of its tables or of its prepared inputs is gone, or is not as it was written.
    """
    if holding_of(run.directory) is None:
        require_as_written(read_manifest(run.directory), run.directory, _READ)
    study = _study_of(run)
    inputs = open_prepared(run.directory / "canonical", [*_layers_of(study.all_rules), *run.settings.sources.layers])
    parcels = inputs.read("parcels", t.Parcels).sort_values("site_id", ignore_index=True)
    context = inputs.read("context_parcels", t.Parcels)
    outside = context[~is_among(context["site_id"], parcels["site_id"])]
    faces = t.concat([read(run.directory / "faces.parquet"), _cut(outside, inputs, study)], t.Faces)
    everyone = together_by_id(parcels, outside)
    return LandAtHand(run, study, inputs, parcels, everyone, faces, _told(run, names_of(study.base.rules)))


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
    asked = {one.id: one for one in (*at_hand.study.readings, *beside, reading)}
    study = replace(at_hand.study, readings=tuple(asked.values()))
    faces, is_cut = _labelled(at_hand, study)
    spoken = _where_sources_speak(at_hand, study, reading)
    parcels, before, after = at_hand.parcels, study.base.rules, reading.rules
    among_all = changed_parcels(
        at_hand.everyone, faces, before=before, after=after, is_cut=is_cut, near_m=study.near_m
    )  # fmt: skip
    is_changed = among_all[position_of(at_hand.everyone, parcels)]
    is_other = _plans_differ(spoken, before, after) | _is_everywhere(study.base, reading)
    is_changed |= is_other
    made = _assess(at_hand, faces, is_changed, study=study, reading=reading, spoken=spoken)
    tables = {name: _with_rows_of(at_hand.run, name, made, parcels.loc[is_changed, "site_id"]) for name in _ASSESSED}
    exclusions = decide(parcels, _by_parcel(tables["pieces"]), spoken=spoken, rules=after)
    return ChangedLand(
        _on_this_land(at_hand, study, exclusions, tables),
        tables["reasons"],
        tell_coverage(spoken, rules=after),
        int(is_changed.sum()),
    )


def _study_of(run: Finished) -> Study:
    return study_of(run.content, run.settings, str(run.directory))


def _layers_of(rules: Rules) -> list[str]:
    return sorted({key for rule in rules for key in rule.layer_keys})


def _new(before: Rules, after: Rules) -> Rules:
    """Return the rules that faces with the labels of others do not tell."""
    known = {rule.rule_id: lies_as(rule) for rule in before}
    return tuple(rule for rule in after if known.get(rule.rule_id) != lies_as(rule))


def _not_at_hand(run: Finished, before: Study, new: Rules) -> Iterator[str]:
    """Give the rules of which the run did not prepare what they read."""
    after = {rule.rule_id: rule for rule in new}
    if not (run.directory / "faces.parquet").is_file() or not (run.directory / "canonical").is_dir():
        yield from (rule.rule_id for rule in before.base.rules)
        yield from after
        return
    given = set(run.settings.sources.layers)
    try:
        inputs = open_prepared(run.directory / "canonical", _layers_of(new))
    except InputError:
        yield from after
        return
    for name, rule in after.items():
        layers = zip(rule.layer_keys, rule.source_keys, strict=True)
        is_prepared = all(key in inputs.layers or source not in given for key, source in layers)
        if not is_prepared or rule.reach_m > before.reach_m or not _has_columns(inputs, rule):
            yield name


def _has_columns(inputs: Prepared, rule: ExclusionRule) -> bool:
    """Whether the layers that a rule reads were prepared with the attributes that it asks for."""
    for key, needs in needs_of([rule]).items():
        path = inputs.layers.get(key)
        if path is not None and not set(needs.needed) <= set(pq.read_schema(path).names):
            return False
    return True


def _labelled(at_hand: LandAtHand, study: Study) -> tuple[Frame, Bools]:
    """Return the faces of the run with the labels of all rules, by parcel, and which parcels were cut anew for that."""
    faces, parcels, known = at_hand.faces, at_hand.everyone, at_hand.study.all_rules
    new, names = _new(known, study.all_rules), [rule.rule_id for rule in study.all_rules]
    strange = [rule.rule_id for rule in known if rule.rule_id not in names] + [rule.rule_id for rule in new]
    is_strange = np.asarray(has_label(faces["rules"].to_numpy(), strange).any(axis=1), dtype=bool)
    is_cut = is_among(parcels["site_id"], faces.loc[is_strange, "site_id"]) | _met(at_hand, study, new)
    if is_cut.any():
        cut = _cut(parcels[is_cut], at_hand.inputs, study)
        faces = t.concat([faces[~is_among(faces["site_id"], cut["site_id"])], cut], t.Faces)
    return _in_order(faces, parcels, names), is_cut


def _met(at_hand: LandAtHand, study: Study, new: Rules) -> Bools:
    """Return which parcels rules may cover."""
    met = np.zeros(len(at_hand.everyone), dtype=bool)
    if not new:
        return met
    layers = at_hand.inputs.read_layers(names=_layers_of(new))
    ordered = layers.sort_values(["layer", "feature_id", "part"], kind="stable", ignore_index=True)
    tree = shapely.STRtree(geometry_of(at_hand.everyone))
    for one in constrain(at_hand.everyone, ordered, rules=new, time=study.base.time):
        met[tree.query(one.polygons, predicate="intersects")[1]] = True
        if one.is_whole and one.is_asked is not None:
            met |= one.is_asked
    return met


def _cut(parcels: Frame, inputs: Prepared, study: Study) -> Frame:
    """Cut parcels into faces with the labels of all rules."""
    if not len(parcels):
        return t.empty(t.Faces)
    layers = inputs.read_layers(window_of(parcels, halo_m(study)))
    return overlay(parcels.reset_index(drop=True), layers, rules=study.all_rules, time=study.base.time)


def _in_order(faces: Frame, parcels: Frame, rule_ids: Sequence[str]) -> Frame:
    """Return faces in the order in which parcels are cut: by parcel, and what the last rules cover first."""
    covers = has_label(faces["rules"].to_numpy(), rule_ids)
    order = np.lexsort((*(~covers).T, position_of(parcels, faces)))
    ordered: Frame = faces.iloc[order].reset_index(drop=True)
    return ordered


def _where_sources_speak(at_hand: LandAtHand, study: Study, reading: Reading) -> Spoken:
    """Return where the sources of a reading's rules speak: as the run told it, and asked anew of rules that are new."""
    told, inputs = at_hand.spoken, at_hand.inputs
    new = {rule.part_of or rule.rule_id for rule in _new(study.base.rules, reading.rules)}
    if not new and reading.tests == study.tests:
        return told
    families = tuple(rule for rule in study.all_rules if (rule.part_of or rule.rule_id) in new)
    layers = inputs.read_layers(names=_layers_of(families))
    found = cover_rules(at_hand.parcels, inputs.coverages(), layers, rules=families, tests=reading.tests)
    names = list(dict.fromkeys([*told.rule_ids, *found.rule_ids]))
    of_told, of_found = told.among(names), found.among(names)
    is_found = np.isin(names, found.rule_ids)
    codes = np.where(is_found, of_found.of_parcels(), of_told.of_parcels())
    share = np.where(is_found, of_found.share[of_found.combination], of_told.share[of_told.combination])
    return Spoken.of(names, codes, share)


def _told(run: Finished, rule_ids: Sequence[str]) -> Spoken:
    """Return where sources speak as a run told it: once for all parcels that are alike in it."""
    ids, combination = np.unique(run.tables["sites"]["rule_coverage_id"].to_numpy(dtype=object), return_inverse=True)
    rows = read(run.directory / "rule_coverage.parquet")
    at = (
        pd.Index(ids).get_indexer(pd.Index(rows["rule_coverage_id"])),
        pd.Index(rule_ids).get_indexer(pd.Index(rows["rule_id"])),
    )
    codes, share = np.zeros((len(ids), len(rule_ids)), dtype=np.int8), np.ones((len(ids), len(rule_ids)))
    codes[at] = pd.Index(COVERAGES).get_indexer(pd.Index(rows["coverage"]))
    share[at] = rows["covered_share"]
    return Spoken(tuple(rule_ids), combination.astype(np.int64), codes, share)


def _is_everywhere(before: Reading, reading: Reading) -> bool:
    """Whether more than rules differs: then every piece is tested, dated and laid out again."""
    return any(not path.startswith("rules.") for path in reading.leaves_otherwise(before))


def _plans_differ(spoken: Spoken, before: Rules, after: Rules) -> Bools:
    """Return at which parcels it is known otherwise what is planned there: their years are other ones."""
    one, other = (
        joint_coverage(spoken.among([rule.rule_id for rule in rules if isinstance(rule, PlannedCapacity)]).of_parcels())
        for rules in (before, after)
    )
    return np.asarray(one != other, dtype=bool)


def _assess(
    at_hand: LandAtHand, faces: Frame, is_changed: Bools, *, study: Study, reading: Reading, spoken: Spoken
) -> Mapping[str, Frame]:
    """Return what a reading leaves of the parcels that change, as their cell does."""
    if not is_changed.any():
        return {name: t.empty(table) for name, table in _ASSESSED.items()}
    parcels, inputs = at_hand.parcels, at_hand.inputs
    asked = parcels[is_changed].reset_index(drop=True)
    plans = [rule.layer for rule in study.all_rules if isinstance(rule, PlannedCapacity)]
    barriers = [one.layer for one in study.locations.barriers]
    around = surroundings_of(asked, inputs, study=study, layers=[*plans, *barriers])
    everyone = together_by_id(asked, around.neighbours)
    names = [rule.rule_id for rule in study.all_rules]
    every_face = _in_order(faces[is_among(faces["site_id"], everyone["site_id"])], everyone, names)
    land = open_land(
        everyone, every_face, around.streets, around.layers,
        rules=study.all_rules, tests=reading.tests, locations=study.locations, lane_m=reading.least_lane_m,
    )  # fmt: skip
    there = spoken.at(np.flatnonzero(is_changed))
    left: dict[str, Frame] = leave(asked, every_face, around, study=study, reading=reading, spoken=there, land=land)
    return left | _on_pieces(at_hand.run, left["pieces"], around, study=study, reading=reading)


def _on_pieces(
    run: Finished, pieces: Frame, around: Surroundings, *, study: Study, reading: Reading
) -> dict[str, Frame]:
    """Return what pieces reach and hold: as the run told it of those that are as they were, and else made anew."""
    same = _same(run.tables["pieces"], pieces) & (not _is_everywhere(study.base, reading))
    found = reach_and_fit(pieces[~same], around, study=study, reading=reading)
    kept = pieces["piece_id"][same]
    own = {name: run.tables[name][is_among(run.tables[name]["piece_id"], kept)] for name in found}
    return {name: t.concat([own[name], frame], _ASSESSED[name]) for name, frame in found.items()}


def _same(before: Frame, pieces: Frame) -> Bools:
    """Return which pieces stand in a run as they are, to the last bit: by id, shape and way in."""
    known = before.set_index("piece_id")
    there = pieces["piece_id"].isin(known.index).to_numpy()
    mine, theirs = pieces[there], known.loc[pieces["piece_id"][there]]
    same = shapely.to_wkb(geometry_of(mine)) == shapely.to_wkb(geometry_of(theirs))
    for name in before.columns.difference(["piece_id", "geometry"]):
        one, other = (rows[name].to_numpy(dtype=object) for rows in (mine, theirs))
        both_null = pd.isna(mine[name]).to_numpy() & pd.isna(theirs[name]).to_numpy()
        same &= both_null | np.array([a == b for a, b in zip(one, other, strict=True)], dtype=bool)
    found = np.zeros(len(pieces), dtype=bool)
    found[there] = same
    return found


def _by_parcel(pieces: Frame) -> Frame:
    """Return pieces in the order in which they are made: sums over them are then the same to the last bit."""
    keys, rises = ["site_id", "is_with_consent", "piece_number"], [True, False, True]
    ordered: Frame = pieces.sort_values(keys, ascending=rises, ignore_index=True)
    return ordered


def _with_rows_of(run: Finished, name: str, made: Mapping[str, Frame], site_ids: pd.Series[str]) -> Frame:
    """Return a table of the run in which the rows of some parcels are those made, by its key."""
    table = _ASSESSED[name]
    own = run.tables[name] if name in run.tables else read(run.directory / f"{name}.parquet")
    parcel = own["site_id"] if "site_id" in own.columns else own["piece_id"].str.rpartition("#")[0]
    kept = own[~is_among(parcel, site_ids)]
    return t.concat([kept, made[name]], table).sort_values(list(table.key), kind="stable", ignore_index=True)


def _on_this_land(at_hand: LandAtHand, study: Study, exclusions: Frame, tables: Mapping[str, Frame]) -> Finished:
    """Return the run with the pieces of another reading, and where they lie."""
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
        programme_area_m2=area_in_common(_by_parcel(pieces), exclusions),
        location_id=main.reindex(parcels["site_id"]).astype("str").array,
    )
    own = {name: tables[name] for name in ("pieces", "accessibility", "transit_quality", "laid_out")}
    nothing = {"units": t.empty(t.Units), "piece_suitability": t.empty(t.PieceSuitability)}
    lies = {"piece_locations": places, "locations": describe_locations(located, places, facts), "sites": sites}
    tables_there = own | nothing | lies
    return stand(run.directory, run.content, run.settings, run.base, tables_there, measures=run.kernel.measures)
