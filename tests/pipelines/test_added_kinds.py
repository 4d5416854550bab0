"""Rules by the share or a number of their features, and variants beside one that bridges: as a fresh run has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flexsites.tables.files import read
from flexsites.tables.manifest import read_manifest
from pipelines import provincial_sweep
from tests.pipelines.added_runs import bare, beside, figure, run_tables, with_variants
from tests.pipelines.small_run import Content, tables, write_run

TOLD = {"social_rent_neighbourhood": "flag", "social_rent_district": "flag"}
"""Rules of layers with a number: off until they are asked."""
BY_NUMBER: dict[str, dict[str, Any]] = {
    "number": {
        "change": {
            "social_rent_neighbourhood": {
                "effect": "exclude", "where_number": {"social_rent_share": {"at_least": figure(0.1)}},
            }
        }
    },
    "share": {
        "change": {
            "social_rent_district": {
                "effect": "exclude", "where_number": {}, "share": {"attribute": "social_rent_share"},
            }
        }
    },
}  # fmt: skip


def _with_numbers(content: Content) -> None:
    content["effects"] = TOLD


def _with_bridging(content: Content) -> None:
    least = {"value": 4, "unit": "year", "source": "a test"}
    content["variants"] = [
        {
            "id": "bridged", "label": "v", "bridging": "groen_tiny",
            "replace": {"flexmilieus.groen_tiny.least_term_years": least},
        },
        *content["variants"],
    ]  # fmt: skip


def _answered(path: Path, outputs: Path) -> Path:
    """Run what is answered beside a finished run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provincial_sweep, "_assess", lambda *_: pytest.fail("cells were assessed"))
        return run_tables(path, outputs)


@pytest.fixture(scope="module")
def by_number(world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a run with variants that are answered from a finished run, and one of which all cells are assessed."""
    folders = [tmp_path_factory.mktemp("numbers") for _ in range(2)]
    run_tables(write_run(folders[0], world, bare, _with_numbers), folders[0] / "outputs")
    paths = [write_run(one, world, bare, _with_numbers, with_variants(**BY_NUMBER)) for one in folders]
    return _answered(paths[0], folders[0] / "outputs"), run_tables(paths[1], folders[1] / "outputs")


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
    assert base["buildable_area_m2"].sum() > own["buildable_area_m2"].sum() > 0 or name == "share"
    assert not base.equals(own)


def test_a_variant_beside_one_that_bridges_is_answered_as_a_fresh_run_answers_it(world: Path, tmp_path: Path) -> None:
    """What bridges flags parcels of the run itself: it stands, and another is answered beside it."""
    folders = [tmp_path / one for one in ("added", "fresh")]
    for folder in folders:
        folder.mkdir()
    flood = with_variants(flood={"effects": {"flood": "exclude"}})
    run_tables(write_run(folders[0], world, bare, _in_town, _with_bridging), folders[0] / "outputs")
    paths = [write_run(one, world, bare, _in_town, flood, _with_bridging) for one in folders]
    found = beside(paths[0], folders[0] / "outputs")
    assert found is not None
    assert (found.standing, [one.id for one in found.answered]) == (("bridged",), ["flood"])
    added, fresh = _answered(paths[0], folders[0] / "outputs"), run_tables(paths[1], folders[1] / "outputs")
    assert tables(added) == tables(fresh)
    assert read_manifest(added).reused is not None
    assert read(added / "sites.parquet")["bridged_for"].map(len).any()


def _in_town(content: Content) -> None:
    content["area"] = {"bbox": [154_950, 472_700, 155_200, 472_900]}
