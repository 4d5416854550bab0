"""A variant of figures added to a finished run: equal to a fresh run to the last row, with no cell assessed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flexsites.config.study import resolve
from flexsites.runs import added, made_of
from flexsites.runs.added import finished_beside
from flexsites.runs.run import Options, held, place_of
from flexsites.tables.manifest import read_manifest
from pipelines import provincial_sweep
from tests.pipelines.small_run import Content, tables, write_run
from tests.pipelines.test_variant_is_a_run import QUARTER


def _figure(value: float, **more: Any) -> dict[str, Any]:
    return {"value": value, "source": "a test"} | more


def _range(low: float, expected: float, high: float) -> dict[str, Any]:
    return {"low": _figure(low), "expected": _figure(expected), "high": _figure(high)}


KINDS: dict[str, dict[str, Any]] = {
    "limit": {"limits": {"bicycle_distance_supermarket_m": _figure(200)}},
    "weight": {"replace": {"flexmilieus.campus.weighted.0.weight": _figure(0.5)}},
    "value_function": {"replace": {"flexmilieus.groen_tiny.weighted.1.zero_at": _figure(9000)}},
    "requirement": {"replace": {"target_groups.senioren.requirements.gp_near.any_of.0.at_most": _figure(300)}},
    "groups": {"replace": {"flexmilieus.campus.target_groups": ["studenten", "starters"]}},
    "density": {"replace": {"flexmilieus.campus.programme.fsi": _range(0.1, 0.2, 0.3)}},
    "most_homes": {"replace": {"flexmilieus.groen_tiny.programme.max_units": _range(6, 8, 10)}},
    "fewest_homes": {"replace": {"flexmilieus.groen_tiny.programme.min_units": _range(9, 8, 7)}},
    "least_term": {"replace": {"flexmilieus.groen_tiny.least_term_years": _figure(16, unit="year")}},
    "low": {"estimate": "low"},
    "high": {"estimate": "high"},
    "common": {"replace": {"counting.common_homes_per_ha": _range(20, 40, 80)}},
    "reach": {"replace": {"counting.cluster_reach_m": _figure(40)}},
    "rent": {"replace": {"exploitation.discount_rate_share": _range(0.03, 0.05, 0.09)}},
    "together": {
        "limits": {"walk_distance_transit_m": _figure(900)},
        "replace": {
            "flexmilieus.campus.programme.fsi": _range(0.2, 0.3, 0.5),
            "counting.first_flexmilieus": ["groen_tiny"],
        },
        "estimate": "low",
    },
}


def _bare(content: Content) -> None:
    content |= {"assess": ["parcels"], "variants": [], "area": {"bbox": QUARTER}}


def _with(**variants: dict[str, Any]) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        content["variants"] = [{"id": name, "label": name} | one for name, one in variants.items()]

    return change


def _run(path: Path, outputs: Path) -> Path:
    """Run it without reports, and finish it: its manifest then tells the hashes of its tables."""
    study, options = resolve(str(path)), Options(outputs, scheduler="synchronous", workers=1)
    with held(place_of(study, options)):
        return provincial_sweep.assess_all(study, options)


@pytest.fixture(scope="module")
def finished(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where a run without variants stands: the folder of results of its folder."""
    folder = tmp_path_factory.mktemp("finished")
    _run(write_run(folder, world, _bare), folder / "outputs")
    return folder / "outputs"


@pytest.fixture(scope="module")
def fresh(world: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("fresh")
    return tables(_run(write_run(folder, world, _bare, _with(**KINDS)), folder / "outputs"))


@pytest.fixture(scope="module")
def answered(world: Path, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answered")
    path = write_run(folder, world, _bare, _with(**KINDS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provincial_sweep, "_assess", lambda *_: pytest.fail("cells were assessed"))
        return _run(path, finished)


@pytest.mark.parametrize("kind", KINDS)
def test_a_variant_of_figures_is_answered_as_a_fresh_run_answers_it(
    kind: str, answered: Path, fresh: dict[str, str]
) -> None:
    found = tables(answered)
    mine = {name: one for name, one in found.items() if name.startswith(f"variants/{kind}/")}
    assert len(mine) >= 10
    assert mine == {name: fresh[name] for name in fresh if name.startswith(f"variants/{kind}/")}
    base = {Path(name).name: one for name, one in found.items() if "/" not in name}
    assert any(base[Path(name).name] != one for name, one in mine.items()), "it answers otherwise than the run itself"


def test_the_tables_of_the_run_itself_are_taken_over(answered: Path, fresh: dict[str, str], finished: Path) -> None:
    assert {name: one for name, one in tables(answered).items() if "/" not in name} == {
        name: one for name, one in fresh.items() if "/" not in name
    }
    told = read_manifest(answered)
    assert told.reused is not None
    assert told.reused.answered == tuple(KINDS)
    assert [one.id for one in told.variants] == list(KINDS)
    (before,) = (one for one in finished.glob("*/*") if one != answered)
    assert told.reused.run_id == before.name
    assert read_manifest(before).reused is None


def _beside(path: Path, outputs: Path) -> Any:
    study = resolve(str(path))
    options = Options(outputs)
    return finished_beside(place_of(study, options), study, options)


def test_variants_that_stand_are_kept_and_only_new_ones_answered(world: Path, answered: Path, tmp_path: Path) -> None:
    path = write_run(tmp_path, world, _bare, _with(low=KINDS["low"], newer={"estimate": "high"}))
    found = _beside(path, answered.parent.parent)
    assert found.directory == answered
    assert (found.standing, [one.id for one in found.answered]) == (("low",), ["newer"])


def _other_title(content: Content) -> None:
    content["title"] = "Another title"


def _other_rule(content: Content) -> None:
    content["effects"] = {"flood": "exclude"}


def test_texts_leave_tables_as_they_are_and_rules_do_not(world: Path, answered: Path, tmp_path: Path) -> None:
    outputs = answered.parent.parent
    assert _beside(write_run(tmp_path, world, _bare, _other_title), outputs) is not None
    assert _beside(write_run(tmp_path, world, _bare, _other_rule), outputs) is None


LOWER = {"replace": {"pieces.min_width_m": _figure(12, unit="m")}}
DENSER = {"replace": {"flexmilieus.campus.programme.fsi": _range(0.3, 0.6, 0.9)}}
RULE = {"effects": {"flood": "exclude"}}


@pytest.mark.parametrize(
    ("variant", "told"),
    [(LOWER, "changes pieces"), (DENSER, "flexmilieus.campus.programme.fsi.high"), (RULE, "rules.flood")],
)
def test_what_changes_the_land_is_assessed_and_told(
    variant: dict[str, Any], told: str, world: Path, answered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_run(tmp_path, world, _bare, _with(other=variant))
    assert _beside(path, answered.parent.parent) is None
    assert told in capsys.readouterr().err


def test_other_code_or_another_source_is_told_and_nothing_is_reused(
    world: Path,
    answered: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, outputs = write_run(tmp_path, world, _bare), answered.parent.parent
    monkeypatch.setattr(made_of, "_code", lambda: "other")
    assert _beside(path, outputs) is None
    assert "the code has changed since: everything is assessed" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setattr(added, "changed_sources", lambda *_, **__: ["layers.nnn"])
    assert _beside(path, outputs) is None
    assert "layers.nnn" in capsys.readouterr().err
