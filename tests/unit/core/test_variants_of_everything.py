"""A variant changes anything that decides an answer, by the path that the report lists; what it needs anew is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from flexsites.config.base import collect_figures
from flexsites.config.load import configs_directory
from flexsites.config.study import Study, resolve
from flexsites.errors import ConfigError

LABEL = {"nl": "v", "en": "v"}


def _figure(value: float, **more: str) -> dict[str, Any]:
    return {"value": value, "source": "a test"} | more


def _study(folder: Path, replace: dict[str, Any], **more: Any) -> Study:
    content = yaml.safe_load((configs_directory() / "runs/demo.yaml").read_text(encoding="utf-8"))
    content["variants"] = [{"id": "other", "label": LABEL, "replace": replace} | more]
    path = folder / "demo.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return resolve(str(path))


BESIDE = {
    "pieces.min_width_m": _figure(12),
    "pieces.min_area_m2": _figure(500, unit="m2"),
    "time.term_years": _figure(20, unit="year"),
    "rules.nitrogen.distance_m": _figure(250),
    "rules.flood.effect": "flag",
    "flexmilieus.campus.programme.fsi": {key: _figure(1) for key in ("low", "expected", "high")},
    "flexmilieus.campus.programme.max_units": {key: _figure(50) for key in ("low", "expected", "high")},
    "counting.cluster_reach_m": _figure(100),
    "flexmilieus.campus.weighted.0.weight": _figure(9),
    "flexmilieus.campus.target_groups": ["studenten", "starters"],
    "target_groups.senioren.requirements.gp_near.any_of.0.at_most": _figure(400),
    "dwelling_types.studio.usable_floor_area_m2": _figure(22),
    "layout.row_step_m": _figure(1),
}
APART = {
    "measures.modes.walk.speed_km_h": _figure(3),
    "measures.measures.walk_distance_gp_m.limit_m": _figure(4000),
    "amenities.categories.park.min_area_m2": _figure(500),
    "streets.ferry_wait_min": _figure(25),
    "transit.transfers.change_s": _figure(60),
    "transit_classes.reaches.0.walk_distance_m": _figure(200),
    "optoppen.roof.min_flat_share": _figure(0.5),
    "optoppen.headline.age_rule": "load_1999",
    "locations.gap_m": _figure(25),
    "sources.layers.natura2000.notes": "another edition",
}


@pytest.mark.parametrize(("path", "value"), BESIDE.items())
def test_a_variant_answered_from_the_same_inputs(path: str, value: Any, tmp_path: Path) -> None:
    study = _study(tmp_path, {path: value})
    base, other = study.readings
    assert not study.apart
    assert _at(other.settings, path) != _at(base.settings, path)
    assert _at(other.settings, path) == (float(value["value"]) if "value" in value else _at(other.settings, path))


@pytest.mark.parametrize(("path", "value"), APART.items())
def test_a_variant_that_needs_inputs_of_its_own_is_a_study_by_itself(path: str, value: Any, tmp_path: Path) -> None:
    study = _study(tmp_path, {path: value})
    assert len(study.readings) == 1
    other = study.apart["other"]
    assert other.base.id == "base"
    assert _at(other.settings, path) != _at(study.settings, path)
    assert other.content != study.content


def test_another_source_says_no_more_than_what_is_changed_in_it(tmp_path: Path) -> None:
    """Keys that nobody wrote stay unwritten: some have no effect where they would stand, and a run refuses them."""
    study = _study(tmp_path, {"sources.layers.natura2000.notes": "another edition"})
    mine, other = study.run.sources, study.apart["other"].run.sources
    before, after = (one.model_dump(exclude_unset=True) for one in (mine, other))
    before["layers"]["natura2000"]["notes"] = "another edition"
    assert after == before


def test_every_path_that_the_report_lists_can_be_replaced(tmp_path: Path) -> None:
    study = resolve("demo")
    listed = dict(study.figures())
    local = {path for path in listed if path.split(".")[0] == "variants"}
    some = [path for i, path in enumerate(listed) if path not in local and i % 7 == 0]
    value = {path: listed[path].model_dump(exclude_none=True) for path in some}
    assert len(some) > 60
    # the same values again change nothing, and every path is known
    base, other = _study(tmp_path, value).readings
    assert other.settings == base.settings
    assert other.leaves_the_same_as(base)


def test_readings_say_what_they_share(tmp_path: Path) -> None:
    def shares(path: str) -> bool:
        base, other = _study(tmp_path, {path: BESIDE[path]}).readings
        return other.leaves_the_same_as(base)

    judged = ("flexmilieus.campus.weighted.0.weight", "target_groups.senioren.requirements.gp_near.any_of.0.at_most")
    others = (
        "flexmilieus.campus.target_groups",
        "flexmilieus.campus.programme.max_units",
        "counting.cluster_reach_m",
    )
    assert {path for path in BESIDE if shares(path)} == {*judged, *others}


def test_a_rule_that_lies_elsewhere_gets_an_id_of_its_own(tmp_path: Path) -> None:
    _, wider = _study(tmp_path, {"rules.nitrogen.distance_m": _figure(250)}).readings
    _, softer = _study(tmp_path, {"rules.flood.effect": "flag"}).readings
    assert "nitrogen__other" in [rule.rule_id for rule in wider.rules]
    assert "flood" in [rule.rule_id for rule in softer.rules]


def test_a_horizon_moves_the_rules_of_plans(tmp_path: Path) -> None:
    by_path = _study(tmp_path, {"time.horizon_years": _figure(5, unit="year")}).readings[1]
    by_name = _study(tmp_path, {}, horizon_years=_figure(5, unit="year")).readings[1]
    assert by_path.rules == by_name.rules
    assert float(next(r for r in by_path.rules if r.rule_id == "plans_hard__other").horizon_years) == 5


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("flexmilieus.campos.programme.fsi", 1, "there is no 'campos'.*use campus"),
        ("peices.min_width_m", 1, "there is no 'peices'.*use pieces"),
        ("pieces.min_widht_m", 1, "there is no 'min_widht_m'.*use min_width_m"),
        ("layout", 1, "names a whole section"),
        ("pieces.min_width_m.value.more", 1, "it has no parts"),
        ("pieces.min_width_m", 12, "a bare number does not say where it comes from"),
        ("pieces.min_width_m", _figure(1200, unit="cm"), "min_width_m is in m"),
        ("flexmilieus.campus.target_groups", ["marsmannen"], "variants.other: flexmilieus.campus.target_groups"),
        ("target_groups.senioren.requirements.gp_near.any_of.0.at_most", _figure(99_000), "is searched"),
    ],
)
def test_what_cannot_be_replaced_is_told(path: str, value: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told):
        _study(tmp_path, {path: value})


def _at(settings: object, path: str) -> Any:
    """The figure at a path (the whole of what stands there, where it is no figure)."""
    section, *steps = path.split(".")
    found = dict(collect_figures(getattr(settings, section), section))
    if path in found:
        return found[path].value
    held: Any = getattr(settings, section)
    for step in steps:
        if isinstance(held, tuple):
            names = {str(i): one for i, one in enumerate(held)} | {_id(one): one for one in held}
            held = names[step]
        else:
            held = held[step] if isinstance(held, dict) else getattr(held, step)
    return held


def _id(one: object) -> str:
    return str(getattr(one, "id", None) or getattr(one, "rule_id", ""))
