"""The models of dwelling types and programmes: what they refuse, and why low <= expected <= high can hold."""

from typing import Any

import pytest
from pydantic import ValidationError

from flexsites.config.base import collect_figures
from flexsites.config.dwellings import DwellingType, LayoutStandard, Programme, programme_faults
from tests.piece_shapes import FLEXMILIEUS, all_programmes, dwelling_types, layout_standard, programme


def assumed(value: float) -> dict[str, object]:
    return {"value": value, "assumption": True, "why": "for this test"}


def bounds(low: float, expected: float, high: float) -> dict[str, object]:
    return {"low": assumed(low), "expected": assumed(expected), "high": assumed(high)}


def changed(**update: object) -> dict[str, Any]:
    return programme("fietsstad").model_dump() | update


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"fsi": bounds(0.5, 0.4, 0.6)}, "fsi must not fall"),
        ({"setback_m": bounds(3, 4, 4)}, "setback_m must not rise"),
        ({"row_spacing_m": bounds(8, 8, 9)}, "row_spacing_m must not rise"),
        ({"lane_width_m": bounds(3, 3, 4)}, "lane_width_m must not rise"),
        ({"parking_norm": bounds(0, 0.5, 1)}, "parking_norm must not rise"),
        ({"n_storeys": bounds(3, 2, 1)}, "n_storeys must not fall"),
        ({"n_storeys": bounds(1, 1.5, 2)}, "not a whole number"),
        ({"setback_m": bounds(3, 2, 0)}, "setback_m must be above 0"),
        ({"lane_width_m": bounds(3, 3, 0)}, "lane_width_m must be above 0"),
        ({"parking_norm": bounds(0.2, 0.1, -0.1)}, "parking_norm.high is -0.1, and cannot be below 0"),
        ({"parking_norm": bounds(0.1, 0.1, 0.1)}, "above the norm without relief"),
        ({"min_units": bounds(1, 1, 0)}, "min_units must be 1 or more"),
        ({"min_units": bounds(1, 2, 3)}, "min_units must not rise"),
        ({"min_units": bounds(2, 1.5, 1)}, "not a whole number"),
        ({"max_units": bounds(50, 40, 60)}, "max_units must not fall"),
        ({"max_units": bounds(2, 40, 60)}, "max_units is below min_units"),
        ({"dwellings": [{"dwelling_type": "studio", "share": assumed(0.9)}]}, "sum to 1"),
        ({"dwellings": [{"dwelling_type": "studio", "share": assumed(0.5)}] * 2}, "named twice"),
        ({"setback_m": bounds(5, 4, 3) | {"why": "no"}}, "Extra inputs"),
        ({"min_units": {"low": 5, "expected": 5, "high": 5}}, "does not say where it comes from"),
    ],
)
def test_a_programme_refuses(update: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Programme.model_validate(changed(**update))


def test_a_transit_class_has_one_norm() -> None:
    twice = [
        {"transit_classes": ["A", "B"], "norm": bounds(0, 0, 0)},
        {"transit_classes": ["B"], "norm": bounds(0, 0, 0)},
    ]
    with pytest.raises(ValidationError, match="two norms"):
        Programme.model_validate(changed(parking_relief=twice))


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"usable_floor_area_m2": assumed(29)}, "more than the gross footprint"),
        ({"vormfactor": assumed(1.2)}, "vormfactor"),
        ({"is_detached": True}, "if and only if"),
        ({"side_gap_m": assumed(2)}, "if and only if"),
        ({"width_m": assumed(0)}, "must be above 0"),
        ({"max_storeys": assumed(2.5)}, "not a whole number"),
    ],
)
def test_a_dwelling_type_refuses(update: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DwellingType.model_validate(dwelling_types()["studio"].model_dump() | update)


def test_a_layout_standard_refuses_all_its_faults_at_once() -> None:
    wrong = layout_standard().model_dump() | {
        name: assumed(value)
        for name, value in {"row_step_m": 0, "verge_m": 0, "max_spines": 0, "gross_net_factor": 0.9}.items()
    }
    wrong["water_share"] = assumed(1)
    with pytest.raises(ValidationError) as caught:
        LayoutStandard.model_validate(wrong)
    told = "row_step_m must be above 0; verge_m must be above 0; max_spines must be 1 or more; water_share is"
    assert told in str(caught.value)
    assert "gross_net_factor must be 1 or more" in str(caught.value)


def test_a_row_must_hold_its_fewest_homes() -> None:
    short = layout_standard().model_copy(update={"max_row_length_m": layout_standard().parking_width_m})
    assert any("too short" in fault for fault in programme_faults(programme("campus"), dwelling_types(), short))


def test_the_package_s_programmes_go_with_its_dwellings() -> None:
    for one in all_programmes().values():
        assert programme_faults(one, dwelling_types(), layout_standard()) == []


@pytest.mark.parametrize(
    ("types", "shares", "message"),
    [
        ({"wide": {"width_m": assumed(5.0)}}, (0.8, 0.2), "whole multiples"),
        ({"wide": {"width_m": assumed(7.0)}}, (0.4, 0.6), "side by side"),
        ({"wide": {"usable_floor_area_m2": assumed(17)}}, (0.8, 0.2), "the minimum is 18"),
        ({"wide": {"is_detached": True, "side_gap_m": assumed(5)}}, (0.8, 0.2), "stands alone"),
        ({"wide": {"max_storeys": assumed(1)}}, (0.8, 0.2), "the mix stacks to 1"),
    ],
)
def test_a_mix_must_fit_in_rows(types: dict[str, Any], shares: tuple[float, float], message: str) -> None:
    studio = dwelling_types()["studio"]
    known = {"studio": studio} | {
        name: DwellingType.model_validate(studio.model_dump() | {"id": name} | update) for name, update in types.items()
    }
    mix = [
        {"dwelling_type": name, "share": assumed(share)} for name, share in zip(("studio", "wide"), shares, strict=True)
    ]
    faults = programme_faults(Programme.model_validate(changed(dwellings=mix)), known, layout_standard())
    assert len(faults) == 1
    assert message in faults[0]


@pytest.mark.parametrize("flexmilieu", FLEXMILIEUS)
def test_every_number_says_where_it_comes_from(flexmilieu: str) -> None:
    figures = list(collect_figures(programme(flexmilieu)))
    assert len(figures) > 20
    assert all(figure.source or (figure.assumption and figure.why) for _, figure in figures)
