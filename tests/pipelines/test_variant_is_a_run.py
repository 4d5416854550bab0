"""A variant gives what a run of that configuration gives: from the same inputs, or, where it needs others, apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from flexsites.config.copies import copy
from flexsites.config.shelf import Shelf
from flexsites.tables.manifest import read_manifest
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


OF_INPUTS: dict[str, tuple[str, Any, str]] = {
    "short_day": ("transit.bands.day.spans.0.end_h", {"value": 11, "unit": "h", "source": "a test"}, "transit"),
    "any_roof": ("optoppen.roof.min_flat_share", {"value": 0.2, "source": "a test"}, "rules/optoppen/roof"),
    "small_roof": (
        "optoppen.roof.min_usable_area_m2",
        {"value": 60, "unit": "m2", "source": "a test"},
        "rules/optoppen/roof",
    ),
    "runners": ("measures.modes.walk.speed_km_h", {"value": 12, "unit": "km/h", "source": "a test"}, "measures"),
}
"""The timetable, rules of roofs and a speed: by name the path in a variant, the figure, and the file that says it.

On foot work and schools lie beyond 45 minutes here, for who runs within; the speed of a bicycle bears on ferries alone,
of which this corner has none.
"""


def _both(content: Content) -> None:
    content |= {"assess": ["parcels", "roofs"], "variants": []}


def _own(name: str, folder: Path) -> None:
    """Write a file of one's own that says what the variant of a name replaces."""
    path, figure, file = OF_INPUTS[name]
    own = copy(file, folder, shelf=Shelf())
    content = yaml.safe_load(own.read_text(encoding="utf-8"))
    *above, last = path.split(".")[2 if file.startswith("rules/") else 1 :]
    there = content
    for key in above:
        there = there[int(key) if key.isdigit() else key]
    assert there[last] != figure
    there[last] = figure
    own.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


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
@pytest.mark.parametrize(
    ("variant", "change"), [("beside", _own_width), pytest.param("apart", _own_amenities, marks=pytest.mark.deep)]
)
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


@pytest.mark.deep(sibling="test_a_variant_is_what_a_run_of_that_configuration_is")
@pytest.mark.parametrize("name", OF_INPUTS)
def test_a_variant_of_inputs_or_roofs_added_to_a_finished_run_is_a_run_of_that_configuration(
    name: str, small: Small, world: Path, tmp_path: Path
) -> None:
    """It is a run of its own inside the run, beside tables that are taken over."""
    label, (path, figure, _) = {"nl": "v", "en": "v"}, OF_INPUTS[name]

    def with_variant(content: Content) -> None:
        content["variants"] = [{"id": name, "label": label, "replace": {path: figure}}]

    folders = [tmp_path / one for one in ("added", "alone")]
    for folder in folders:
        folder.mkdir()
    bare = write_run(folders[0], world, _both)
    small.lend_inputs(bare, folders[0] / "outputs")
    finished = run_tables(bare, folders[0] / "outputs")
    added = run_tables(write_run(folders[0], world, _both, with_variant), folders[0] / "outputs")
    assert read_manifest(added).reused is not None
    _own(name, folders[1] / "flexsites_config")
    path_alone = write_run(folders[1], world, _both)
    small.lend_inputs(path_alone, folders[1] / "outputs")
    alone, before = tables(run_tables(path_alone, folders[1] / "outputs")), tables(finished)
    mine = {Path(one).name: found for one, found in tables(added).items() if Path(one).parent.name == name}
    assert len(mine) >= 5
    assert mine == {one: alone[one] for one in mine}
    assert any(found != before[one] for one, found in mine.items() if one in before)
