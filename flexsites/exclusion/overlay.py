"""The stage that cuts parcels into faces, each labelled with every rule that covers it: all readings start there."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from flexsites.config.rule_sets import TimeModel
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.constraints import constrain
from flexsites.exclusion.kernels.faces import has_rule, label_faces
from flexsites.exclusion.kernels.labels import list_labels
from flexsites.tables import (
    CRS,
    Faces,
    Frame,
    Layers,
    Parcels,
)
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
    ordered = layers.sort_values(["layer", "feature_id", "part"], kind="stable", ignore_index=True)
    constraints = constrain(parcels, ordered, rules=rules, time=time)
    cut = label_faces(np.asarray(parcels.geometry.to_numpy(), dtype=object), constraints, len(rules))
    is_first = np.r_[True, cut.parcel[1:] != cut.parcel[:-1]][: len(cut.parcel)]
    labels = list_labels(has_rule(cut.labels, len(rules)), [rule.rule_id for rule in rules])
    columns = {
        "site_id": parcels["site_id"].to_numpy()[cut.parcel],
        "rules": labels,
        "face_area_m2": cut.area_m2,
        "n_repairs": np.where(is_first, cut.n_repairs[cut.parcel], 0),
    }
    frame: Frame = gpd.GeoDataFrame(columns, geometry=cut.geometry, crs=CRS)
    return frame
