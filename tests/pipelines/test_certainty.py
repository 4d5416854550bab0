"""Draws of a finished run: the run itself among them, and each draw as the plain functions of a run answer it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from flexsites.answer import Figures, Kernel, answer
from flexsites.certainty.answers import FOLDER, SOBOL, TABLES, how_sure
from flexsites.certainty.draws import chances, draw_all
from flexsites.certainty.figures import Figured, Moved, figures_drawn
from flexsites.certainty.lands import reading_in, states_drawn
from flexsites.certainty.opened import Opened, open_run
from flexsites.certainty.sobol import MOST, sobol
from flexsites.certainty.totals import answered
from flexsites.config.certainty import Certainty, DrawnGroup, Draws
from flexsites.config.load import configs_directory, read_model
from flexsites.config.what_if import variant_asked
from flexsites.errors import ConfigError
from flexsites.finished.questions import Questions
from flexsites.geometry.cluster_sizes import Sizes
from flexsites.held import Held, hold
from flexsites.reporting import certainty_lines
from flexsites.reporting.names import words_of
from flexsites.reporting.report.certainty import certainty
from flexsites.reporting.results import open_results
from flexsites.runs.certainty import draw
from flexsites.supply import serve_locations, spread_supply
from flexsites.tables import valid
from flexsites.tables.contract import is_true
from flexsites.tables.files import read
from tests.conftest import PROFILE
from tests.pipelines.small_run import Small

N_DRAWS = 5 if PROFILE == "ci" else 12
"""Draws that are answered once more, each by the tables of a run: all in `.ci/deep`."""
_TRUTH = {1: 2, 0: 0, -1: 1}


@pytest.fixture(scope="module")
def groups() -> Certainty:
    return read_model(configs_directory() / "certainty.yaml", Certainty)


@pytest.fixture(scope="module")
def opened(reported: Small) -> Opened:
    return open_run(reported.directory)


def _figured(opened: Opened, groups: Certainty, chance: np.ndarray) -> Figured:
    return figures_drawn(
        opened.figures, groups, chance,
        measures=opened.measures, reach=opened.reach, common_homes_per_ha=opened.common_homes_per_ha,
    )  # fmt: skip


def test_at_what_is_expected_a_draw_is_the_run(reported: Small, opened: Opened, groups: Certainty) -> None:
    figured = _figured(opened, groups, np.full((1, len(groups.groups)), np.nan))
    served = read(reported.directory / "location_suitability.parquet").set_index("location_id")
    clusters = read(reported.directory / "clusters.parquet")
    sites = read(reported.directory / "sites.parquet").set_index("site_id").loc[opened.sites]
    suits_any, may_any = np.zeros(len(sites), dtype=bool), opened.may_have_a_piece.copy()
    for name, moved in figured.moved.items():
        found = draw_all(opened.ground, name, moved)
        told = served[served["flexmilieu"] == name].loc[opened.locations]
        suits = is_true(told["is_suitable"])
        np.testing.assert_array_equal(found.is_suitable[0], suits)
        np.testing.assert_array_equal(found.is_unknown[0], told["is_suitable"].isna().to_numpy())
        np.testing.assert_array_equal(found.rank[0], told["rank"].fillna(0).to_numpy(dtype=np.int64))
        homes = told["n_per_cluster_expected"].to_numpy(dtype=np.int64)
        np.testing.assert_array_equal(found.homes[0], np.where(suits, homes, 0))
        for consent in ("without", "with"):
            mine = clusters[(clusters["flexmilieu"] == name) & (clusters["consent"] == consent)]
            assert found.spread[consent][0] == mine["n_spread_expected"].sum(), (name, consent)
        suits_any |= found.suits_site[0]
        may_any |= found.may_suit_site[0]
    np.testing.assert_array_equal(suits_any, is_true(sites["is_suitable"]))
    np.testing.assert_array_equal(may_any & ~suits_any, sites["is_suitable"].isna().to_numpy())
    assert (may_any & ~suits_any).any(), "of some sites it is unknown whom they serve"


def test_each_draw_is_what_a_run_with_its_figures_answers(reported: Small, opened: Opened, groups: Certainty) -> None:
    """Another way to the same numbers: tables and the run's own functions, draw by draw."""
    figured = _figured(opened, groups, chances(N_DRAWS, len(groups.groups), seed=7))
    tables = {
        name: read(reported.directory / f"{name}.parquet")
        for name in ("pieces", "units", "piece_suitability", "piece_locations", "locations", "sites")
    }
    held = hold(valid(tables["pieces"]), tables["piece_suitability"], tables["units"], names=tuple(figured.moved))
    for name, moved in figured.moved.items():
        found = draw_all(opened.ground, name, moved)
        for d in range(N_DRAWS):
            one = _one_draw(opened, name, moved, d)
            again = replace(held, truth=one.truth, score=one.score, room=one.room, formed=one.formed)
            size = {name: Sizes((moved.minimum[d],) * 3, (moved.maximum[d],) * 3, moved.minimum[d])}
            served = serve_locations(
                again, tables["piece_locations"], tables["locations"], names=(name,), sizes=size
            ).set_index("location_id")  # fmt: skip
            served = served.loc[opened.locations]
            suits = is_true(served["is_suitable"])
            np.testing.assert_array_equal(found.is_suitable[d], suits)
            np.testing.assert_array_equal(found.rank[d], served["rank"].fillna(0).to_numpy(dtype=np.int64))
            homes = served["n_per_cluster_expected"].to_numpy(dtype=np.int64)
            np.testing.assert_array_equal(found.homes[d], np.where(suits, homes, 0))
            placed = spread_supply(again, tables["sites"], names=(name,), sizes=size, reach_m=250.0)
            total = placed.groupby("consent")["n_spread_expected"].sum()
            for consent in ("without", "with"):
                assert found.spread[consent][d] == total.get(consent, 0), (name, d, consent)


def _figure(value: float, **more: str) -> dict[str, object]:
    return {"value": value, "source": "a test"} | more


FLOOD = {"share": _figure(0.4), "effects": {"flood": "exclude"}}
NEAR, FAR = (
    {"share": _figure(0.3), "change": {"power_lines": {"distance_m": _figure(metres)}}} for metres in (5.0, 60.0)
)
LARGE = {"share": _figure(0.5), "replace": {"pieces.min_area_m2": _figure(20_000.0)}}
LAND = [
    {"id": "flood", "label": "flood", "what": "land", "land_high": FLOOD},
    {"id": "lines", "label": "lines", "what": "land", "land_low": NEAR, "land_high": FAR},
    {"id": "area", "label": "area", "what": "land", "land_low": LARGE},
]
VARIANTS = {
    (0, 0, -1): {"replace": LARGE["replace"]},
    (1, 1, 0): {"effects": FLOOD["effects"], "change": FAR["change"]},
}


@pytest.fixture(scope="module")
def of_land(groups: Certainty) -> Certainty:
    content = groups.model_dump(mode="json", exclude_defaults=True)
    return Certainty.model_validate(content | {"groups": [*content["groups"], *LAND]})


def test_a_draw_on_other_land_is_what_a_run_with_those_rules_answers(opened: Opened, of_land: Certainty) -> None:
    """Each state alone, and two together: the same totals as the variant that says the same."""
    chance = np.full((1 + len(VARIANTS), len(of_land.groups)), np.nan)
    for row, states in enumerate(VARIANTS, 1):
        moved = {-1: 0.01, 0: np.nan, 1: 0.99}
        chance[row, -len(LAND) :] = [moved[one] for one in states]
    assert [tuple(row) for row in states_drawn(of_land, chance)[1:, -len(LAND) :].tolist()] == list(VARIANTS)
    drawn = {name: (one, totals) for name, one, totals in answered(opened, of_land, chance)}
    questions = Questions(opened.lands.run)
    for row, variant in enumerate(VARIANTS.values(), 1):
        told = questions.answer(variant_asked(variant))
        sites, clusters = told.sites, told.tables["clusters"]
        for name, (one, totals) in drawn.items():
            for total in totals:
                if total.total == "common":
                    theirs = sites.loc[sites["verdict"] == total.land, "programme_area_m2"].sum()
                    mine = opened.ground.common_area_m2[total.land]
                    assert total.figure[row] * mine == pytest.approx(total.figure[0] * theirs)
                elif total.total == "spread":
                    mine = clusters[(clusters["flexmilieu"] == name) & (clusters["consent"] == total.land)]
                    assert total.figure[row] == mine["n_spread_expected"].sum(), (row, name, total.land)
            if one is not None:
                suitable = told.suitability[(told.suitability["flexmilieu"] == name).to_numpy()]
                ids = suitable["site_id"][is_true(suitable["is_suitable"])]
                assert set(opened.sites[one.suits_site[row]]) == set(ids)


def _years(term: float) -> dict[str, object]:
    return _figure(term, unit="year")


SHORT, LONG = ({"share": _figure(0.3), "replace": {"time.term_years": _years(term)}} for term in (12.0, 20.0))
REGIME = {"change": {"flood": {"effect": "exclude", "for_terms": {"above_years": _years(15)}}}}
"""A rule that excludes where homes stand longer than the run's fifteen years, and does not hold where they do not."""


@pytest.fixture(scope="module")
def of_terms(groups: Certainty) -> Certainty:
    """Return draws of the term for which homes are placed, under a rule that holds for some terms."""
    term = {"id": "term", "label": "term", "what": "land", "land_low": SHORT, "land_high": LONG}
    regime = {"id": "regime", "label": "regime", "what": "land", "land_high": REGIME | {"share": _figure(0.5)}}
    content = groups.model_dump(mode="json", exclude_defaults=True)
    return Certainty.model_validate(content | {"groups": [*content["groups"], term, regime]})


@pytest.mark.parametrize(
    ("term", "holding"),
    [(-1, {"zoning_not_housing"}), (0, {"zoning_not_housing"}), (1, {"zoning_beyond_temporary", "flood"})],
)
def test_the_term_of_a_draw_says_which_rules_hold_in_it(
    term: int, holding: set[str], opened: Opened, of_terms: Certainty
) -> None:
    """As they do in a run of that term: whatever is drawn, the law has borders at ten and fifteen years."""
    reading = reading_in(opened.lands.run, of_terms, (*(0 for _ in of_terms.groups[:-2]), term, 1))
    found = {rule.rule_id.partition("__")[0] for rule in reading.rules}
    assert {"zoning_not_housing", "zoning_beyond_temporary", "flood"} & found == holding


@pytest.mark.deep(sibling="test_the_term_of_a_draw_says_which_rules_hold_in_it")
def test_draws_of_the_term_are_what_runs_of_that_term_answer(opened: Opened, of_terms: Certainty) -> None:
    chance = np.full((3, len(of_terms.groups)), np.nan)
    chance[1:, -2], chance[1:, -1] = (0.01, 0.99), 0.99
    drawn = {name: (one, totals) for name, one, totals in answered(opened, of_terms, chance)}
    for row, years in ((1, 12.0), (2, 20.0)):
        told = Questions(opened.lands.run).answer(variant_asked(REGIME | {"term_years": _years(years)}))
        for name, (one, _) in drawn.items():
            if one is not None:
                own = told.suitability[(told.suitability["flexmilieu"] == name).to_numpy()]
                ids = own["site_id"][is_true(own["is_suitable"])]
                assert set(opened.sites[one.suits_site[row]]) == set(ids), (name, years)
    common = sum(total.figure for total in drawn["all"][1])
    assert common[2] < common[0] <= common[1], "a rule for longer terms holds in draws of a longer term alone"


def test_locations_of_other_land_bear_the_names_of_the_run(opened: Opened, of_land: Certainty) -> None:
    of_lines = of_land.model_copy(update={"groups": (of_land.groups[0], of_land.groups[-2])})
    found = how_sure(opened, certainty=of_lines, draws=Draws(draws=20, seed=3)).tables
    assert set(found["locations"]["location_id"]) == set(opened.locations)
    groups = found["groups"].set_index(["total", "flexmilieu", "land", "group"])
    key = ("common", "all", "eligible")
    assert groups.loc[(*key, "lines"), "at_low"] >= groups.loc[(*key, "lines"), "at_high"]
    alike = opened.grounds(of_lines, [(0,) * len(of_lines.groups)])[0].ground
    np.testing.assert_array_equal(alike.location, opened.ground.location)
    np.testing.assert_array_equal(alike.verdict, opened.ground.verdict)


@pytest.mark.parametrize(
    ("group", "told"),
    [
        ({"what": "land"}, "a group of land gives land_low, land_high or both"),
        ({"what": "densities", "land_high": FLOOD}, "and no other group does"),
        ({"what": "land", "land_high": {"share": _figure(0.4)}}, "says what differs"),
        ({"what": "land", "land_low": FLOOD | {"share": _figure(0.7)}, "land_high": FLOOD}, "together 1 at most"),
        ({"what": "land", "land_high": FLOOD | {"replace": {"counting.x": 1}}}, "replaces rules, pieces and time"),
    ],
)
def test_a_group_of_land_that_says_nothing_or_too_much_is_refused(group: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        DrawnGroup.model_validate({"id": "a", "label": "a"} | group)


def test_land_that_a_run_cannot_answer_is_told(opened: Opened, groups: Certainty) -> None:
    raster = {"share": _figure(0.4), "change": {"flood": {"threshold": _figure(0.3, unit="m")}}}
    content = groups.model_dump(mode="json", exclude_defaults=True)
    one = {"id": "depth", "label": "depth", "what": "land", "land_high": raster}
    certainty = Certainty.model_validate(content | {"groups": [*content["groups"], one]})
    with pytest.raises(ConfigError, match=r"certainty\.groups: depth: this cannot be answered.*rules\.flood"):
        how_sure(opened, certainty=certainty, draws=Draws(draws=20))


def _one_draw(opened: Opened, name: str, moved: Moved, d: int) -> Held:
    """Answer one flexmilieu at the figures of a draw, by the run's own answer; the rows of a Held."""
    ground = opened.ground
    level, per_ha = int(moved.level[d]), float(moved.homes_per_ha[d])
    modules = {name: np.stack([ground.modules[name][level]] * 3)}
    kernel = Kernel(ground.core_area_m2, modules, opened.measures, ground.measured)
    places = replace(opened.figures.places[name], homes_per_ha=(per_ha,) * 3)
    told = answer(kernel, Figures({name: moved.asked[d]}, {name: places}))
    truth = np.vectorize(_TRUTH.get)(told.judged[name].truth).astype(np.int8)
    room, formed = (getattr(told.homes[name], one)[None].astype(np.int32) for one in ("room", "formed"))
    return Held(pd.DataFrame(), {}, truth[None], told.judged[name].score[None], room, formed)


def test_the_same_seed_gives_the_same_answer_and_another_another(opened: Opened, groups: Certainty) -> None:
    one, same, other = (how_sure(opened, certainty=groups, draws=Draws(draws=40, seed=seed)) for seed in (3, 3, 4))
    for name in TABLES:
        pd.testing.assert_frame_equal(one.tables[name], same.tables[name])
    assert not one.tables["totals"].equals(other.tables["totals"])


def test_what_draws_say_is_within_bounds_and_moves_with_what_it_hangs_on(opened: Opened, groups: Certainty) -> None:
    found = how_sure(opened, certainty=groups, draws=Draws(draws=60, seed=1))
    totals, moves = found.tables["totals"], found.tables["groups"]
    assert (totals["p05"] <= totals["p50"]).all()
    assert (totals["p50"] <= totals["p95"]).all()
    common = moves[(moves["total"] == "common") & (moves["land"] == "eligible")].set_index("group")
    assert common["pawn"].idxmax() == "common"
    swing = common["at_high"] - common["at_low"]
    assert swing["common"] > 0
    assert (swing.drop("common") == 0).all(), "nothing else moves the common programme"
    low, expected, high = opened.common_homes_per_ha
    of_run = totals[(totals["total"] == "common") & (totals["land"] == "eligible")].iloc[0]
    assert common.loc["common", "at_low"] == pytest.approx(of_run["expected"] * low / expected)
    assert common.loc["common", "at_high"] == pytest.approx(of_run["expected"] * high / expected)
    places = found.tables["locations"]
    assert (places.loc[places["chance_suitable"] == 0.0, "n_homes_p95"] == 0).all()
    assert places.loc[places["chance_suitable"] < 0.9, "rank_p95"].isna().all()
    assert any(one.startswith("limits groen_tiny area_urbanity_class") for one in found.not_drawn)


def test_a_finished_run_is_drawn_afterwards_beside_its_results(reported: Small, tmp_path: Path) -> None:
    directory = reported.copy_to(tmp_path)
    folder = draw(directory, draws=Draws(draws=20, seed=5, sobol=16))
    assert folder == directory / FOLDER
    assert {path.stem for path in folder.glob("*.parquet")} == {*TABLES, SOBOL}
    results = open_results(directory)
    page = certainty(results, words_of(results, "nl"))
    assert page is not None
    assert page["sobol"].rows
    said = (folder / "draws.yaml").read_text(encoding="utf-8")
    assert "seed: 5" in said
    assert "not_drawn:" in said
    told = certainty_lines(directory, "en")
    assert len(told[1]) == len(read(folder / "totals.parquet"))
    assert any("Where it is unknown whether a place suits" in note for note in told[2])


def test_indices_of_total_order_follow_from_a_design_of_their_own(opened: Opened, groups: Certainty) -> None:
    """The common programme hangs on its own density alone, and on that wholly; what moves nothing has no share."""
    drawn = how_sure(opened, certainty=groups, draws=Draws(draws=40, seed=3))
    found = sobol(opened, groups, drawn.tables["groups"], n=32, seed=3)
    common = found[found["total"] == "common"].set_index(["land", "group"])["total_order"]
    assert found["group"].nunique() == MOST < len(groups.groups)
    np.testing.assert_allclose(common.loc["eligible"]["common"], 1.0, atol=0.15)
    assert (common.drop("common", level="group") == 0).all()
    spread = found[found["total"] == "spread"]
    assert (spread["total_order"] > 0).any()
    assert (spread["total_order_p05"] <= spread["total_order"]).all()
    pd.testing.assert_frame_equal(found, sobol(opened, groups, drawn.tables["groups"], n=32, seed=3))
