"""The rules for topping up as files: each is a model of its own, and says where every figure comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from flexsites.config import schemas
from flexsites.config.base import collect_figures
from flexsites.config.roofs import assemble
from tests.unit.roofs.stock import PROJECT, rules

FOLDER = PROJECT / "configs" / "rules" / "optoppen"
MODELS: dict[str, type[BaseModel]] = {
    Path(pattern).stem: model for pattern, model in schemas.MODELS.items() if pattern.startswith("rules/optoppen/")
}


def documents() -> dict[str, dict[str, object]]:
    return {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yaml")}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_file_is_a_model_of_its_own(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    if path.stem == "labels":
        assert all(set(label) == {"nl", "en"} for label in document.values())
    else:
        MODELS[path.stem].model_validate(document)


def test_every_figure_has_a_source_or_says_why_it_is_assumed() -> None:
    figures = list(collect_figures(rules()))
    assert len(figures) > 40
    assert all(figure.why if figure.assumption else figure.source for _, figure in figures)


def test_the_figures_that_the_method_gives_are_in_the_files() -> None:
    told = dict(collect_figures(rules()))
    assert told["roof.min_flat_share"].value == 0.75
    assert told["roof.min_usable_area_m2"].value == 200
    assert told["units.form_factor"].value == 0.78
    assert told["lift.limit_m"].value == 12.5
    assert told["lift.margin_m"].value == 0.5
    assert told["lift.build_up_m"].value == 0.3
    assert told["flags.min_tenants_consent"].value == 0.7
    assert told["flags.min_owners_consent"].value == 0.8


@pytest.mark.parametrize(
    ("stem", "change"),
    [
        ("lift", {"limit_m": 12.5}),  # a bare number does not say where it comes from
        ("lift", {"limt_m": {"value": 12.5, "source": "x"}}),
        ("flags", {"monument_effect": "exclude"}),
        ("variants", {"headline": {"age_rule": "stec_2030", "roof_variant": "permanent_cost"}}),
        ("stec_2023", {"steps": []}),
        ("nonsense", {"a": 1}),
    ],
)
def test_what_cannot_be_is_refused(stem: str, change: dict[str, object]) -> None:
    told = documents()
    told[stem] = {**told.get(stem, {}), **change}
    with pytest.raises(ValidationError):
        assemble(told)


def test_steps_ascend() -> None:
    told = documents()
    steps = told["stec_2023"]["steps"]
    assert isinstance(steps, list)
    told["stec_2023"] = {**told["stec_2023"], "steps": steps[::-1]}
    with pytest.raises(ValidationError, match="must ascend"):
        assemble(told)
