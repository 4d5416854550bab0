"""The synthetic municipality end to end: what is known of it by construction is what the run finds."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml

from flexsites import cli
from flexsites.config.load import configs_directory
from flexsites.config.study import resolve
from flexsites.reporting import write_report
from flexsites.reporting.summaries.all_tables import write_tables
from flexsites.runs.run import Options
from flexsites.tables.run_directory import OWN_FILES
from flexsites.worlds.stock import TYPES
from pipelines import PIPELINES
from pipelines.provincial_sweep import assess_all
from tests.conftest import PROFILE
from tests.pipelines.small_run import Content, Small
from tests.reporting_fixture import write_results

RULE_OF = {
    "plan_capacity:hard": "plans_hard", "plan_capacity:zacht": "plans_soft", "power_lines@25": "power_lines",
    "flood>1": "flood", "businesses@30": "business_distances",
}  # fmt: skip
COUNTED_M2 = 1e-8
"""What sums are counted in, of every row, in m2: half of it may be rounded."""

OWNERS = (
    "gemeente", "corporatie", "provincie", "rijk", "waterschap", "natuurorganisatie", "commercieel", "particulier",
    "onbekend",
)  # fmt: skip
"""METHOD 0: within a rank listed by the owner of the largest piece, then by homes of one place, then by location."""

PIECE_TEST = {"too_small": "piece_min_area", "too_thin": "piece_min_width", "landlocked": "piece_road_access"}
Truth = dict[str, Any]


@pytest.fixture(scope="module")
def truth(world: Path) -> Truth:
    found: Truth = json.loads((world / "truth.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def demo(reported: Small) -> Path:
    """Return the directory of the demo, cut to the proving field and its wide surroundings, with all its reports."""
    return reported.directory


@pytest.fixture(scope="module")
def tables(demo: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_parquet(path) for path in demo.glob("*.parquet")}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["flexsites", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        shown = capsys.readouterr()
        assert left.value.code in (0, None), shown.err
        return shown.out

    return run


def test_every_proof_is_as_designed(truth: Truth, tables: dict[str, pd.DataFrame]) -> None:
    """What each rule covers, what is left, in how many pieces, and the test they fail: to a hundredth of a m2."""
    sites = tables["sites"].set_index("site_id")
    reasons = tables["reasons"].set_index(["site_id", "rule_id"])
    covered = reasons.loc[reasons["effect"] != "flag", "covered_area_m2"]
    assert len(truth["proofs"]) == 19
    for name, proof in truth["proofs"].items():
        site_id = proof["site_id"]
        assert sites.loc[site_id, "parcel_area_m2"] == pytest.approx(proof["parcel_area_m2"], abs=0.01), name
        designed = {RULE_OF.get(layer, layer): area for layer, area in proof["covered_m2"].items()}
        for rule_id, area in designed.items():
            found = reasons["covered_area_m2"].get((site_id, rule_id), 0.0)
            assert found == pytest.approx(area, abs=0.01), (name, rule_id)
        mine = covered[covered.index.get_level_values("site_id") == site_id].droplevel("site_id")
        others = mine.drop([*designed, *PIECE_TEST.values()], errors="ignore")
        assert (others.abs() < 0.01).all(), (name, others)
        pieces = tables["pieces"][(tables["pieces"]["site_id"] == site_id) & tables["pieces"]["is_with_consent"]]
        assert len(pieces) == proof["n_pieces"], name
        assert pieces["piece_area_m2"].sum() == pytest.approx(proof["buildable_m2"], abs=0.01), name
        failed = proof["failed_test"]
        assert set(pieces["failed_test"].dropna()) == ({failed} if failed else set()), name
        left = 0.0 if failed else proof["buildable_m2"]
        assert sites.loc[site_id, "buildable_area_m2"] == pytest.approx(left, abs=0.01), name
        assert (sites.loc[site_id, "verdict"] == "excluded") == (left == 0.0), name


def test_the_first_rule_takes_and_each_alone_is_told(truth: Truth, tables: dict[str, pd.DataFrame]) -> None:
    site_id = truth["proofs"]["natura2000_then_nnn"]["site_id"]
    mine = tables["reasons"][tables["reasons"]["site_id"] == site_id].set_index("rule_id")
    columns = ["covered_area_m2", "attributed_area_m2", "unique_area_m2"]
    assert mine.loc["natura2000", columns].tolist() == pytest.approx([5_000, 5_000, 3_000], abs=0.01)
    assert mine.loc["nnn", columns].tolist() == pytest.approx([5_000, 3_000, 3_000], abs=0.01)


def test_soft_plans_take_only_where_a_variant_says_so(truth: Truth, demo: Path) -> None:
    site_id = truth["proofs"]["soft_plan_2030"]["site_id"]
    column = ["site_id", "buildable_area_m2"]
    base, strict = (
        pd.read_parquet(path / "sites.parquet", columns=column).set_index("site_id")["buildable_area_m2"]
        for path in (demo, demo / "variants" / "zachte_plannen")
    )
    assert (base[site_id], strict[site_id]) == pytest.approx((10_000, 0), abs=0.01)
    assert (strict <= base + 1e-6).all()


def test_restrictions_keep_the_land(truth: Truth, tables: dict[str, pd.DataFrame]) -> None:
    site = tables["sites"].set_index("site_id").loc[truth["proofs"]["near_a_business"]["site_id"]]
    # What lies farther from the business needs no consent, and is a site of its own.
    assert (site["verdict"], list(site["restrictions"])) == ("eligible", [])
    assert site["buildable_without_consent_m2"] < site["buildable_area_m2"]
    pieces = tables["pieces"][tables["pieces"]["site_id"] == site.name]
    assert pieces.loc[pieces["is_with_consent"], "restrictions"].map(list).tolist() == [["business_distances"]]


def test_an_entrance_is_borrowed_where_the_land_next_door_has_one(
    truth: Truth, tables: dict[str, pd.DataFrame]
) -> None:
    site_id = truth["proofs"]["no_street_of_its_own"]["site_id"]
    assert tables["pieces"].set_index("site_id").loc[site_id, "has_borrowed_entrance"]


def test_unknown_registered_area_stays_unknown(truth: Truth, tables: dict[str, pd.DataFrame]) -> None:
    site = tables["sites"].set_index("site_id").loc[truth["proofs"]["no_registered_area"]["site_id"]]
    assert pd.isna(site["registered_area_m2"])
    assert site["buildable_area_m2"] == pytest.approx(10_000, abs=0.01)


def test_the_designed_walk_is_the_distance_found(truth: Truth, tables: dict[str, pd.DataFrame]) -> None:
    """To the road, along it, and from it to the shop; OpenStreetMap keeps seven decimals, a centimetre each."""
    proof = truth["proofs"]["corner_to_the_road"]
    found = tables["accessibility"].set_index(["site_id", "measure"])["value"]
    walk = proof["to_road_m"] + proof["along_to_farm_shop_m"] + proof["farm_shop_to_road_m"]
    assert found[proof["site_id"], "walk_distance_daily_shop_m"] == pytest.approx(walk, abs=0.05)


def test_departures_per_stop_are_those_of_the_timetable(truth: Truth, demo: Path) -> None:
    stops = gpd.read_parquet(demo / "canonical" / "stops.parquet").set_index("stop_id")["n_departures_day"]
    designed = {stop: sum(lines.values()) for stop, lines in truth["departures_weekday"].items()}
    assert stops.to_dict() == designed


def test_areas_close_for_every_parcel(tables: dict[str, pd.DataFrame], demo: Path) -> None:
    sites = tables["sites"].set_index("site_id")
    attributed = tables["reasons"].groupby("site_id")["attributed_area_m2"].sum().reindex(sites.index, fill_value=0.0)
    gap = (sites["buildable_area_m2"] + attributed - sites["parcel_area_m2"]).abs()
    assert (gap <= np.maximum(0.01, 1e-9 * sites["parcel_area_m2"])).all()
    closes = json.loads((demo / "manifest.json").read_text(encoding="utf-8"))["closes"]
    assert closes["buildable_area_m2"] + closes["attributed_area_m2"] == pytest.approx(closes["area_in_m2"], rel=1e-9)


def test_buurten_sum_to_gemeenten_to_provincies_to_the_run(tables: dict[str, pd.DataFrame]) -> None:
    totals = tables["totals"].set_index(["population", "coverage_scope", "area_kind", "area_code"])
    counted = ["n_sites", "parcel_area_m2", "buildable_area_m2", "n_common_low", "n_common_expected", "n_common_high"]
    counted += ["n_clusters", "n_spread_low", "n_spread_expected", "n_spread_high"]
    sums = totals[counted].astype("float64").groupby(level=["area_kind", "population", "coverage_scope"]).sum()
    kinds = {kind: sums.loc[kind] for kind in ("run", "provincie", "gemeente")}
    for kind in ("provincie", "gemeente"):
        pd.testing.assert_frame_equal(kinds[kind], kinds["run"], rtol=1e-12)
    available = tables["sites"][tables["sites"]["verdict"].isin(["eligible", "conditional"])]
    by_buurt = available.groupby(["gemeente_code", "buurt_code"])[["parcel_area_m2", "buildable_area_m2"]].sum()
    assert set(available["gemeente_code"]) == {"GM9901", "GM9902"}
    assert available["buurt_code"].notna().all()
    for code, summed in by_buurt.groupby(level="gemeente_code").sum().iterrows():
        told = totals.loc[("available", "all", "gemeente", code), ["parcel_area_m2", "buildable_area_m2"]]
        assert summed.tolist() == pytest.approx(told.tolist(), abs=COUNTED_M2 * len(available))


def test_reports_open_without_internet(demo: Path) -> None:
    for name in ("report.html", "factsheets.html"):
        text = (demo / name).read_text(encoding="utf-8")
        loads = re.findall(
            r"""(?:\bsrc|<link[^>]*\bhref|@import|\burl\()\s*[=(]?\s*["']?((?:https?:)?//[^"')\s>]+)""", text
        )
        assert not loads, (name, loads[:3])
        assert "Flexdam" in text
    for name in ("workbook.xlsx", "sites.gpkg", "run.yaml"):
        assert (demo / name).stat().st_size > 0


def test_explain_tells_the_story_of_a_site(command: Callable[..., str], demo: Path, truth: Truth) -> None:
    site_id = truth["proofs"]["wholly_natura2000"]["site_id"]
    told = command("explain", site_id, "--run", demo, "--lang", "en")
    for part in (site_id, "excluded", "10,000"):
        assert part in told


def test_shortlist_is_of_suitable_sites_in_order(command: Callable[..., str], reported: Small, tmp_path: Path) -> None:
    demo = reported.copy_to(tmp_path)
    told = command("shortlist", "--run", demo, "-n", 1, "--flexmilieu", "groen_tiny", "--min-units", 3)
    served = pd.read_parquet(demo / "location_suitability.parquet")
    mine = served[(served["flexmilieu"] == "groen_tiny") & (served["n_per_cluster_expected"] >= 3)]
    verdict = pd.read_parquet(demo / "locations.parquet").set_index("location_id")["verdict"]
    mine = mine[mine["location_id"].map(verdict).isin(["eligible", "conditional"])]
    owner = pd.read_parquet(demo / "locations.parquet").set_index("location_id")["owner_class_largest"]
    of_owner = mine["location_id"].map(owner).fillna("onbekend").map(OWNERS.index)
    order = {
        "rank": mine["rank"],
        "owner": of_owner,
        "homes": -mine["n_per_cluster_expected"],
        "id": mine["location_id"],
    }
    best = mine.loc[pd.DataFrame(order).sort_values(list(order)).index[0]]
    assert bool(best["is_suitable"])
    assert best["site_id"] in told
    assert len(re.findall(r"99\d{12}", told)) == 1


def test_a_shortlist_leaves_what_the_run_wrote_as_it_is(
    command: Callable[..., str], reported: Small, tmp_path: Path
) -> None:
    """It has a folder of its own by what was asked, whose factsheets draw its own homes."""
    demo = reported.copy_to(tmp_path)
    files = {path for path in demo.rglob("*") if path.is_file()} - {demo / OWN_FILES}
    before, listed = {path: path.read_bytes() for path in files}, (demo / OWN_FILES).read_bytes()
    told = command("shortlist", "--run", demo, "-n", 1, "--flexmilieu", "groen_tiny", "--min-years", 5)
    assert (demo / OWN_FILES).read_bytes().startswith(listed), "what the run wrote stays listed as its own"
    folder = demo / "shortlists" / "groen_tiny-best_1-from_5_years"
    assert {path: path.read_bytes() for path in before} == before
    assert str(folder / "factsheets.html") in told
    assert str(folder / "layouts.parquet") in told
    drawn = gpd.read_parquet(folder / "layouts.parquet")
    assert set(drawn["flexmilieu"]) == {"groen_tiny"}
    assert len(set(drawn["site_id"])) == 1
    sheets = (folder / "factsheets.html").read_text(encoding="utf-8")
    assert drawn["site_id"].iloc[0] in sheets
    assert "geplaatste modules voor Groen tiny" in sheets


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_report_that_is_named_is_the_one_that_is_written(
    lang: str, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = write_results(tmp_path / "run", with_roofs=False)

    def run(_: object, options: Options) -> Path:
        write_report(place, options.lang)
        return place

    monkeypatch.setitem(PIPELINES, "municipal_shortlist", run)
    told = command("run", "demo", "--lang", lang)
    word = {"nl": "Rapport:", "en": "Report:"}[lang]
    assert Path(told.partition(word)[2].strip()).is_file(), told


def test_sources_and_runs_are_listed(command: Callable[..., str]) -> None:
    told = command("sources")
    for part in ("natura2000", "bag_panden", "demo", "demo_roofs", "demo_complexes", "demo_province"):
        assert part in told


@pytest.mark.parametrize(
    "name",
    [
        "demo_complexes",
        *(pytest.param(name, marks=pytest.mark.deep) for name in ("demo", "demo_roofs", "demo_province")),
    ],
)
def test_the_runs_that_travel_along_can_be_run(
    name: str, command: Callable[..., str], world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the place of these tests: to invent the demo's own takes longer than the check, and that is run before."""

    def lend(folder: Path, **_: Any) -> None:
        shutil.copytree(world, folder, dirs_exist_ok=True)

    if PROFILE == "ci":
        monkeypatch.setattr("flexsites.worlds.municipality.write_municipality", lend)
    assert "can be run: no fault" in command("check", name)


# -- roofs ------------------------------------------------------------------------------------------------------


def _roof_run(folder: Path, world: Path, change: Callable[[Content], None] | None = None) -> Path:
    """Run the demo of roofs to its end; with a change, for its tables alone: of what is written of them one tells."""
    text = (configs_directory() / "runs" / "demo_roofs.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text.replace("world://", f"{world}/"))
    del content["world"]
    if change is not None:
        change(content)
    path = folder / "roofs.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    study = resolve(str(path))
    options = Options(folder / "outputs", scheduler="synchronous", quiet=True)
    if change is None:
        return PIPELINES[study.run.pipeline](study, options)
    directory = assess_all(study, options)
    write_tables(directory)
    return directory


def test_a_portfolio_in_a_workbook_out(world: Path, truth: Truth, tmp_path: Path) -> None:
    directory = _roof_run(tmp_path, world)
    unmatched = pd.read_parquet(directory / "canonical" / "portfolio_unmatched.parquet")
    portfolio = pd.read_csv(world / "portfolio.csv", dtype=str)
    assert len(unmatched) == sum(truth["portfolio_unmatched"].values()) == 4
    assert unmatched["unmatched_reason"].nunique() == len(truth["portfolio_unmatched"])
    roofs = pd.read_parquet(directory / "roofs.parquet")
    assert len(roofs) == truth["n_flats"] == len(portfolio) - len(unmatched)
    assert set(roofs["owner_complex_code"]) == set(portfolio["complex"]) - {"C900", "C901", "C902"}
    assert set(roofs["owner_class"]) == {"corporatie"}, "joined from the ground below"
    assert roofs["transit_class"].notna().all(), "joined from the stops around"
    assert list(directory.glob("*.xlsx"))


def test_designed_flats_get_the_storeys_of_their_year(world: Path, truth: Truth, tmp_path: Path) -> None:
    """By Stec's rule: one storey from 1965, two from 1992; none on a slope, a small roof or an older block."""

    def stock(content: Content) -> None:
        for name in ("portfolio", "areas", "parcels", "ownership", "streets", "stops"):
            del content["sources"][name]
        rows = content["sources"]["buildings"]
        del rows["known"]
        for name, file in (
            ("bag_panden", "bag_panden"),
            ("verblijfsobjecten", "bag_verblijfsobjecten"),
            ("roofs_3d", "3dbag"),
        ):
            rows[name]["path"] = str(world / "stock" / f"{file}.gpkg")

    directory = _roof_run(tmp_path, world, stock)
    designed = pd.read_csv(world / "stock" / "composition.csv", dtype={"identificatie": str}).set_index("identificatie")
    roofs = pd.read_parquet(directory / "roofs.parquet")
    assert len(roofs) == truth["stock"]["n_blocks"] == len(TYPES) * 3
    assert roofs["n_dwellings"].sum() == truth["stock"]["n_dwellings"]
    units = pd.read_parquet(directory / "roof_units.parquet")
    units = units[(units["age_rule"] == "stec_2023") & (units["roof_variant"] == "permanent_cost")]
    units = units.assign(block_type=units["bag_pand_id"].map(designed["block_type"]))
    storeys = {1: {"plain_1970", "on_the_year_1965", "raised_1970", "five_storeys_1971", "lift_unknown_1974",
                   "gallery_ten_storeys_1968", "flat_share_at_limit_1976"},
               2: {"on_the_year_1992", "new_2005"}}  # fmt: skip
    none = {"before_the_year_1964", "post_war_1955", "flat_share_below_1976", "sloped_1978", "small_roof_1979"}
    fits = units[units["n_units_expected"] > 0].groupby("block_type")["n_storeys_added_expected"].agg(["min", "max"])
    for n_storeys, names in storeys.items():
        for name in names:
            assert fits.loc[name].tolist() == [n_storeys, n_storeys], name
    assert not none & set(fits.index)
    unknown = units[units["verdict"] == "unknown"]
    assert set(unknown["block_type"]) == {"no_height_1972", "no_year"}


def test_homes_on_all_roofs_of_the_place_have_daylight_and_shops_are_counted_apart(world: Path, tmp_path: Path) -> None:
    """Of 5a840e0: 785 of 1,049 homes on shops, 462 of them on roofs over 27.5 m deep, and 4 storeys by the load rule.

    The ring within 7.5 m of the new facade is measured here once more, on the footprints, which stand alone.
    """

    def everything(content: Content) -> None:
        for name in ("portfolio", "streets", "stops"):
            del content["sources"][name]

    directory = _roof_run(tmp_path, world, everything)
    roofs = gpd.read_parquet(directory / "roofs.parquet")
    good = roofs[roofs["verdict"].isin(["eligible", "conditional"])]
    usable = good.geometry.buffer(-1.0, join_style="mitre")
    ring = (usable.area - usable.buffer(-7.5, join_style="mitre").area) * 0.95
    assert (good["daylit_roof_area_m2"] <= ring + 0.01).all()
    n_storeys = np.where(good["year_built"] >= 1992, 2, 1)
    assert (good["n_units_expected"] <= np.floor(n_storeys * ring * 0.78 / 50 + 1e-6)).all()
    deep = good[usable.buffer(-7.5).area > 0]
    assert len(deep) > 20
    assert (deep["n_units_expected"] < n_storeys[good.index.isin(deep.index)] * deep["usable_roof_area_m2"] / 50).all()
    units = pd.read_parquet(directory / "roof_units.parquet")
    assert units["n_storeys_added_high"].max() == 2
    groups = pd.read_parquet(directory / "roof_groups.parquet")
    whole = groups[(groups["group_kind"] == "run") & groups["verdict"].isin(["eligible", "conditional"])]
    homes = whole.groupby("block_type")["n_units_expected"].sum()
    assert set(homes.index) == {"dwellings", "shops"}
    assert homes.sum() == good["n_units_expected"].sum()
    of_shops = good["functions"].map(lambda names: names is not None and "winkelfunctie" in names)
    assert homes["shops"] == good["n_units_expected"][of_shops].sum()
    for kind in ("gemeente", "owner_class", "roof_quality"):
        assert groups["n_buildings"][groups["group_kind"] == kind].sum() == len(roofs), kind


def test_every_total_is_counted_again_from_the_rows(tables: dict[str, pd.DataFrame]) -> None:
    """Sites, locations, areas and homes of every area and population, counted once more without the package."""
    sites, suitability, found = tables["sites"], tables["suitability"], tables["totals"]
    pieces = tables["pieces"][tables["pieces"]["is_valid"].astype(bool)]
    places = pieces[["piece_id", "site_id"]].merge(tables["piece_locations"], on="piece_id")
    is_available = sites["verdict"].isin(["eligible", "conditional"])
    suits = suitability[suitability["is_suitable"].fillna(value=False).astype(bool)]
    populations = {
        "available": is_available,
        "suitable": is_available & sites["is_suitable"].fillna(value=False).astype(bool),
    }
    for flexmilieu, rows in suits.groupby("flexmilieu"):
        populations[flexmilieu] = is_available & sites["site_id"].isin(rows["site_id"])
    clusters = tables["clusters"][tables["clusters"]["consent"] == "without"]
    told = found[(found["coverage_scope"] == "all") & found["population"].isin(list(populations))]
    assert {"run", "gemeente", "provincie"} <= set(told["area_kind"])
    for row in told.itertuples():
        area = sites if row.area_kind == "run" else sites[sites[f"{row.area_kind}_code"] == row.area_code]
        mine = area[populations[row.population].loc[area.index].fillna(value=False).astype(bool)]
        counted = [len(mine), places.loc[places["site_id"].isin(mine["site_id"]), "location_id"].nunique()]
        assert [row.n_sites, row.n_locations] == counted, row
        assert row.buildable_area_m2 == pytest.approx(mine["buildable_area_m2"].sum())
        for one in ("low", "expected", "high"):
            if row.population in ("available", "suitable"):
                assert getattr(row, f"n_common_{one}") == pytest.approx(mine[f"n_common_{one}"].sum())
                continue
            here = clusters[(clusters["flexmilieu"] == row.population) & clusters["site_id"].isin(area["site_id"])]
            assert getattr(row, f"n_spread_{one}") == here[f"n_spread_{one}"].sum()


def test_what_the_rules_take_and_the_ledger_add_up(tables: dict[str, pd.DataFrame]) -> None:
    sites, reasons, drop = tables["sites"], tables["reasons"], tables["drop"].set_index("rule_id")
    taken = reasons.groupby("site_id")["attributed_area_m2"].sum().reindex(sites["site_id"]).fillna(0.0).to_numpy()
    assert np.abs(sites["parcel_area_m2"] - sites["buildable_area_m2"] - taken).max() < 1e-6
    for rule_id, rows in reasons.groupby("rule_id"):
        if pd.notna(drop.loc[rule_id, "attributed_area_m2"]):
            taken_m2 = rows["attributed_area_m2"].sum()
            assert drop.loc[rule_id, "attributed_area_m2"] == pytest.approx(taken_m2, abs=COUNTED_M2 * len(rows))
    assert drop["n_sites_lost_first"].sum() == (sites["verdict"] == "excluded").sum()


def test_demand_is_matched_and_no_land_counts_twice(tables: dict[str, pd.DataFrame]) -> None:
    told, given = tables["demand"], tables["demand_sites"]
    assert len(told) == 9
    amounts = told[["n_homes_met", "n_homes_possible", "n_homes_unmet"]].sum(axis=1)
    assert (amounts[told["n_homes_met"].notna()] == told.loc[told["n_homes_met"].notna(), "n_homes_asked"]).all()
    assert given["n_homes_given"].sum() == told["n_homes_met"].sum() > 0
    by_place = given.groupby("place_id")
    serving = given[["place_id", "flexmilieu"]].drop_duplicates()
    assert len(serving) == by_place.ngroups, "a place serves one flexmilieu"
    assert (by_place["n_homes_given"].sum() <= by_place["n_homes_place"].first()).all()
    places = given.drop_duplicates("place_id")
    taken = places["place_pieces"].explode()
    assert taken.is_unique, "a piece of land is taken once"
    room = tables["units"].set_index(["piece_id", "flexmilieu"])["n_room_expected"]
    for row in places.itertuples():
        assert row.n_homes_place <= sum(room[(piece, row.flexmilieu)] for piece in row.place_pieces)
    sites = tables["sites"].set_index("site_id").loc[given["site_id"]]
    assert sites["verdict"].isin(["eligible", "conditional"]).all()
    assert (sites["gemeente_code"].to_numpy() == given["gemeente_code"].to_numpy()).all()
    judged = tables["suitability"].set_index(["site_id", "flexmilieu"])["is_suitable"]
    assert all(judged[(row.site_id, row.flexmilieu)] for row in given.itertuples())
    assert told["is_most"].all()
