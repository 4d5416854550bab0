"""Rules that cover what another covers, on parcels of their own: the label of the other tells it, and nothing is cut.

A rule that means something else in some municipalities is told apart by place (`config.by_place`): beside the rule that
is for everyone, which a run has, it adds none but labels.
"""

from __future__ import annotations

import numpy as np

from flexsites.config.readings import covers_as
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.kernels.labels import has_label, list_labels
from flexsites.exclusion.pieces import position_of
from flexsites.exclusion.selection import bears_on
from flexsites.tables import Frame

Rules = tuple[ExclusionRule, ...]


def told_by_others(rules: Rules) -> dict[str, str]:
    """Return of rules for some parcels alone, by id, the rule for all of them before it that covers the same land.

    It hangs on the rules and on no parcel, so that every cell cuts by the same.

    Examples
    --------
    >>> from flexsites.config.places import Place
    >>> from flexsites.worlds.plain import inside
    >>> here = inside("water").model_copy(update={"rule_id": "here", "only": Place(gemeenten=("GM0363",))})
    >>> told_by_others((inside("water"), here)), told_by_others((here, inside("water")))
    ({'here': 'water'}, {})
    """
    found: dict[str, str] = {}
    if all(rule.is_everywhere for rule in rules):
        return found
    everywhere: dict[str, str] = {}
    for rule in rules:
        told = covers_as(rule)
        if rule.is_everywhere:
            everywhere.setdefault(told, rule.rule_id)
        elif told in everywhere:
            found[rule.rule_id] = everywhere[told]
    return found


def cutting(rules: Rules) -> Rules:
    """Return the rules by which parcels are cut: all but those that the label of another tells."""
    told = told_by_others(rules)
    return tuple(rule for rule in rules if rule.rule_id not in told)


def label_alike(faces: Frame, parcels: Frame, rules: Rules) -> Frame:
    """Return faces with the labels of the rules that other labels tell, of all the rules that label them.

    Examples
    --------
    >>> import pandas as pd
    >>> from flexsites.config.places import Place
    >>> from flexsites.worlds.plain import inside
    >>> here = inside("water").model_copy(update={"rule_id": "here", "only": Place(gemeenten=("GM0363",))})
    >>> parcels = pd.DataFrame({"site_id": ["a", "b"], "gemeente_code": ["GM0363", None]})
    >>> faces = pd.DataFrame({"site_id": ["a", "a", "b"], "rules": [("water",), (), ("water",)]})
    >>> label_alike(faces, parcels, (inside("water"), here))["rules"].to_list()
    [('here', 'water'), (), ('water',)]
    """
    told = told_by_others(rules)
    if not told:
        return faces
    names = [rule.rule_id for rule in rules]
    covers, site = has_label(faces["rules"].to_numpy(), names), position_of(parcels, faces)
    for i, rule in enumerate(rules):
        if rule.rule_id in told:
            covers[:, i] = covers[:, names.index(told[rule.rule_id])] & bears_on(parcels, rule)[0][site]
    return faces.assign(rules=list_labels(np.asarray(covers, dtype=bool), names))
