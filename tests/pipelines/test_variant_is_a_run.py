"""A variant gives what a run of that configuration gives: from the same inputs, or, where it needs others, apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from flexsites.config.copies import copy
from flexsites.config.shelf import Shelf
from tests.pipelines.added_runs import run_tables
from tests.pipelines.small_run import Content, Small, assess, tables, write_run

LABEL = {"nl": "v", "en": "v"}
WIDTH = {"value": 80, "unit": "m", "source": "a test"}
BAKERIES = [{"shop": ["bakery"]}]


def _bare(content: Content) -> None:
    content |= {"assess": ["parcels"], "variants": []}


def _with_variants(content: Content) -> None:
    def variant(name: str, path: str, value: Any) -> dict[str, Any]:
        return {"id": name, "label": LABEL, "replace": {path: value}}

    content["variants"] = [
        variant("beside", "pieces.min_width_m", WIDTH),
        variant("apart", "amenities.categories.supermarket.any_of", BAKERIES),
    ]


def _own_width(folder: Path) -> None:
    path = copy("rules/exclusion/omgevingswet_2024", folder, shelf=Shelf())
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["tests"]["min_width_m"] = WIDTH
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _own_amenities(folder: Path) -> None:
    folder.mkdir()
    label = {"nl": "supermarkt", "en": "supermarket"}
    content = {"categories": {"supermarket": {"label": label, "any_of": BAKERIES}}}
    (folder / "amenities.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.fixture(scope="module")
def varied(small: Small, world: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("varied")
    path = write_run(folder, world, _bare, _with_variants)
    small.lend_inputs(path, folder / "outputs")
    # As a command runs it, to its end: what the run inside it wrote is looked at last.
    return tables(run_tables(path, folder / "outputs"))


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "change"), [("beside", _own_width), ("apart", _own_amenities)])
def test_a_variant_is_what_a_run_of_that_configuration_is(
    variant: str, change: Any, varied: dict[str, str], small: Small, world: Path, tmp_path: Path
) -> None:
    change(tmp_path / "flexsites_config")
    path = write_run(tmp_path, world, _bare)
    small.lend_inputs(path, tmp_path / "outputs")
    alone = tables(assess(path, tmp_path / "outputs"))
    mine = {Path(path).name: found for path, found in varied.items() if Path(path).parent.name == variant}
    assert len(mine) >= 5
    assert mine == {name: alone[name] for name in mine}
    assert mine["suitability.parquet"] != varied["suitability.parquet"]
