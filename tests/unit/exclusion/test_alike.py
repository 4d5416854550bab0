"""Rules that cover what another covers, on parcels of their own: nothing is cut for them, the other's label tells."""

import pandas as pd
import pytest

from flexsites.config.places import Place
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.alike import cutting, label_alike, told_by_others
from flexsites.worlds.plain import inside

HERE = Place(gemeenten=("GM0001",))
PARCELS = pd.DataFrame({"site_id": ["a", "b", "c"], "gemeente_code": ["GM0001", "GM0002", None]})
FACES = pd.DataFrame({"site_id": ["a", "a", "b", "c"], "rules": [("noise", "water"), (), ("water",), ("water",)]})
WATER, NOISE = inside("water"), inside("noise")


def _as(name: str, **asked: object) -> ExclusionRule:
    return WATER.model_copy(update={"rule_id": name, **asked})


def test_a_label_tells_what_a_rule_covers_that_means_something_else_in_a_place() -> None:
    rules = (WATER, NOISE, _as("elsewhere", not_in=(HERE,)), _as("here", only=HERE, effect="flag"))
    assert cutting(rules) == (WATER, NOISE)
    # Of c it is not known where it lies: neither is known to hold.
    assert label_alike(FACES, PARCELS, rules)["rules"].to_list() == [
        ("here", "noise", "water"), (), ("elsewhere", "water"), ("water",),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rules",
    [
        (WATER, _as("here", only=HERE, layer="another")),
        (WATER, _as("here", only=HERE, where={"kind": ("canal",)})),
        (_as("there", only=Place(gemeenten=("GM0002",))), _as("here", only=HERE)),
        (_as("too", only=HERE, effect="flag"), _as("here", only=HERE)),
        (_as("here", only=HERE), WATER),
        (WATER, _as("everywhere", effect="flag")),
    ],
    ids=["another layer", "other features", "another place", "of a place", "before it", "of all"],
)
def test_what_no_label_tells_is_cut(rules: tuple[ExclusionRule, ...]) -> None:
    assert told_by_others(rules) == {}
    assert cutting(rules) == rules
    assert label_alike(FACES, PARCELS, rules) is FACES
