"""A variant of rules, distances, tests of pieces, times or layouts added to a finished run: as a fresh run has it."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import yaml

import flexsites
from flexsites.api import Run
from flexsites.arrays import BoolArray
from flexsites.config.readings import Reading
from flexsites.config.what_if import variant_asked
from flexsites.errors import ConfigError
from flexsites.exclusion.kernels.land import Land
from flexsites.finished import assessed, kept
from flexsites.finished.assessed import Begun
from flexsites.finished.by_gemeente import ByGemeente
from flexsites.finished.opened import ANSWERED, Finished, open_finished
from flexsites.finished.partner import Helping
from flexsites.finished.questions import Questions, WhatIf
from flexsites.reporting.words import Words
from flexsites.runs import added
from flexsites.tables import Frame, empty
from flexsites.tables.files import read, write_table
from flexsites.tables.manifest import read_manifest
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


def _locally(where: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    return {"id": "hier", "label": "Hier", "where": where, "change": change, "source": "a test"}


RULES: dict[str, dict[str, Any]] = {
    "excludes": {"effects": {"flood": "exclude"}},
    "flags": {"hardness": {"middel": "flag"}},
    "off": {"effects": {"roads": "off", "own_sites": "off"}},
    "turned_on": {"effects": {"nitrogen_250_m": "restrict"}},
    "distance": {"change": {"power_lines": {"distance_m": figure(9)}}},
    "farther": {"change": {"spray_zones_crops": {"distance_m": figure(120), "effect": "exclude"}}},
    "flags_farther": {
        "effects": {"nitrogen_250_m": "flag"},
        "change": {"nitrogen_250_m": {"distance_m": figure(400)}},
    },
    "plans": {"effects": {"plans_soft": "exclude"}, "change": {"plans_hard": {"horizon_years": figure(4)}}},
    "no_plans": {"effects": {"plans_hard": "off"}},
    "in_a_place": {
        "change": {"roads": {"locally": [_locally({"gemeenten": ["GM9901"]}, {"effect": "flag"})]}},
    },
    "of_owners": {"change": {"roads": {"locally": [_locally({"owners": ["gemeente"]}, {"effect": "off"})]}}},
    "of_a_province": {
        "change": {"power_lines": {"locally": [_locally({"provincies": ["PV91"]}, {"distance_m": figure(60)})]}}
    },
    "bound_to_a_layer": {"change": {"power_lines": {"where_layer": {"layer": "land_use"}}}},
    "vetoed": {"vetoes": ["99010030600000"]},
    "longer": {"term_years": figure(20, unit="year")},
    "less_land": {"replace": {"pieces.min_area_m2": figure(1500, unit="m2")}},
    "urban_parking": {
        "replace": {
            "flexmilieus.campus.programme.parking_relief": [
                {"urbanity_classes": [1, 2, 3, 4, 5], "norm": spread_of(0, 0, 0)}
            ]
        }
    },
    "narrow": {"replace": {"pieces.min_width_m": figure(12, unit="m")}},
    "sooner": {"horizon_years": figure(5, unit="year")},
    "denser": {"replace": {"flexmilieus.campus.programme.fsi": spread_of(0.3, 0.6, 0.9)}},
    "with_figures": {
        "effects": {"flood": "exclude"},
        "limits": {"walk_distance_transit_m": figure(900)},
        "estimate": "low",
    },
}


OFTEN = ("distance", "flags_farther", "in_a_place", "vetoed", "narrow", "with_figures")
"""Those of every run of the tests; `.ci/deep` has all, on a larger area."""
ASKED = OFTEN if PROFILE == "ci" else tuple(RULES)
GROUPS = [OFTEN, *([] if PROFILE == "ci" else [tuple(name for name in RULES if name not in OFTEN)])]
"""Runs of several variants side by side: what one cuts is cut in the others too."""
WITHIN_M2 = (1e-6, 0.1)
"""By how much areas of the run itself differ from those of a fresh run of a group: what METHOD 0 leaves to rounding.
Land that is cut at more places has more corners to be put on the grid of 1 mm."""


def _chosen(names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    return {name: RULES[name] for name in names}


@pytest.fixture(scope="module")
def finished(without_variants: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of results in which a run without variants stands."""
    return Path(shutil.copytree(without_variants, tmp_path_factory.mktemp("finished") / "outputs"))


@pytest.fixture(scope="module")
def opened(finished: Path) -> Run:
    """Return it opened, once for all that only ask."""
    return flexsites.open(own_directory(finished))


@pytest.fixture(scope="module")
def fresh(world: Path, without_variants: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return a run of each group of variants, its cells assessed."""
    folders = [tmp_path_factory.mktemp("fresh") for _ in GROUPS]
    paths = [
        write_run(folder, world, bare, with_variants(**_chosen(names)))
        for folder, names in zip(folders, GROUPS, strict=True)
    ]
    return [run_tables(path, path.parent / "outputs", lender=without_variants) for path in paths]


@pytest.fixture(scope="module")
def answered(world: Path, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return a run of each group of variants, answered from the finished run."""
    folders = [tmp_path_factory.mktemp("answered") for _ in GROUPS]
    paths = [
        write_run(folder, world, bare, with_variants(**_chosen(names)))
        for folder, names in zip(folders, GROUPS, strict=True)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provincial_sweep, "_assess", lambda *_: pytest.fail("cells were assessed"))
        return [run_tables(path, finished) for path in paths]


def _group_of(name: str) -> int:
    return next(i for i, names in enumerate(GROUPS) if name in names)


@pytest.mark.parametrize("name", ASKED)
def test_another_reading_of_the_land_is_answered_as_a_fresh_run_answers_it(
    name: str, answered: list[Path], fresh: list[Path]
) -> None:
    """To the last bit, of every table; and it is another answer than that of the run itself."""
    group = _group_of(name)
    mine, theirs = (
        {path: one for path, one in tables(folders[group]).items() if path.startswith(f"variants/{name}/")}
        for folders in (answered, fresh)
    )
    assert len(mine) >= 10
    assert mine == theirs
    base = tables(answered[group])
    assert any(base[Path(path).name] != one for path, one in mine.items())


def test_the_run_itself_is_taken_over_and_is_what_a_fresh_run_has_to_within_rounding(
    answered: list[Path], fresh: list[Path], finished: Path
) -> None:
    """A rule that lies elsewhere cuts faces further: sums over them differ in their last digits."""
    own = own_directory(finished)
    for mine_in, theirs_in, within_m2 in zip(answered, fresh, WITHIN_M2, strict=False):
        assert {name: one for name, one in tables(mine_in).items() if "/" not in name} == tables(own)
        mine, theirs = read(mine_in / "sites.parquet"), read(theirs_in / "sites.parquet")
        for column in ("verdict", "is_suitable", "n_pieces"):
            assert mine[column].equals(theirs[column])
        assert abs(mine["buildable_area_m2"] - theirs["buildable_area_m2"]).max() < within_m2
        assert abs(mine["n_common_expected"] - theirs["n_common_expected"]).max() < within_m2
        assert read_manifest(mine_in).reused is not None
    assert read(answered[0] / "sites.parquet")["n_common_expected"].equals(
        read(fresh[0] / "sites.parquet")["n_common_expected"]
    )


@pytest.mark.parametrize("name", [one for one in ASKED if PROFILE != "ci" or one == "distance"])
def test_what_if_of_rules_is_what_a_run_with_that_variant_answers(
    name: str, world: Path, without_variants: Path, finished: Path, tmp_path: Path
) -> None:
    """To the last bit, of a run that has this variant alone: beside others its land is cut in more parts."""
    found = flexsites.open(own_directory(finished)).what_if(**RULES[name])
    outputs = Path(shutil.copytree(without_variants, tmp_path / "outputs"))
    alone = run_tables(write_run(tmp_path, world, bare, with_variants(what_if=RULES[name])), outputs)
    for table in (*ANSWERED, "pieces"):
        write_table(found.tables[table], ALL_TABLES[table], tmp_path / "mine.parquet")
        assert (tmp_path / "mine.parquet").read_bytes() == (alone / f"variants/what_if/{table}.parquet").read_bytes()
    assert (
        found.n_assessed > 0
        or (alone / "variants/what_if/pieces.parquet").read_bytes()
        == (own_directory(finished) / "pieces.parquet").read_bytes()
    ), "no parcel was assessed, and there is other land"
    assert set(found.totals["variant"]) == {"base", "what_if"}


def test_a_distance_of_a_rule_that_only_flags_finds_nothing_of_a_piece_again(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cuts parcels elsewhere, and leaves every piece as it was: none is opened, entered or laid out again."""
    questions = Questions(open_finished(own_directory(finished)))
    questions.prepare()
    own = questions.run.tables["pieces"]
    for name in ("_open", "_ways_in"):
        monkeypatch.setattr(Land, name, lambda *asked: pytest.fail(f"found again: {asked[1:]}") if asked[1] else None)
    monkeypatch.setattr(assessed, "reach_and_fit", lambda pieces, *_, **__: reach_none(pieces))
    found = questions.answer(variant_asked(RULES["flags_farther"]))
    pieces = found.tables["pieces"]
    assert found.n_assessed > 3
    assert shapes_of(pieces) == shapes_of(own)
    is_other = pieces["flags"].to_numpy() != own["flags"].to_numpy()
    assert is_other.any()
    assert pieces.drop(columns=["flags", "geometry"]).equals(own.drop(columns=["flags", "geometry"]))


def reach_none(pieces: Frame) -> dict[str, Frame]:
    """Stand for what pieces reach and hold where none is asked."""
    assert not len(pieces), "what stands in the run is asked again"
    return {name: empty(table) for name, table in assessed.ASSESSED.items() if name != "pieces"}


def shapes_of(pieces: gpd.GeoDataFrame) -> dict[str, bytes]:
    """Return pieces and what they are: where no parcel was assessed they must be those of the run."""
    return dict(zip(pieces["piece_id"], shapely.to_wkb(pieces.geometry.to_numpy()), strict=True))


@pytest.mark.parametrize("name", [one for one in ASKED if PROFILE != "ci" or one == "with_figures"])
def test_gemeenten_asked_one_by_one_are_the_whole_and_their_counts_its_totals(
    name: str, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parcels are shared out among three gemeenten, by where they lie: borders run through fields.

    The whole is the same where nothing is kept between questions, as of a run that is too large for it.
    """
    run = open_finished(own_directory(finished))
    sites = run.tables["sites"]
    third = pd.qcut(sites.geometry.representative_point().x, 3, labels=False).to_numpy()
    codes = np.array(["GM0001", "GM0002", "GM0003"], dtype=object)[third]
    shared = replace(run, tables={**run.tables, "sites": sites.assign(gemeente_code=codes)})
    variant, questions = variant_asked(RULES[name]), Questions(shared)
    (first, *others) = questions.rest(variant, "GM0002")
    assert {first, *others} == {"GM0001", "GM0003"}
    parts = {code: questions.count(variant, code) for code in ("GM0002", first, *others)}
    whole = questions.count(variant)
    assert whole.n_assessed == sum(one.n_assessed for one in parts.values())
    found = questions.answer(variant)
    assert whole.n_assessed > 0 or shapes_of(found.tables["pieces"]) == shapes_of(run.tables["pieces"])
    assert found.n_assessed == whole.n_assessed
    assert_counts_are(whole.after.totals(), found.totals, "what_if")
    for code, part in parts.items():
        told, of_whole = part.after.totals(), whole.after.totals(code)
        for population, counted in told.items():
            assert {key: one for key, one in counted.items() if one is not None} == {
                key: of_whole[population][key] for key, one in counted.items() if one is not None
            }
        assert told["available"]["n_sites"] > 0
    monkeypatch.setattr(kept, "MOST_BYTES", 0)
    own = Questions(run).answer(variant)
    for table in ("pieces", "suitability", "units", "location_suitability", "clusters"):
        pd.testing.assert_frame_equal(found.tables[table], own.tables[table])


def test_parcels_that_lie_in_no_gemeente_are_asked_with_the_whole(finished: Path) -> None:
    """Nobody asks for them by name, and they count: a page asks the gemeenten that it is told of, and then all."""
    asked = Asked(own_directory(finished))
    known = Questions(open_finished(own_directory(finished)))
    sites = known.run.tables["sites"]
    codes = np.resize(np.array(["GM0001", "GM0002", None], dtype=object), len(sites))
    asked._opened.append(
        Questions(replace(known.run, tables={**known.run.tables, "sites": sites.assign(gemeente_code=codes)}))
    )
    question = {"changes": RULES["excludes"]}
    first = asked.answer(json.dumps(question | {"gemeente": "GM0001", "is_first": True}).encode())
    assert first["rest"] == ["GM0002"]
    for code in first["rest"]:
        asked.answer(json.dumps(question | {"gemeente": code, "is_first": True}).encode())
    whole = asked.answer(json.dumps(question).encode())
    assert whole["totals"]["what_if"] == known.count(variant_asked(RULES["excludes"])).after.totals()


@pytest.mark.deep(sibling="test_gemeenten_asked_one_by_one_are_the_whole_and_their_counts_its_totals")
@pytest.mark.parametrize("most_opened", [kept._MOST_OPENED, 0])
def test_questions_asked_in_a_row_are_answered_as_if_each_were_the_first(
    most_opened: int, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept of the land between them is that of no other question: cut elsewhere, tested otherwise.

    Nor does it matter when land was let go of because too much of it was opened.
    """
    monkeypatch.setattr(kept, "_MOST_OPENED", most_opened)
    own = own_directory(finished)
    questions, farther = Questions(open_finished(own)), {"change": {"power_lines": {"distance_m": figure(60)}}}
    asked = [variant_asked(one) for one in (RULES["distance"], farther, RULES["narrow"], RULES["distance"])]
    in_a_row = [questions.answer(one) for one in asked]
    alone = [in_a_row[0], *(Questions(open_finished(own)).answer(one) for one in asked[1:3]), in_a_row[0]]
    for mine, theirs in zip(in_a_row, alone, strict=True):
        assert mine.n_assessed == theirs.n_assessed > 0
        for table, rows in theirs.tables.items():
            pd.testing.assert_frame_equal(mine.tables[table], rows, check_exact=True)
    assert not in_a_row[0].tables["pieces"].equals(in_a_row[1].tables["pieces"])


class _Beside:
    """Stands for a process that helps: one that has opened the run, or one that ended, or that shares out otherwise."""

    def __init__(self, run: Finished | None, *, is_other: bool = False) -> None:
        self._run, self._is_other = None if run is None else ByGemeente(run), is_other

    def is_ready(self) -> bool:
        return True

    def help(self, reading: Reading, gemeente: str, i: int, n_shares: int) -> Helping:
        i = 0 if self._is_other else i
        return lambda: None if self._run is None else self._run.share(reading, gemeente, i, n_shares)


@pytest.mark.parametrize("name", ["distance"] if PROFILE == "ci" else ASKED)
def test_a_question_that_is_shared_out_is_answered_as_by_one_process(
    name: str, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, of the whole and of a gemeente; also where one that helps ended before it was done."""
    monkeypatch.setattr(assessed, "_FEWEST_SHARED", 2)
    run, variant = open_finished(own_directory(finished)), variant_asked(RULES[name])
    shared, alone = Questions(run), Questions(run)
    shared._land.partners[:] = [_Beside(run), _Beside(None), _Beside(run, is_other=True)]
    (gemeente,) = run.tables["sites"]["gemeente_code"].dropna().unique()[:1]
    mine, theirs = shared.answer(variant), alone.answer(variant)
    assert mine.n_assessed == theirs.n_assessed
    # Of what leaves the land as it is nobody assesses anything.
    assert theirs.n_assessed > 3 or shapes_of(theirs.tables["pieces"]) == shapes_of(run.tables["pieces"])
    for table, rows in theirs.tables.items():
        pd.testing.assert_frame_equal(mine.tables[table], rows, check_exact=True)
    kept_of = [dict(one._land._asked[0][1]["*"].tables) for one in (shared, alone)]
    for table, rows in kept_of[1].items():
        pd.testing.assert_frame_equal(kept_of[0][table], rows, check_exact=True)
    assert shared.count(variant, gemeente).after.totals() == alone.count(variant, gemeente).after.totals()


@pytest.fixture(scope="module")
def by_one_process(finished: Path) -> tuple[WhatIf, int]:
    """Return what one process answers of another distance, and how many parcels it assesses for it."""
    n_assessed: list[int] = []

    def assess(begun: Begun, is_mine: BoolArray) -> dict[str, Frame]:
        n_assessed.append(int(is_mine.sum()))
        return assessed.assess(begun, is_mine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flexsites.finished.land.assess", assess)
        found = Questions(open_finished(own_directory(finished))).answer(variant_asked(RULES["distance"]))
    return found, sum(n_assessed)


@pytest.mark.parametrize("fails", [False, True])
def test_copies_of_this_process_help(
    *, fails: bool, finished: Path, by_one_process: tuple[WhatIf, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is that of one process, to the last bit: also where what a copy does fails."""
    monkeypatch.setattr(assessed, "_FEWEST_SHARED", 2)
    run, variant = open_finished(own_directory(finished)), variant_asked(RULES["distance"])
    asked_here: list[int] = []
    here, own = os.getpid(), assessed.assess

    def assess(begun: Begun, is_mine: BoolArray) -> dict[str, Frame]:
        if os.getpid() == here:
            asked_here.append(int(is_mine.sum()))
        elif fails:
            raise MemoryError
        return own(begun, is_mine)

    monkeypatch.setattr("flexsites.finished.land.assess", assess)
    found = Questions(run, n_copies=2).answer(variant)
    alone, n_alone = by_one_process
    assert len(asked_here) == (3 if fails else 1), "what the two copies do is done here where they fail"
    assert 0 < asked_here[0] < n_alone
    assert found.n_assessed == alone.n_assessed
    for table, rows in alone.tables.items():
        pd.testing.assert_frame_equal(found.tables[table], rows, check_exact=True)


@pytest.mark.deep(sibling="test_a_question_that_is_shared_out_is_answered_as_by_one_process")
def test_another_process_that_opened_the_run_helps(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, variant = open_finished(own_directory(finished)), variant_asked(RULES["narrow"])
    questions = Questions(run, n_partners=1)
    questions.prepare()
    (partner,) = questions._land.partners
    until = time.monotonic() + 300
    while not partner.is_ready() and time.monotonic() < until:
        time.sleep(0.1)
    asked: list[bool] = []
    answer = partner._answer
    monkeypatch.setattr(partner, "_answer", lambda *one: asked.append((found := answer(*one)) is not None) or found)
    found, own = questions.answer(variant), Questions(run).answer(variant)
    questions.end()
    assert asked == [True]
    for table, rows in own.tables.items():
        pd.testing.assert_frame_equal(found.tables[table], rows, check_exact=True)


def test_land_that_changes_outside_the_area_bears_on_what_lies_inside(world: Path, tmp_path: Path) -> None:
    """A small area, its parcels near others that a rule leaves otherwise: as a fresh run has them."""

    def few(content: Content) -> None:
        content["area"] = {"bbox": [157_600, 470_500, 158_400, 471_000]}

    variant = {"effects": {"land_use": "flag"}}
    fresh = run_tables(write_run(tmp_path, world, bare, few, with_variants(other=variant)), tmp_path / "outputs")
    found = flexsites.open(fresh).what_if(**variant)
    assert found.n_assessed == len(found.sites)
    for table in (*ANSWERED, "pieces"):
        write_table(found.tables[table], ALL_TABLES[table], tmp_path / "mine.parquet")
        theirs = fresh / f"variants/other/{table}.parquet"
        assert (tmp_path / "mine.parquet").read_bytes() == theirs.read_bytes()


def test_the_viewer_offers_rules_and_tests_and_says_how_many_parcels_it_assessed(finished: Path) -> None:
    asked = Asked(own_directory(finished))
    form = asked.form(Words("nl"))
    rules = {one["id"]: one for one in form["rules"]}
    assert (rules["flood"]["effect"], rules["nitrogen_250_m"]["effect"]) == ("restrict", "off")
    assert rules["power_lines"]["distance"] == {"path": "rules.power_lines.distance_m", "value": 25.0}
    assert "own_sites" not in rules, "an include lifts rules: it has no other effect"
    assert {one["path"]: one["value"] for one in form["tests"]}["pieces.min_width_m"] > 0
    told = asked.answer(json.dumps({"changes": RULES["excludes"]}).encode())
    assert told["n_assessed"] > 0
    assert yaml.safe_load(told["yaml"])[0]["effects"] == {"flood": "exclude"}


@pytest.mark.parametrize("name", ["excludes", "distance", "less_land"])
def test_what_a_question_of_land_takes_is_told_before_it_is_answered(name: str, finished: Path) -> None:
    """Of about as many parcels as are then assessed: within a factor of three."""
    asked, question = Asked(own_directory(finished)), {"changes": RULES[name]}
    ahead = asked.answer(json.dumps(question | {"is_ahead": True}).encode())
    told = asked.answer(json.dumps(question).encode())
    assert told["n_assessed"] / 3 < ahead["n_parcels"] < told["n_assessed"] * 3
    assert ahead["seconds"] > 0.0
    again = asked.answer(json.dumps(question | {"is_ahead": True}).encode())
    assert again == {"n_parcels": 0, "seconds": 0.0}, "it is remembered"


def test_a_run_tells_what_a_variant_will_take_before_it_is_answered(
    world: Path,
    finished: Path,
    answered: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From a run to which variants were added before it is answered as from the run that these were added to."""
    monkeypatch.setattr(added, "_LONG_S", 0.0)
    path = write_run(tmp_path, world, bare, with_variants(told=RULES["excludes"]))
    told = run_tables(path, finished)
    shown = "".join(capsys.readouterr())
    ahead, after = shown.index("Variant told: about "), shown.index("Answered from its tables: told")
    assert ahead < after
    assert int(shown[ahead:].split()[3]) > 0
    assert f"Reused from {answered[-1].name}" in shown
    found = Questions(open_finished(own_directory(finished))).answer(variant_asked(RULES["excludes"]))
    pd.testing.assert_frame_equal(read(told / "variants/told/suitability.parquet"), found.suitability, check_exact=True)


def test_clusters_that_reach_otherwise_are_counted_anew_on_the_same_land(finished: Path) -> None:
    questions = Questions(open_finished(own_directory(finished)))
    near, far = (
        variant_asked(RULES["excludes"] | {"replace": {"counting.cluster_reach_m": figure(reach_m, unit="m")}})
        for reach_m in (50, 2_000)
    )
    one, other, again = (questions.count(asked).after.totals() for asked in (near, far, near))
    assert one == again != other
    assert_counts_are(other, questions.answer(far).totals, "what_if")


def test_a_question_of_figures_waits_for_no_question_of_land(finished: Path) -> None:
    asked = Asked(own_directory(finished))
    asked.form(Words("nl"))
    figures = {"changes": {"estimate": "low"}}
    with asked._turn_of_land:
        assert asked.answer(json.dumps(figures).encode())["n_assessed"] == 0
        assert asked.answer(json.dumps(figures | {"is_ahead": True}).encode())["n_parcels"] == 0


def test_what_is_prepared_is_what_a_question_opens(finished: Path) -> None:
    """The first question reads nothing of what lies around, and its answer is that of one that opens all itself."""
    run = open_finished(own_directory(finished))
    prepared, variant = Questions(run), variant_asked(RULES["excludes"])
    prepared.prepare()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "surroundings_of", lambda *_, **__: pytest.fail("what lies around was read"))
        found = prepared.answer(variant)
    own = Questions(run).answer(variant)
    for table in ("pieces", "suitability", "units", "clusters"):
        pd.testing.assert_frame_equal(found.tables[table], own.tables[table])


RASTER = {"change": {"flood": {"threshold": figure(0.2, unit="m")}}}
"""Another layer is made of the raster for it: it was not prepared."""
FAR = {"change": {"nitrogen": {"distance_m": figure(9_000)}}}
BRIDGE = {"bridging": "groen_tiny"}
UNLISTED = {"change": {"monument_sites": {"where": {"kind": ["sit"]}}}}
"""A word that no rule of the run lists: whether it is a slip of the pen is told where the layer is prepared."""
UNASKED = {"change": {"nnn": {"where": {"naam": ["Nergens"]}}}}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (RASTER, "rules.flood"),
        (FAR, "rules.nitrogen"),
        (BRIDGE, "bridging"),
        (UNLISTED, "rules.monument_sites"),
        (UNASKED, "rules.nnn"),
    ],
)
def test_what_was_not_prepared_is_told_and_its_cells_are_run(
    changes: dict[str, Any],
    told: str,
    world: Path,
    finished: Path,
    opened: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ConfigError, match=f"cannot be answered from a finished run: {told}"):
        opened.what_if(**changes)
    assert beside(write_run(tmp_path, world, bare, with_variants(other=changes)), finished) is None
    said = "variant other bridges, and that flags parcels of the run itself" if changes is BRIDGE else told
    assert f"{said}: this needs the cells: everything is assessed" in capsys.readouterr().err


def test_a_run_without_its_prepared_inputs_says_so(finished: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(own_directory(finished), run, ignore=shutil.ignore_patterns("canonical"))
    with pytest.raises(ConfigError, match=r"rules\.flood"):
        flexsites.open(run).what_if(**RULES["excludes"])


def test_a_prepared_input_that_is_spoilt_is_not_read(finished: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(own_directory(finished), run)
    parcels = run / "canonical" / "parcels.parquet"
    spoilt = bytearray(parcels.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    parcels.write_bytes(spoilt)
    with pytest.raises(ConfigError, match=r"rules\.power_lines"):
        flexsites.open(run).what_if(**RULES["distance"])
