"""A figure is in the unit that its key says, or it is refused: 1500 cm is never read as 1500 m."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, ValidationError

from flexsites.config.access import Measures
from flexsites.config.base import Figure, Model, Number, Range
from flexsites.config.estimates import Bounds
from flexsites.config.load import configs_directory, read_model, read_yaml
from flexsites.config.rule_sets import RuleSet
from flexsites.config.schemas import MODELS
from flexsites.config.units import Unit, unit_of_key


class Shed(Model):
    """Some figures."""

    min_width_m: Number
    wait_min: Number | None = None
    n_doors: Number | None = None
    built: Annotated[Number | None, Unit("year")] = None
    gap_m: Bounds | None = None
    widths_m: tuple[Number, ...] = ()
    width_of_class_m: dict[str, Number] | None = None


def _figure(value: float, unit: str | None) -> dict[str, object]:
    return {"value": value, "source": "a test"} | ({"unit": unit} if unit else {})


SIX_M = _figure(6, "m")
OK = {"min_width_m": SIX_M}


@pytest.mark.parametrize(
    "given",
    [
        {"min_width_m": _figure(15, None)},
        OK | {"wait_min": _figure(5, "min"), "n_doors": _figure(2, None), "built": _figure(1965, "year")},
        OK | {"n_doors": _figure(2, "dwelling"), "widths_m": [SIX_M], "width_of_class_m": {"a": SIX_M}},
        OK | {"gap_m": {"low": SIX_M, "expected": SIX_M, "high": _figure(6, None)}},
    ],
)
def test_a_figure_in_the_unit_of_its_key_is_read(given: dict[str, object]) -> None:
    assert Shed.model_validate(given).min_width_m.value in (6, 15)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"min_width_m": _figure(1500, "cm")}, "min_width_m is in m, and 1500 is given in cm"),
        (OK | {"wait_min": _figure(5, "s")}, "wait_min is in min, and 5 is given in s"),
        (OK | {"n_doors": _figure(2, "m")}, "n_doors has no unit, and 2 is given in m"),
        (OK | {"built": _figure(1965, "m")}, "built is in year, and 1965 is given in m"),
        (OK | {"gap_m": {"low": SIX_M, "expected": SIX_M, "high": _figure(60, "dm")}}, "gap_m.high is in m"),
        (OK | {"widths_m": [SIX_M, _figure(1, "km")]}, "widths_m.1 is in m, and 1 is given in km"),
        (OK | {"width_of_class_m": {"road": _figure(1, "km")}}, "width_of_class_m.road is in m"),
    ],
)
def test_a_figure_in_another_unit_is_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Shed.model_validate(given)


def test_all_wrong_units_are_told_at_once() -> None:
    with pytest.raises(ValidationError, match=r"min_width_m.*wait_min"):
        Shed.model_validate({"min_width_m": _figure(1500, "cm"), "wait_min": _figure(5, "s")})


def test_the_rule_set_that_was_read_as_1500_m_is_refused() -> None:
    written = read_yaml(configs_directory() / "rules/exclusion/omgevingswet_2024.yaml")
    written["tests"]["min_width_m"] |= {"value": 1500, "unit": "cm"}
    with pytest.raises(ValidationError, match="min_width_m is in m, and 1500 is given in cm"):
        RuleSet.model_validate(written)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": "walk_distance_gp_min"}, "the id says min and the unit is m"),
        ({"id": "walk_gp", "unit": "1"}, "a cost_to_closest is in m, not in 1"),
    ],
)
def test_a_measure_is_in_the_unit_that_its_id_and_kind_say(change: dict[str, str], told: str) -> None:
    written = read_yaml(configs_directory() / "measures.yaml")
    gp = next(one for one in written["measures"] if one["id"] == "walk_distance_gp_m")
    gp |= change
    with pytest.raises(ValidationError, match=told):
        Measures.model_validate(written)


def test_minutes_and_minimum_are_told_apart() -> None:
    """A minimum leads, so that no key that ends in `_min` is anything but minutes; a maximum leads too."""
    keys = {key for model in _models_of(*MODELS.values()) for key in model.model_fields}
    assert {key for key in keys if unit_of_key(key) == "min"} == {"limit_min", "step_min", "ferry_wait_min"}
    assert not [key for key in keys if key.endswith("_max") or "_max_" in key or "_min_" in key]


def test_every_measure_that_is_shipped_ends_in_its_unit() -> None:
    measures = read_model(configs_directory() / "measures.yaml", Measures).measures
    assert {unit_of_key(one.id) for one in measures} == {"m", "min", "1", "1/km2"}


def _models_of(*roots: type[BaseModel]) -> set[type[BaseModel]]:
    """Every model that is reached from some, by following subclasses of the base and their modules."""
    every = {one for base in (Model, Range) for one in _subclasses(base)}
    return {one for one in every if one.__module__.startswith("flexsites.config")} | set(roots)


def _subclasses(model: type[BaseModel]) -> set[type[BaseModel]]:
    return {one for child in model.__subclasses__() for one in (child, *_subclasses(child))}


def test_a_figure_says_no_unit_of_its_own_where_its_key_has_one() -> None:
    assert float(Shed(min_width_m=Figure(value=3, source="a test")).min_width_m) == 3
