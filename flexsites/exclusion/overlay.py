"""The stage that cuts parcels into faces, each labelled with every rule that covers it: all readings start there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from flexsites.config.rule_sets import TimeModel
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.alike import cutting, label_alike
from flexsites.exclusion.constraints import constrain
from flexsites.exclusion.kernels.faces import LabelledFaces, has_rule, label_faces, words_of
from flexsites.exclusion.kernels.labels import has_label, list_labels
from flexsites.exclusion.selection import geometry_of
from flexsites.tables import (
    Faces,
    Frame,
    Layers,
    Parcels,
)
from flexsites.tables.contract import with_shapes
from flexsites.tables.stage import stage


@stage(takes=(Parcels, Layers), gives=Faces)
def overlay(parcels: Frame, layers: Frame, *, rules: tuple[ExclusionRule, ...], time: TimeModel) -> Frame:
    """Cut parcels into faces labelled with every rule that covers them, whatever its effect.

    The areas of a site's faces sum to its area. Give all rules of all variants: a variant then selects among labels.

    Parameters
    ----------
    parcels, layers
        Tables; features are taken in the order of their key, whatever the order of the rows.
    rules
        The rules to label with.
    time
        Reference date and horizon, for planned capacity.

    Raises
    ------
    InputError
        If a rule asks for an attribute that its layer does not have, or for areas of lines.

    Examples
    --------
    >>> from flexsites.exclusion.overlay import overlay
    >>> from flexsites.tables import Layers, Parcels
    >>> from flexsites.tables.own import own
    >>> from flexsites.worlds.plain import demo, inside, plot
    >>> parcels = own(Parcels, [plot()], site_id=["a"], parcel_area_m2=5000)
    >>> layers = own(Layers, [plot(80)], layer="water", feature_id=["pond"], part=0)
    >>> faces = overlay(parcels, layers, rules=(inside("water"),), time=demo().base.time)
    >>> faces[["rules", "face_area_m2"]].to_numpy().tolist()
    [[('water',), 1000.0], [(), 4000.0]]
    """
    asked = cutting(rules)
    return label_alike(_faces(parcels, layers, asked, time, [rule.rule_id for rule in asked]), parcels, rules)


@stage(takes=(Parcels, Faces, Layers), gives=Faces)
def overlay_further(
    parcels: Frame,
    faces: Frame,
    layers: Frame,
    *,
    rules: tuple[ExclusionRule, ...],
    time: TimeModel,
    known: tuple[str, ...],
) -> Frame:
    """Cut faces further by rules that come after those that they are labelled with: what all together would have cut.

    Parameters
    ----------
    parcels, faces
        Tables; of all faces of these parcels.
    layers
        Those that the rules read.
    rules
        The rules to cut with; none of them labels a face.
    time
        Reference date and horizon, for planned capacity.
    known
        The rules that label the faces.

    Raises
    ------
    InputError
        If a rule asks for an attribute that its layer does not have, or for areas of lines.

    Examples
    --------
    >>> from flexsites.exclusion.overlay import overlay, overlay_further
    >>> from flexsites.tables import Layers, Parcels
    >>> from flexsites.tables.own import own
    >>> from flexsites.worlds.plain import demo, inside, plot
    >>> parcels, time = own(Parcels, [plot()], site_id=["a"], parcel_area_m2=5000), demo().base.time
    >>> layers = own(Layers, [plot(80), plot(90)], layer=["water", "noise"], feature_id=["pond", "rail"], part=0)
    >>> faces = overlay(parcels, layers, rules=(inside("water"),), time=time)
    >>> further = overlay_further(parcels, faces, layers, rules=(inside("noise"),), time=time, known=("water",))
    >>> further[["rules", "face_area_m2"]].to_numpy().tolist()
    [[('noise', 'water'), 500.0], [('water',), 500.0], [(), 4000.0]]
    """
    return _faces(parcels, layers, rules, time, [*known, *(rule.rule_id for rule in rules)], begun=faces)


def _faces(
    parcels: Frame,
    layers: Frame,
    rules: tuple[ExclusionRule, ...],
    time: TimeModel,
    names: list[str],
    *,
    begun: Frame | None = None,
) -> Frame:
    """Return the faces of parcels, labelled with the rules of some names, of which the last are those to cut with."""
    shapes = geometry_of(parcels)
    ordered = layers.sort_values(["layer", "feature_id", "part"], kind="stable", ignore_index=True)
    first = len(names) - len(rules)
    constraints = [
        replace(one, rule=first + one.rule) for one in constrain(parcels, ordered, rules=rules, time=time)
    ]  # fmt: skip
    cut = label_faces(shapes, constraints, len(names), begun=None if begun is None else _begun(parcels, begun, names))
    is_first = np.r_[True, cut.parcel[1:] != cut.parcel[:-1]][: len(cut.parcel)]
    columns = {
        "site_id": parcels["site_id"].to_numpy()[cut.parcel],
        "rules": list_labels(has_rule(cut.labels, len(names)), names),
        "face_area_m2": cut.area_m2,
        "n_repairs": np.where(is_first, cut.n_repairs[cut.parcel], 0),
    }
    return with_shapes(columns, cut.geometry)


def _begun(parcels: Frame, faces: Frame, names: list[str]) -> LabelledFaces:
    """Return faces as arrays, by parcel."""
    parcel = pd.Index(parcels["site_id"]).get_indexer(pd.Index(faces["site_id"])).astype(np.int64)
    n_repairs = np.bincount(parcel, faces["n_repairs"].to_numpy(), minlength=len(parcels)).astype(np.int64)
    labels, area_m2 = words_of(has_label(faces["rules"].to_numpy(), names)), faces["face_area_m2"].to_numpy()
    return LabelledFaces(parcel, labels, geometry_of(faces), area_m2, n_repairs)
