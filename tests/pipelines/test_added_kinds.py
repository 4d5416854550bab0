"""Rules by the share or a number of their features, and variants beside one that bridges: as a fresh run has them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from flexsites.tables.files import read
from flexsites.tables.manifest import read_manifest
from pipelines import provincial_sweep
from tests.pipelines.added_runs import AREA, bare, beside, bridging, figure, run_tables, with_variants
from tests.pipelines.small_run import Content, tables, write_run

BY_NUMBER: dict[str, dict[str, Any]] = {
    "number": {
        "change": {"deep": {"effect": "exclude", "where_number": {"depth_m": {"at_least": figure(0.5, unit="m")}}}}
    },
    "share": {"effects": {"taken": "exclude"}},
    "share_asks": {"effects": {"taken": "restrict"}},
}
ATTRIBUTES = {"taken_percent": [100.0, 40.0, None, 0.0], "depth_m": [2.0, 0.7, 0.2, None]}
"""Of strips through the area, each told apart by how much of it is taken and how deep it lies."""


def _with_numbers(folder: Path) -> Callable[[Content], None]:
    """Return a change that adds strips with numbers, and two rules of them that only flag."""
    west, south, east, north = AREA
    across = np.linspace(west, east, 10)
    strips = [shapely.box(across[2 * i + 1], south, across[2 * i + 2], north) for i in range(4)]
    gpd.GeoDataFrame(ATTRIBUTES, geometry=strips, crs=28992).to_file(folder / "strips.gpkg")
    label, known = {"nl": "v", "en": "v"}, {"source": "a test", "kind": "inside", "layer": "strips", "effect": "flag"}
    deep = {"where_number": {"depth_m": {"at_least": figure(1, unit="m")}}}
    taken = {"share": {"attribute": "taken_percent", "scale": "percent"}}

    def change(content: Content) -> None:
        about = content["sources"]["parcels"]["about"]
        content["sources"]["layers"]["strips"] = {
            "reader": "vector", "about": about, "path": "strips.gpkg", "keep": list(ATTRIBUTES), "coverage": "run",
        }  # fmt: skip
        content["own_rules"] = [
            {"rule_id": "deep", "label": label} | known | deep,
            {"rule_id": "taken", "label": label} | known | taken,
        ]

    return change


def _answered(path: Path, outputs: Path) -> Path:
    """Run what is answered beside a finished run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provincial_sweep, "_assess", lambda *_: pytest.fail("cells were assessed"))
        return run_tables(path, outputs)


@pytest.fixture(scope="module")
def by_number(world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a run with variants that are answered from a finished run, and one of which all cells are assessed."""
    folder = tmp_path_factory.mktemp("numbers")
    numbers, outputs = _with_numbers(folder), folder / "outputs"
    run_tables(write_run(folder, world, bare, numbers), outputs)
    path = write_run(folder, world, bare, numbers, with_variants(**BY_NUMBER))
    return _answered(path, outputs), run_tables(path, folder / "fresh")


@pytest.mark.deep(sibling="test_a_variant_beside_one_that_bridges_is_answered_as_a_fresh_run_answers_it")
@pytest.mark.parametrize("name", BY_NUMBER)
def test_rules_by_share_and_by_number_are_answered_as_a_fresh_run_answers_them(
    name: str, by_number: tuple[Path, Path]
) -> None:
    mine, theirs = (
        {path: one for path, one in tables(folder).items() if path.startswith(f"variants/{name}/")}
        for folder in by_number
    )
    assert len(mine) >= 10
    assert mine == theirs
    base, own = (read(by_number[0] / f"{folder}sites.parquet") for folder in ("", f"variants/{name}/"))
    assert not base["buildable_area_m2"].equals(own["buildable_area_m2"]) or name == "share_asks"
    assert not base["verdict"].equals(own["verdict"])


def test_a_variant_beside_one_that_bridges_is_answered_as_a_fresh_run_answers_it(
    world: Path, bridged: Path, tmp_path: Path
) -> None:
    """What bridges flags parcels of the run itself: it stands, and another is answered beside it."""
    outputs = Path(shutil.copytree(bridged, tmp_path / "outputs"))
    path = write_run(tmp_path, world, bare, with_variants(flood={"effects": {"flood": "exclude"}}), bridging)
    found = beside(path, outputs)
    assert found is not None
    assert (found.standing, [one.id for one in found.answered]) == (("five_years", "four_years"), ["flood"])
    added = _answered(path, outputs)
    fresh = run_tables(path, tmp_path / "fresh", lender=bridged)
    assert tables(added) == tables(fresh)
    assert read_manifest(added).reused is not None
    assert read(added / "sites.parquet")["bridged_for"].map(len).any()
