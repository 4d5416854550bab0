"""What a finished run holds to be asked of other rules: its land, what it prepared, and what of a question it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from flexsites import tables as t
from flexsites.config.readings import Reading, lies_as
from flexsites.config.resolved import study_of
from flexsites.config.rules import ExclusionRule, Listed
from flexsites.config.study import Study
from flexsites.errors import Fault, InputError
from flexsites.exclusion.alike import cutting, told_by_others
from flexsites.exclusion.attribution import names_of
from flexsites.exclusion.kernels.labels import has_label
from flexsites.exclusion.kernels.spoken import COVERAGES, Spoken
from flexsites.exclusion.overlay import overlay, overlay_further
from flexsites.exclusion.pieces import position_of, together_by_id
from flexsites.finished.kept import Kept
from flexsites.finished.opened import Finished
from flexsites.inputs.land.listed_parcels import strangers
from flexsites.inputs.land.rule_needs import RuleNeeds, needs_of
from flexsites.inputs.prepared import Prepared, open_prepared
from flexsites.surroundings import halo_m
from flexsites.tables import Frame
from flexsites.tables.contract import is_among
from flexsites.tables.files import read
from flexsites.tables.manifest import read_manifest, require_as_written
from flexsites.tables.run_directory import holding_of
from flexsites.tables.windows import window_of

__all__ = [
    "LandAtHand", "cut_faces", "cut_further", "cutting_anew", "in_order_of_cutting", "layers_of", "listed_strangers",
    "needs_cells", "new_rules", "open_land_of", "study_of_run",
]  # fmt: skip

Rules = tuple[ExclusionRule, ...]

_READ = ("faces.parquet", "reasons.parquet", "rule_coverage.parquet")
"""What is read of a run besides what `open_finished` reads."""

_ON_EVERY_PIECE = ("pieces", "time", "layout", "dwelling_types")
"""Sections that decide of every piece whether it is one, for how long, or what is laid out on it."""


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
        These and the parcels around its area, by id, and the faces of all in the order in which they are cut, labelled
        with the rules of all its readings: what changes outside bears on what lies inside.
    spoken
        Where the sources of its rules speak.
    kept
        What lies around, and what questions found of pieces.
    """

    run: Finished
    study: Study
    inputs: Prepared
    parcels: Frame
    everyone: Frame
    faces: Frame
    spoken: Spoken
    kept: Kept = field(default_factory=Kept, repr=False, compare=False)


def needs_cells(run: Finished, reading: Reading, study: Study | None = None) -> tuple[str, ...]:
    """Return what of a reading only a run of its own answers, by its path; nothing: it is answered from this run.

    Who asks often gives the study that the run was resolved to (`study_of_run`).
    """
    if reading.bridging is not None:
        # It flags parcels of the run itself, besides the land that it counts.
        return ("bridging",)
    if not (changed := run.unanswered(reading)):
        return ()
    before = study_of_run(run) if study is None else study
    lacking = {f"rules.{name}" for name in _not_at_hand(run, before, new_rules(before.base.rules, reading.rules))}
    if max(reading.tests.reaches_m) > before.reach_m or float(reading.tests.near_m) > before.near_m:
        lacking.add("pieces")
    left = (path for path in changed if path in lacking or not _is_of_land(path))
    return tuple(dict.fromkeys(path.removesuffix(f"__{reading.id}") for path in left))


def listed_strangers(run: Finished, reading: Reading) -> list[Fault]:
    """Return what is wrong with the parcels that a reading lists and the run does not: each must be one of the run's.

    `needs_cells` tells of them as well, for who would rather have a run tell its faults.
    """
    known = {rule.rule_id for rule in run.base.rules if isinstance(rule, Listed)}
    listing = [rule for rule in reading.rules if isinstance(rule, Listed) and rule.rule_id not in known]
    if not listing:
        return []
    return strangers(listing, open_prepared(run.directory / "canonical", []).tables)


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
    study = study_of_run(run)
    inputs = open_prepared(run.directory / "canonical", [*layers_of(study.all_rules), *run.settings.sources.layers])
    parcels = inputs.read("parcels", t.Parcels).sort_values("site_id", ignore_index=True)
    context = inputs.read("context_parcels", t.Parcels)
    outside = context[~is_among(context["site_id"], parcels["site_id"])]
    everyone = together_by_id(parcels, outside)
    cut = t.concat([read(run.directory / "faces.parquet"), cut_faces(outside, inputs, study)], t.Faces)
    faces = in_order_of_cutting(cut, everyone, study.all_rules)
    return LandAtHand(run, study, inputs, parcels, everyone, faces, _told(run, names_of(study.base.rules)))


def in_order_of_cutting(faces: Frame, parcels: Frame, rules: Rules) -> Frame:
    """Return faces in the order in which parcels are cut: by parcel, and what the last rules cover first."""
    covers = has_label(faces["rules"].to_numpy(), [rule.rule_id for rule in cutting(rules)])
    order = np.lexsort((*(~covers).T, position_of(parcels, faces)))
    ordered: Frame = faces.iloc[order].reset_index(drop=True)
    return ordered


def study_of_run(run: Finished) -> Study:
    """Return what a finished run was resolved to."""
    return study_of(run.content, run.settings, str(run.directory))


def layers_of(rules: Rules) -> list[str]:
    """Return the layers that rules read, sorted."""
    return sorted({key for rule in rules for key in rule.layer_keys})


def new_rules(before: Rules, after: Rules) -> Rules:
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
    given, prepared = set(run.settings.sources.layers), needs_of(before.all_rules)
    try:
        inputs = open_prepared(run.directory / "canonical", layers_of(new))
    except InputError:
        yield from after
        return
    yield from (name for name, rule in after.items() if strangers([rule], inputs.tables))
    for name, rule in after.items():
        layers = zip(rule.layer_keys, rule.source_keys, strict=True)
        is_prepared = all(key in inputs.layers or source not in given for key, source in layers)
        is_met = all(needs.are_met_by(prepared.get(key, RuleNeeds())) for key, needs in needs_of([rule]).items())
        if not (is_prepared and is_met) or rule.reach_m > before.reach_m:
            yield name


def cutting_anew(at_hand: LandAtHand, study: Study) -> Rules:
    """Return the rules of a study by which the faces of a run are to be cut: no label that is there tells of them."""
    told = told_by_others(study.all_rules)
    return tuple(rule for rule in new_rules(at_hand.study.all_rules, study.all_rules) if rule.rule_id not in told)


def cut_faces(parcels: Frame, inputs: Prepared, study: Study) -> Frame:
    """Cut parcels into faces with the labels of all rules."""
    if not len(parcels):
        return t.empty(t.Faces)
    layers = inputs.read_layers(window_of(parcels, halo_m(study)))
    return overlay(parcels.reset_index(drop=True), layers, rules=study.all_rules, time=study.base.time)


def cut_further(parcels: Frame, faces: Frame, inputs: Prepared, study: Study, new: Rules) -> Frame:
    """Cut faces of parcels further by rules that none is labelled with, the last of all rules."""
    layers = inputs.read_layers(window_of(parcels, halo_m(study)), names=layers_of(new))
    known = tuple(rule.rule_id for rule in study.all_rules if rule not in new)
    mine = faces[is_among(faces["site_id"], parcels["site_id"])].reset_index(drop=True)
    return overlay_further(
        parcels.reset_index(drop=True), mine, layers, rules=new, time=study.base.time, known=known
    )  # fmt: skip


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
