"""A variant of figures added to a finished run: equal to a fresh run to the last row, with no cell assessed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from starlette.testclient import TestClient

import flexsites
from flexsites.api import Run
from flexsites.config.study import resolve
from flexsites.config.what_if import variant_asked
from flexsites.errors import ConfigError
from flexsites.finished.opened import ANSWERED, open_finished
from flexsites.finished.questions import Questions
from flexsites.reporting.summaries.variants import compare_variants
from flexsites.runs import added, made_of
from flexsites.tables import conform
from flexsites.tables.contract import is_true
from flexsites.tables.files import read, write_table
from flexsites.tables.manifest import read_manifest
from flexsites.tables.summary_tables import Variants
from flexsites.view.application import application
from flexsites.view.opened import open_run
from flexsites.view.what_if import Asked
from pipelines import provincial_sweep
from tests.conftest import PROFILE
from tests.pipelines.added_runs import (
    ALL_TABLES,
    assert_counts_are,
    bare,
    beside,
    figure,
    own_directory,
    run_tables,
    spread_of,
    with_variants,
)
from tests.pipelines.small_run import Content, tables, write_run

ADDRESS = "http://127.0.0.1:8040"

KINDS: dict[str, dict[str, Any]] = {
    "limit": {"limits": {"bicycle_distance_supermarket_m": figure(200)}},
    "weight": {"replace": {"flexmilieus.campus.weighted.0.weight": figure(0.5)}},
    "value_function": {"replace": {"flexmilieus.groen_tiny.weighted.1.zero_at": figure(9000)}},
    "requirement": {"replace": {"target_groups.senioren.requirements.gp_near.any_of.0.at_most": figure(300)}},
    "groups": {"replace": {"flexmilieus.campus.target_groups": ["studenten", "starters"]}},
    "density": {"replace": {"flexmilieus.campus.programme.fsi": spread_of(0.1, 0.2, 0.3)}},
    "most_homes": {"replace": {"flexmilieus.groen_tiny.programme.max_units": spread_of(6, 8, 10)}},
    "fewest_homes": {"replace": {"flexmilieus.groen_tiny.programme.min_units": spread_of(9, 8, 7)}},
    "least_term": {"replace": {"flexmilieus.groen_tiny.least_term_years": figure(16, unit="year")}},
    "low": {"estimate": "low"},
    "high": {"estimate": "high"},
    "common": {"replace": {"counting.common_homes_per_ha": spread_of(20, 40, 80)}},
    "reach": {"replace": {"counting.cluster_reach_m": figure(40)}},
    "rent": {"replace": {"exploitation.discount_rate_share": spread_of(0.03, 0.05, 0.09)}},
    "together": {
        "limits": {"walk_distance_transit_m": figure(900)},
        "replace": {
            "flexmilieus.campus.programme.fsi": spread_of(0.2, 0.3, 0.5),
            "counting.first_flexmilieus": ["groen_tiny"],
        },
        "estimate": "low",
    },
}


ASKED = ("limit", "weight", "density", "most_homes", "least_term", "low", "together")
"""What is asked what if, too."""
OFTEN = {name: KINDS[name] for name in (*ASKED, "common", "groups")} if PROFILE == "ci" else KINDS
"""Those of every run of the tests: each kind of figure once; `.ci/deep` has all."""


@pytest.fixture(scope="module")
def finished(without_variants: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where a run without variants stands: the folder of results of its folder."""
    return Path(shutil.copytree(without_variants, tmp_path_factory.mktemp("finished") / "outputs"))


@pytest.fixture(scope="module")
def opened(finished: Path) -> Run:
    """Return it opened, once for all that ask: what one asks must not bear on what another is answered."""
    return flexsites.open(own_directory(finished))


@pytest.fixture(scope="module")
def questions(finished: Path) -> Questions:
    """Return what counts answers of it, opened once as well."""
    return Questions(open_finished(own_directory(finished)))


@pytest.fixture(scope="module")
def client(finished: Path) -> Iterator[TestClient]:
    """Return a browser that looks at it."""
    with TestClient(application(open_run(own_directory(finished))), base_url=ADDRESS) as made:
        yield made


@pytest.fixture(scope="module")
def fresh(world: Path, without_variants: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("fresh")
    path = write_run(folder, world, bare, with_variants(**OFTEN))
    return tables(run_tables(path, folder / "outputs", lender=without_variants))


@pytest.fixture(scope="module")
def answered(world: Path, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answered")
    path = write_run(folder, world, bare, with_variants(**OFTEN))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provincial_sweep, "_assess", lambda *_: pytest.fail("cells were assessed"))
        return run_tables(path, finished)


@pytest.mark.parametrize("kind", OFTEN)
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
    assert told.reused.answered == tuple(OFTEN)
    assert [one.id for one in told.variants] == list(OFTEN)
    (before,) = (one for one in finished.glob("*/*") if one != answered)
    assert told.reused.run_id == before.name
    assert read_manifest(before).reused is None


def test_variants_that_stand_are_kept_and_only_new_ones_answered(world: Path, answered: Path, tmp_path: Path) -> None:
    path = write_run(tmp_path, world, bare, with_variants(low=KINDS["low"], newer={"estimate": "high"}))
    found = beside(path, answered.parent.parent)
    assert found.directory == answered
    assert (found.standing, [one.id for one in found.answered]) == (("low",), ["newer"])


def _other_title(content: Content) -> None:
    content["title"] = "Another title"


def _other_rule(content: Content) -> None:
    content["effects"] = {"flood": "exclude"}


def test_texts_leave_tables_as_they_are_and_rules_do_not(world: Path, answered: Path, tmp_path: Path) -> None:
    outputs = answered.parent.parent
    assert beside(write_run(tmp_path, world, bare, _other_title), outputs) is not None
    assert beside(write_run(tmp_path, world, bare, _other_rule), outputs) is None


def test_a_variant_that_bridges_is_part_of_what_the_run_itself_is_made_of(world: Path, tmp_path: Path) -> None:
    """Its parcels are flagged among those of the run itself."""

    def content_of(**variants: dict[str, Any]) -> str:
        return made_of.made_of(resolve(str(write_run(tmp_path, world, bare, with_variants(**variants))))).content

    assert content_of(low={"estimate": "low"}) == content_of()
    bridging = {"bridging": "groen_tiny"}
    assert content_of(bridge=bridging) != content_of()
    assert content_of(bridge=bridging) != content_of(bridge=bridging | {"estimate": "low"})


def test_other_code_or_another_source_is_told_and_nothing_is_reused(
    world: Path,
    answered: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, outputs = write_run(tmp_path, world, bare), answered.parent.parent
    monkeypatch.setattr(made_of, "code_of_runs", lambda: "other")
    assert beside(path, outputs) is None
    assert "the code has changed since: everything is assessed" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setattr(added, "changed_sources", lambda *_, **__: ["layers.nnn"])
    assert beside(path, outputs) is None
    assert "layers.nnn" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ASKED)
def test_what_if_is_what_a_run_with_that_variant_answers(
    kind: str, answered: Path, opened: Run, questions: Questions, tmp_path: Path
) -> None:
    found = opened.what_if(**KINDS[kind])
    for name in ANSWERED:
        write_table(found.tables[name], ALL_TABLES[name], tmp_path / "mine.parquet")
        assert (tmp_path / "mine.parquet").read_bytes() == (answered / f"variants/{kind}/{name}.parquet").read_bytes()
    rows = {
        name: (read(folder / "sites.parquet"), read(folder / "suitability.parquet"), read(folder / "clusters.parquet"))
        for name, folder in (("base", answered), ("what_if", answered / "variants" / kind))
    }
    order = [one.id for one in opened.manifest.flexmilieus]
    pieces = read(answered / "pieces.parquet")
    mine = pieces[(pieces["is_valid"] & pieces["is_with_consent"]).to_numpy()][["piece_id", "site_id"]]
    places = dict.fromkeys(rows, pd.DataFrame(mine).merge(read(answered / "piece_locations.parquet"), on="piece_id"))
    expected = compare_variants(rows, flexmilieu_order=order, places=places)
    pd.testing.assert_frame_equal(found.totals, conform(expected, Variants, where="test", is_result=True))
    variant = variant_asked(KINDS[kind])
    counted = questions.count(variant)
    for name, one, sites in (
        ("base", counted.before, read(answered / "sites.parquet")),
        ("what_if", counted.after, found.sites),
    ):
        assert_counts_are(one.totals(), found.totals, name)
        firsts = sites["flexmilieu_first"].value_counts().to_dict()
        assert {flexmilieu: n for flexmilieu, n in one.first().items() if n} == firsts
        here = sites[sites["gemeente_code"] == sites["gemeente_code"].iloc[0]]
        assert sum(one.first(here["gemeente_code"].iloc[0]).values()) == here["flexmilieu_first"].notna().sum()
    for code in {*found.sites["gemeente_code"]}:
        told, whole = questions.count(variant, code).after.totals(), counted.after.totals(code)
        assert all(one in (None, whole[name][key]) for name, row in told.items() for key, one in row.items())
        assert told["available"]["n_locations"] > 0


def test_the_viewer_answers_with_the_same_numbers(answered: Path, finished: Path) -> None:
    asked = Asked(own_directory(finished))
    question = {"changes": {"replace": {"flexmilieus.groen_tiny.programme.max_units.high": 10,
                                        "flexmilieus.groen_tiny.programme.max_units.expected": 8,
                                        "flexmilieus.groen_tiny.programme.max_units.low": 6}},
                "flexmilieu": "groen_tiny"}  # fmt: skip
    told = asked.answer(json.dumps(question).encode())
    clusters = read(answered / "variants/most_homes/clusters.parquet")
    mine = clusters[(clusters["flexmilieu"] == "groen_tiny") & (clusters["consent"] == "with")]
    assert told["totals"]["what_if"]["groen_tiny"]["n_spread_consent_expected"] == mine["n_spread_expected"].sum() > 0
    assert told["totals"]["base"]["groen_tiny"]["n_spread_consent_expected"] != mine["n_spread_expected"].sum()
    assert (told["gained"], told["lost"], told["doubted"]) == ([], [], [])
    longer = {"replace": {"flexmilieus.groen_tiny.least_term_years": 16}}
    no_term = asked.answer(json.dumps({"changes": longer, "flexmilieu": "groen_tiny"}).encode())
    sites = read(answered / "sites.parquet")
    suited = sites[is_true(sites["is_suitable"]) & sites["verdict"].isin(["eligible", "conditional"]).to_numpy()]
    assert (sorted(no_term["lost"]), no_term["doubted"]) == (sorted(suited["site_id"]), [])
    of_any = asked.answer(json.dumps({"changes": longer}).encode())
    assert (of_any["lost"], sorted(of_any["doubted"])) == ([], sorted(suited["site_id"])), "the others are unknown"
    assert yaml.safe_load(no_term["yaml"])[0]["replace"] == {
        "flexmilieus.groen_tiny.least_term_years": {"value": 16, "assumption": True, "why": "what if"}
    }


def test_what_is_saved_from_a_question_is_a_variant_of_the_run_file(
    world: Path, finished: Path, tmp_path: Path
) -> None:
    """Read back it resolves, and is answered from the run as it was asked."""
    found = flexsites.open(own_directory(finished)).what_if(id="nearer", limits={"bicycle_distance_supermarket_m": 200})
    (variant,) = yaml.safe_load(found.as_yaml())
    path = write_run(tmp_path, world, bare, lambda content: content.update(variants=[variant]))
    found_beside = beside(path, finished)
    assert found_beside is not None
    assert [one.id for one in found_beside.answered] == ["nearer"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"replace": {"measures.modes.walk.speed_km_h": figure(3)}}, "measures"),
        ({"limits": {"walk_distance_gp_m": 99_000}}, "only 5000 is searched"),
        ({"limits": {"walk_distance_gp_m": -5}}, "no distance or time is below 0"),
        ({"replace": {"flexmilieus.campus.weighted.0.weight": -1}}, "weight is -1, and cannot be below 0"),
        ({"replace": {"flexmilieus.nowhere.programme": 1}}, "there is no 'nowhere'"),
        ({"density": 3}, "density: Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_asked_is_told(changes: dict[str, Any], told: str, opened: Run) -> None:
    with pytest.raises(ConfigError, match=told):
        opened.what_if(**changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"limits": {"walk_distance_gp_m": -5}}, 'Eisen: "loopafstand tot huisarts" vraagt -5, en geen afstand of'),
        ({"limits": {"walk_distance_gp_m": 99_000}}, "Wat te doen: vraag hoogstens 5000: verder heeft deze"),
        ({"replace": {"flexmilieus.campus.weighted.0.weight": -1}}, "Campus, Gewichten in de score, fietsafstand tot"),
        ({"replace": {"flexmilieus.campus.programme.fsi.low": 9}}, "Campus, Dichtheid (FSI, vloer per grond), laag: "),
        ({"replace": {"flexmilieus.campus.programme.min_units.low": 2.5}}, "plek, laag: 2,5 is geen geheel getal"),
        (
            {"replace": {"flexmilieus.campus.programme.max_units.low": 1, "pieces.min_area_m2": 900}},
            'Campus, Meeste woningen op een plek, laag: "Meeste woningen op een plek" ligt onder "Minste woningen op',
        ),
        ({"replace": {"flexmilieus.campus.least_term_years": -1}}, 'Campus, Minste termijn in jaren: "Minste termijn'),
        ({"replace": {"counting.common_homes_per_ha.low": 900}}, "Gemeenschappelijk programma, woningen per ha, laag"),
        ({"replace": {"counting.cluster_reach_m": -2}}, '"Bereik van een cluster in m" is -2'),
        ({"replace": {"pieces.min_width_m": -2}}, "Toetsen en tijd, Minste breedte (m): "),
        ({"replace": {"time.term_years": -2, "time.preparation_years": 3}}, "Toetsen en tijd, Termijn (jaar): "),
        ({"effects": {"nnn": "x"}}, "Regels, Natuurnetwerk Nederland: dit moet"),
    ],
)
def test_what_cannot_be_asked_is_told_in_the_words_of_the_form(
    changes: dict[str, Any], told: str, client: TestClient
) -> None:
    """Who fills in the form knows no paths of the configuration."""
    answer = client.post("/api/what_if?lang=nl", json={"changes": changes}, headers={"origin": ADDRESS})
    assert answer.status_code == 400
    (fault,) = answer.json()["faults"]
    assert told in fault
    assert answer.json()["description"] == fault
    assert not re.search(r"\.yaml|runbestand|variants\.|flexmilieus|replace|[a-z]_[a-z]", fault), fault


def test_the_example_of_the_documentation_runs(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(flexsites.__file__).parent / "docs/pages/variants.md").read_text(encoding="utf-8")
    example, _of_roofs = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(example.replace("outputs/municipal_shortlist/<run_id>", str(own_directory(finished))), {})  # noqa: S102
    assert "id: nearer_stop" in capsys.readouterr().out
