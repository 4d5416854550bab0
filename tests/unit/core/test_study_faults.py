"""What of a run's files does not go together is told with the file and the remedy; what a run reads is in its hash."""

from __future__ import annotations

import re

import pytest

from flexsites.config.access import Measures
from flexsites.config.load import available, configs_directory, read_model
from flexsites.config.study import resolve
from flexsites.config.study_faults import measure_faults
from flexsites.config.suitability import Flexmilieu, TargetGroup
from flexsites.config.unchecked import checked, uncovered

FIGURE = {"source": "x"}


def _faults(**threshold: object) -> list[str]:
    group = read_model(available("target_groups")["starters"], TargetGroup)
    criterion = {"id": "it", "label": {"nl": "x", "en": "x"}, "any_of": [threshold]}
    asking = TargetGroup.model_validate(group.model_dump() | {"requirements": [criterion]})
    flexmilieu = read_model(available("flexmilieus")["stedelijk_ov"], Flexmilieu)
    measures = read_model(configs_directory() / "measures.yaml", Measures)
    return [str(fault) for fault in measure_faults((flexmilieu,), {"starters": asking}, measures, str)]


@pytest.mark.parametrize(
    ("measure", "sense", "limit", "told"),
    [
        ("walk_distance_gp_m", "at_most", 1000, ""),
        ("n_daily_shops_walk_1000m", "at_least", 2, ""),
        ("area_urbanity_class", "at_least", 3, ""),
        ("walk_distance_gp_m", "at_most", 99_000, "only .* is searched"),
        ("walk_distance_gp_m", "at_most", 0, ""),
        ("walk_distance_gp_m", "at_most", -5, "asks -5, and no distance or time is below 0"),
        # a nearer one may lie beyond the edge of the data: this would never surely pass
        ("walk_distance_gp_m", "at_least", 500, "is of the nearest, and is asked to be at least 500"),
        ("travel_time_jobs_min", "at_least", 30, "is of the nearest, and is asked to be at least 30"),
        ("walk_distance_moon_m", "at_most", 500, "there is no measure"),
        ("walk_distance_gp_m", "at_most", (1, "km"), "is in m, and 1 is given in km"),
    ],
)
def test_what_is_asked_of_a_measure(measure: str, sense: str, limit: float | tuple[float, str], told: str) -> None:
    value, unit = limit if isinstance(limit, tuple) else (limit, None)
    found = _faults(measure=measure, **{sense: {"value": value, "unit": unit} | FIGURE})
    assert len(found) == bool(told)
    assert not told or re.search(told, found[0])


def test_layers_of_no_rule_that_is_asked_are_not_said_to_be_missing() -> None:
    """A run of roofs alone asks no rule of exclusion; one of parcels is told what stays unknown."""
    assert not uncovered(resolve("demo_roofs"))
    assert any(line.startswith("plan_capacity (rule plans_hard") for line in uncovered(resolve("kampen_sweep")))


def test_what_will_not_be_checked_is_said_before_a_run() -> None:
    """As the report says it after: how many excluding rules, and the very hard and hard ones by name."""
    told = checked(resolve("kampen_sweep"))
    study = resolve("kampen_sweep")
    excluding = [rule for rule in study.base.rules if rule.effect == "exclude"]
    missing = [rule for rule in excluding if set(rule.source_keys) - set(study.settings.sources.layers)]
    assert told.startswith(f"{len(missing)} of {len(excluding)} excluding rules will not be checked: ")
    hard = [rule for rule in missing if rule.hardness in ("zeer_hard", "hard")]
    assert hard
    assert all(rule.label.en in told for rule in hard)
    assert f"{len(missing) - len(hard)} less hard ones" in told
    assert checked(resolve("demo_roofs")) == ""


def test_every_figure_that_a_run_reads_is_told_and_hashed() -> None:
    study = resolve("demo")
    paths = {path.split(".")[0] for path, _ in study.figures()}
    assert {"streets", "amenities", "transit", "measures", "flexmilieus", "layout", "rules"} <= paths
    assert set(study.content) >= paths - {"rules", "time", "pieces", "locations", "variants", "optoppen"}
