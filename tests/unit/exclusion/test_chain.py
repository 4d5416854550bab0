"""From faces to verdicts on places that one can check in the head."""

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.config.rule_sets import RuleVariant, vary
from flexsites.errors import ConfigError
from flexsites.exclusion.attribution import attribute, names_of, tell_coverage
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.kernels.spoken import Spoken
from flexsites.exclusion.locations import group_locations, link_cores, link_pieces
from flexsites.exclusion.near_misses import near_misses
from flexsites.exclusion.overlay import overlay
from flexsites.exclusion.pieces import leave_pieces
from flexsites.exclusion.verdict import decide
from flexsites.tables import Parcels, empty
from flexsites.worlds.plain import plain_pieces
from tests.unit.exclusion.plots import (
    LANE_M,
    LOCATIONS,
    TESTS,
    TIME,
    X,
    Y,
    at,
    covered,
    figure,
    layers,
    leave,
    parcels,
    rule,
    said,
    streets,
)

PLOT = at(0, 0, 100, 100)
STREET = shapely.LineString([(X - 100, Y - 5), (X + 500, Y - 5)])


def chain(rules, rows, *, plots=(PLOT,), roads=(STREET,), known=None, labelled=None, coverage="covered", tests=TESTS):
    """The whole chain; ``labelled``: the rules the faces were labelled with, when a variant asks for others."""
    site, map_rows, ways = parcels(*plots), layers(*rows), streets(*roads)
    names = ["streets", *{key for one in rules for key in one.layer_keys}] if known is None else known
    faces = overlay(site, map_rows, rules=labelled or rules, time=TIME)
    cover = cover_rules(site, covered(*names, coverage=coverage), map_rows, rules=labelled or rules, tests=tests)
    pieces = leave(site, faces, ways, map_rows, cover, rules=rules, tests=tests)
    reasons = attribute(site, faces, pieces, spoken=cover, rules=rules)
    exclusions = decide(site, pieces, spoken=cover, rules=rules)
    left = (
        exclusions["buildable_area_m2"]
        + reasons.groupby("site_id")["attributed_area_m2"]
        .sum()
        .reindex(exclusions["site_id"], fill_value=0.0)
        .to_numpy()
    )
    np.testing.assert_allclose(left, site["parcel_area_m2"], rtol=1e-9, atol=0.01)
    return {"site": site, "faces": faces, "pieces": pieces, "reasons": reasons, "sites": exclusions,
            "layers": map_rows, "streets": ways, "cover": cover}  # fmt: skip


def areas(result, rule_id):
    row = result["reasons"].set_index("rule_id").loc[rule_id]
    return tuple(round(row[f"{name}_area_m2"], 3) for name in ("covered", "attributed", "unique"))


def test_the_ledger_depends_on_what_is_said_of_each_parcel_and_not_on_how_it_is_numbered():
    one = rule(rule_id="one", layer="n", where={"kind": ["a"]})
    plots = (PLOT, at(200, 0, 300, 100))
    done = chain((one,), [("n", at(0, 0, 60, 100), {"kind": "a"})], plots=plots, known=["streets"])
    cover = done["cover"]
    turned = Spoken(cover.rule_ids, len(cover.codes) - 1 - cover.combination, cover.codes[::-1], cover.share[::-1])
    again = attribute(done["site"], done["faces"], done["pieces"], spoken=turned, rules=(one,))
    pd.testing.assert_frame_equal(again, done["reasons"])
    verdicts = [decide(done["site"], done["pieces"], spoken=one_of, rules=(one,)) for one_of in (cover, turned)]
    pd.testing.assert_frame_equal(*verdicts)


def test_coverage_is_told_once_for_parcels_that_are_alike_in_it():
    rules = (rule(rule_id="known"), rule(rule_id="half"), rule(rule_id="silent"))
    plots = tuple(at(200 * i, 0, 200 * i + 100, 100) for i in range(4))
    known = pd.concat([covered("known", "streets"), covered("half", shape=at(-900, -900, 250, 900))], ignore_index=True)
    site = parcels(*plots)
    spoken = cover_rules(site, known, layers(), rules=rules, tests=TESTS)
    rows = tell_coverage(spoken, rules=rules)
    names = np.array(spoken.among(names_of(rules)).ids())[spoken.among(names_of(rules)).combination]
    assert names[2] == names[3]
    assert len(set(names)) == 3
    of_combination = rows.set_index("rule_id").groupby("rule_coverage_id")["coverage"].agg(dict)
    assert [of_combination[name] for name in names[:3]] == [
        {"silent": "not"},
        {"half": "partly", "silent": "not"},
        {"half": "not", "silent": "not"},
    ]
    alone = cover_rules(site.iloc[[3]].reset_index(drop=True), known, layers(), rules=rules, tests=TESTS)
    assert alone.among(names_of(rules)).ids() == [names[3]], "an id depends on what it says, not on the other parcels"


def test_ledger_in_rule_order():
    left, right = rule(rule_id="left"), rule(rule_id="right")
    rows = [("left", at(0, 0, 60, 100)), ("right", at(40, 0, 80, 100))]
    result = chain((left, right), rows)
    assert areas(result, "left") == (6000, 6000, 4000)
    assert areas(result, "right") == (4000, 2000, 2000)
    swapped = chain((right, left), rows)
    assert areas(swapped, "left") == (6000, 4000, 4000)
    assert areas(swapped, "right") == (4000, 4000, 2000)
    assert result["sites"]["buildable_area_m2"].tolist() == swapped["sites"]["buildable_area_m2"].tolist() == [2000.0]


def test_restrict_and_flag_take_no_area():
    rules = (rule(rule_id="consent", effect="restrict"), rule(rule_id="note", effect="flag"))
    result = chain(rules, [("consent", at(0, 0, 50, 100)), ("note", at(0, 0, 100, 50))])
    assert areas(result, "consent") == (5000, 0, 0)
    assert areas(result, "note") == (5000, 0, 0)
    one = result["sites"].iloc[0]
    assert (one["buildable_area_m2"], one["buildable_without_consent_m2"]) == (10000, 5000)
    # The half that needs no consent is a site of its own; the flag lies on it too.
    assert (one["verdict"], one["restrictions"], one["flags"]) == ("eligible", (), ("note",))
    whole = chain(rules, [("consent", PLOT), ("note", at(0, 0, 100, 50))])["sites"].iloc[0]
    assert (whole["verdict"], whole["restrictions"], whole["flags"]) == ("conditional", ("consent",), ("note",))


def test_an_include_lifts_what_it_names_before_attribution():
    hard, other = rule(rule_id="hard"), rule(rule_id="other")
    own = rule(rule_id="own", effect="include", overrides=["hard"])
    rows = [("hard", PLOT), ("own", at(0, 0, 50, 100)), ("other", at(0, 0, 10, 100))]
    result = chain((own, hard, other), rows)
    assert areas(result, "hard") == (5000, 5000, 5000)
    assert areas(result, "other") == (1000, 1000, 1000)
    assert areas(result, "own") == (5000, 0, 0)
    assert result["sites"]["buildable_area_m2"].tolist() == [4000.0]


def test_pieces_and_their_tests():
    rows = [("rule", at(40, 0, 45, 100)), ("rule", at(55, 0, 60, 100)), ("rule", at(60, 20, 100, 100))]
    result = chain((rule(),), rows)
    pieces = result["pieces"].set_index("piece_id")
    assert pieces["piece_area_m2"].to_dict() == {"s0#1": 4000.0, "s0#2": 1000.0, "s0#3": 800.0}
    assert pieces["core_area_m2"].to_dict() == {"s0#1": 4000.0, "s0#2": 0.0, "s0#3": 0.0}
    assert pieces["failed_test"].fillna("").to_dict() == {"s0#1": "", "s0#2": "too_thin", "s0#3": "too_small"}
    # A way in is sought only for what is large and wide enough.
    assert pieces["road_distance_m"].fillna(-1.0).to_dict() == {"s0#1": 5.0, "s0#2": -1.0, "s0#3": -1.0}
    assert areas(result, "piece_min_area") == (800, 800, 800)
    assert areas(result, "piece_min_width") == (1000, 1000, 1000)
    assert result["sites"]["n_pieces"].tolist() == [1]


def test_access_point_is_the_boundary_point_nearest_a_street():
    piece = chain((rule(),), [], roads=[shapely.LineString([(X + 110, Y + 30), (X + 200, Y + 30)])])["pieces"].iloc[0]
    assert (piece["access_x_m"] - X, piece["access_y_m"] - Y, piece["road_distance_m"]) == (100, 30, 10)
    assert piece["farthest_interior_m"] == pytest.approx(np.hypot(100, 70))


def test_a_street_wholly_inside_is_access():
    piece = chain((rule(),), [], roads=[shapely.LineString([(X + 40, Y + 45), (X + 60, Y + 45)])])["pieces"].iloc[0]
    assert piece["road_distance_m"] == 0.0
    assert 40.0 <= piece["access_x_m"] - X <= 60.0


@pytest.mark.parametrize(
    ("roads", "known", "failed", "verdict"),
    [
        ([STREET], ["streets"], None, "eligible"),
        ([shapely.LineString([(X + 151, Y), (X + 151, Y + 100)])], ["streets"], "landlocked", "excluded"),
        ([], ["streets"], "landlocked", "excluded"),
        ([], [], None, "unknown"),  # where streets are not known nothing is landlocked
        ([STREET], [], None, "eligible"),  # a way in that is seen is one, whatever else is not
    ],
)
def test_road_access(roads, known, failed, verdict):
    result = chain((rule(),), [], roads=roads, known=["rule", *known])
    assert result["pieces"]["failed_test"].fillna("").tolist() == [failed or ""]
    assert result["sites"]["verdict"].tolist() == [verdict]


def test_a_motorway_gives_no_access():
    site, rows = parcels(PLOT), layers()
    cover = cover_rules(site, covered("streets", "rule"), rows, rules=(rule(),), tests=TESTS)
    faces = overlay(site, rows, rules=(rule(),), time=TIME)
    motorway = leave(site, faces, streets(STREET, road_class="motorway"), rows, cover, rules=(rule(),))
    # All that is near is a motorway: that is enclosed, not merely without a street.
    assert motorway["failed_test"].tolist() == ["enclosed"]
    on_foot = leave(site, faces, streets(STREET, is_car=False), rows, cover, rules=(rule(),))
    assert on_foot["is_valid"].tolist() == [True]


@pytest.mark.parametrize(
    ("taken", "known", "consent", "verdict"),
    [
        (1.0, True, None, "excluded"),
        (1.0, False, None, "excluded"),  # known rules leave nothing, whatever the unknown one says
        (0.5, False, None, "unknown"),
        (0.5, False, at(0, 0, 100, 100), "unknown"),
        (0.5, True, at(0, 0, 100, 100), "conditional"),
        (0.5, True, at(0, 0, 10, 100), "eligible"),  # only on land that is gone
        (0.5, True, None, "eligible"),
    ],
)
def test_verdict(taken, known, consent, verdict):
    rules = (rule(rule_id="a"), rule(rule_id="b", required=True), rule(rule_id="c", effect="restrict"))
    rows = [("a", at(0, 0, 100 * taken, 100))] + ([("c", consent)] if consent is not None else [])
    result = chain(rules, rows, known=["a", "c", "streets", *(["b"] if known else [])])
    assert result["sites"]["verdict"].tolist() == [verdict]


def test_conditional_only_if_every_valid_piece_needs_consent():
    rules = (rule(rule_id="a"), rule(rule_id="c", effect="restrict"))
    rows = [("a", at(45, 0, 55, 100)), ("c", at(60, 0, 100, 100))]
    result = chain(rules, rows)
    first = result["pieces"][result["pieces"]["is_with_consent"].to_numpy(dtype=bool)]
    assert first["restrictions"].tolist() == [(), ("c",)]
    assert result["sites"]["verdict"].tolist() == ["eligible"]
    # What counts is what needs no consent, and that touches no restriction.
    assert result["sites"]["restrictions"].tolist() == [()]


@pytest.mark.parametrize(("is_valid", "verdict", "free"), [(False, "excluded", 0.0), (True, "eligible", 3000.0)])
def test_what_is_no_site_with_consent_has_nothing_without(is_valid, verdict, free):
    """Of land that lies enclosed by roads a part need not: the smaller piece of the second reading may pass alone."""
    both = plain_pieces(at(0, 0, 100, 50), at(0, 0, 100, 30)).assign(site_id="s0", is_valid=[is_valid, True])
    both = both.assign(is_with_consent=[True, False], is_without_consent=[False, True])
    told = decide(parcels(PLOT), both, spoken=Spoken.of([], np.zeros((1, 0), np.int8), np.zeros((1, 0))), rules=())
    assert told["verdict"].tolist() == [verdict]
    assert told["buildable_without_consent_m2"].tolist() == [free]
    assert told["buildable_area_m2"].tolist() == [5000.0 if is_valid else 0.0]


def test_a_sliver_of_a_restriction_does_not_mark():
    result = chain((rule(rule_id="c", effect="restrict"),), [("c", at(0, 0, 0.005, 100))])
    assert result["sites"]["verdict"].tolist() == ["eligible"]
    assert areas(result, "c") == (0.5, 0, 0)


def test_a_sliver_that_lies_wholly_in_what_marks_is_marked_however_the_land_lies():
    """Slivers of half a square metre: less than marks a piece, and all of it. Rounding is no part of it."""
    rules = (rule(rule_id="a"), rule(rule_id="b", effect="flag"), rule(rule_id="c", effect="flag"))
    gone, half = at(-5, 0.005, 105, 99.996), at(0, 0, 53.7, 200)
    for turned in np.linspace(0.1, 1.5, 15):
        plot, taken, some, over = shapely.affinity.rotate(
            shapely.GeometryCollection([PLOT, gone, half, at(-9, -9, 200, 200)]),
            turned,
            origin=(X, Y),
            use_radians=True,
        ).geoms
        pieces = chain(rules, [("a", taken), ("b", some), ("c", over)], plots=(plot,))["pieces"]
        small = pieces[pieces["piece_area_m2"] < 1.0]
        assert len(small) == 2
        assert ["c" in flags for flags in small["flags"]] == [True, True]


PLANS = rule("planned_capacity", rule_id="plans", layer="plans", plan_hardness=["hard"])


@pytest.mark.parametrize(
    ("start", "known", "years", "coverage"),
    [
        (None, ["plans"], 15.0, "covered"),  # no plan and covered: the term
        (None, [], None, "not"),  # not covered: unknown, not the term
        (2033, ["plans"], 12.0, "covered"),  # 13 years less one of preparation
        (2050, ["plans"], 15.0, "covered"),
        (2033, [], None, "not"),  # another plan may begin earlier
    ],
)
def test_available_years(start, known, years, coverage):
    dates = {"plan_hardness": "hard", "plan_start_year": start, "plan_completion_year": None}
    rows = [("plans", PLOT, dates)] if start else []
    one = chain((PLANS,), rows, known=["streets", *known])["sites"].iloc[0]
    assert one["plan_coverage"] == coverage
    found = [one[f"available_years_{name}"] for name in ("low", "expected", "high")]
    assert [None if pd.isna(value) else value for value in found] == [years] * 3


def test_a_plan_of_unknown_start_leaves_the_years_unknown_whatever_another_says():
    plans = rule("planned_capacity", rule_id="plans", layer="plans", plan_hardness=["hard"], unknown_start="stays")
    later = {"plan_hardness": "hard", "plan_start_year": 2040, "plan_completion_year": None}
    rows = [("plans", PLOT, later), ("plans", PLOT, later | {"plan_start_year": None})]
    assert chain((plans,), rows[:1])["sites"]["available_years_low"].tolist() == [15.0]
    assert chain((plans,), rows)["sites"]["available_years_high"].isna().tolist() == [True]


def test_a_plan_of_unknown_hardness_leaves_plan_capacity_partly_known():
    dates = {"plan_hardness": None, "plan_start_year": 2025, "plan_completion_year": None}
    known = {"plan_hardness": "zacht", "plan_start_year": 2025, "plan_completion_year": None}
    one = chain((PLANS,), [("plans", PLOT, dates), ("plans", at(900, 0, 901, 1), known)])["sites"].iloc[0]
    assert (one["verdict"], one["plan_coverage"]) == ("eligible", "partly")
    assert pd.isna(one["available_years_high"])


def test_a_plan_within_the_horizon_excludes():
    dates = {"plan_hardness": "hard", "plan_start_year": 2025, "plan_completion_year": None}
    one = chain((PLANS,), [("plans", PLOT, dates)])["sites"].iloc[0]
    assert one["verdict"] == "excluded"
    assert pd.isna(one["available_years_high"])


def test_coverage_of_plans_and_provinces():
    rules = (rule(rule_id="p", scope="provincial"), rule(rule_id="q", scope="provincial"), PLANS)
    some = chain(rules, [], known=["p", "plans", "streets"])["sites"].iloc[0]
    assert (some["provincial_coverage"], some["plan_coverage"]) == ("partly", "covered")
    none = chain(rules, [], known=["streets"])["sites"].iloc[0]
    assert (none["provincial_coverage"], none["plan_coverage"]) == ("not", "not")
    both = chain(rules, [], known=["p", "q", "plans", "streets"], coverage="partly")["sites"].iloc[0]
    assert (both["provincial_coverage"], both["plan_coverage"]) == ("partly", "partly")


@pytest.mark.parametrize(
    ("shape", "given", "coverage", "share"),
    [
        (PLOT, "covered", "covered", 1.0),
        (at(0, 0, 25, 100), "covered", "partly", 0.25),
        (at(500, 0, 600, 100), "covered", "not", 0.0),
        (PLOT, "partly", "partly", 1.0),
    ],
)
def test_coverage_of_one_rule(shape, given, coverage, share):
    known = covered("rule", shape=shape, coverage=given)
    rows = cover_rules(parcels(PLOT), known, layers(), rules=(rule(),), tests=TESTS)
    row = said(rows).loc["rule"]
    assert (row["coverage"], row["covered_share"]) == (coverage, share)


NEAR = rule("within_distance", effect="restrict", rule_id="near", layer="n", distance_m=figure(50).model_dump())


@pytest.mark.parametrize(
    ("shape", "coverage"),
    [(at(-51, -51, 151, 151), "covered"), (at(-40, -51, 151, 151), "partly"), (at(0, 0, 100, 100), "partly")],
)
def test_a_rule_is_covered_as_far_as_it_looks(shape, coverage):
    """What lies across the edge of a source is unknown, and it may bear on the parcel."""
    rows = cover_rules(parcels(PLOT), covered("n", shape=shape), layers(), rules=(NEAR,), tests=TESTS)
    row = said(rows).loc["near"]
    assert (row["coverage"], row["covered_share"]) == (coverage, 1.0)


def test_pieces_of_coverage_that_meet_are_one():
    halves = pd.concat(
        [covered("n", shape=at(-5000, -5000, 50, 9000)), covered("n", shape=at(50, -5000, 9000, 9000))],
        ignore_index=True,
    ).assign(coverage_id=["a", "b"])
    rows = cover_rules(parcels(PLOT), halves, layers(), rules=(NEAR,), tests=TESTS)
    assert said(rows).loc["near", "coverage"] == "covered"


def test_layers_of_the_same_land_are_each_known_as_far_as_their_own_rule_looks():
    """The land they share is cut once; what each rule asks of it differs."""
    far = rule("within_distance", effect="restrict", rule_id="far", layer="m", distance_m=figure(80).model_dump())
    land = at(-60, -60, 160, 160)
    known = pd.concat([covered("n", shape=land), covered("m", shape=land)], ignore_index=True)
    rows = cover_rules(parcels(PLOT), known, layers(), rules=(NEAR, far), tests=TESTS)
    rows = said(rows)
    assert rows.loc[["near", "far"], "coverage"].tolist() == ["covered", "partly"]
    assert rows.loc[["near", "far"], "covered_share"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("one", "attributes", "coverage"),
    [
        (rule(layer="n", where={"kind": ["a"]}), {"kind": None, "zone": "1"}, "partly"),
        (rule(layer="n", where={"kind": ["a"], "zone": ["2"]}), {"kind": None, "zone": "1"}, "covered"),  # ruled out
        (rule(layer="n", where={"kind": ["a"]}), {"kind": "b", "zone": None}, "covered"),
        (rule("land_use", layer="n", candidates=["arable"]), {"land_use": None}, "partly"),
        (
            rule("within_distance", effect="restrict", layer="n",
                 by_class={"attribute": "category", "values": {"2": figure(30).model_dump()}}),
            {"category": None}, "partly",
        ),
        (
            rule("within_distance", effect="restrict", layer="n",
                 by_class={"attribute": "category", "values": {"2": figure(30).model_dump()},
                           "other": figure(5).model_dump()}),
            {"category": None}, "covered",
        ),
    ],
)  # fmt: skip
def test_a_feature_that_may_be_meant_leaves_the_rule_partly_known(one, attributes, coverage):
    far = dict.fromkeys(attributes, "x")
    rows = layers(("n", at(10, 10, 20, 20), attributes), ("n", at(5000, 0, 5001, 1), far))
    found = cover_rules(parcels(PLOT), covered("n"), rows, rules=(one,), tests=TESTS)
    assert said(found).loc["rule", "coverage"] == coverage
    elsewhere = cover_rules(parcels(at(-300, 0, -200, 100)), covered("n"), rows, rules=(one,), tests=TESTS)
    assert said(elsewhere).loc["rule", "coverage"] == "covered"


@pytest.mark.parametrize(
    ("edge", "roads", "verdict"),
    [
        (151, [], "excluded"),  # the streets are known as far as one may lie away, and there is none
        (120, [], "unknown"),  # one may lie across the edge of the source
        (120, [STREET], "eligible"),
    ],
)
def test_road_access_near_the_edge_of_the_streets(edge, roads, verdict):
    site = parcels(PLOT)
    known = pd.concat([covered("rule"), covered("streets", shape=at(-900, -900, edge, 900))], ignore_index=True)
    cover = cover_rules(site, known, layers(), rules=(rule(),), tests=TESTS)
    faces = overlay(site, layers(), rules=(rule(),), time=TIME)
    pieces = leave(site, faces, streets(*roads), layers(), cover, rules=(rule(),), tests=TESTS)
    assert decide(site, pieces, spoken=cover, rules=(rule(),))["verdict"].tolist() == [verdict]


def test_a_variant_reads_the_same_faces():
    rules = (rule(rule_id="soft", hardness="zacht", effect="flag"), rule(rule_id="hard", hardness="hard"))
    rows = [("soft", at(0, 0, 30, 100)), ("hard", at(80, 0, 100, 100))]
    strict = vary(rules, RuleVariant(hardness={"zacht": "exclude"}))
    loose = vary(rules, RuleVariant(effects={"hard": "off"}))
    sites = [chain(some, rows, labelled=rules)["sites"]["buildable_area_m2"].item() for some in (rules, strict, loose)]
    assert sites == [8000.0, 5000.0, 10000.0]
    with pytest.raises(ConfigError, match="nowhere"):
        vary(rules, RuleVariant(effects={"nowhere": "off"}))


def test_near_misses_are_of_one_soft_rule_only():
    rules = tuple(rule(rule_id=name, hardness=hard) for name, hard in (("a", "middel"), ("b", "middel"), ("c", "hard")))
    plots = [at(200 * i, 0, 200 * i + 100, 100) for i in range(4)]
    rows = [("a", plots[0]), ("a", plots[1]), ("b", plots[1]), ("c", plots[2])]
    roads = [shapely.LineString([(X, Y - 5), (X + 900, Y - 5)])]
    done = chain(rules, rows, plots=plots, roads=roads)
    assert done["sites"]["verdict"].tolist() == ["excluded"] * 3 + ["eligible"]
    tables = (done[name] for name in ("faces", "streets", "layers", "sites"))
    missed = near_misses(
        done["site"], empty(Parcels), *tables,
        spoken=done["cover"], rules=rules, tests=TESTS, locations=LOCATIONS, time=TIME, soft=("middel", "zacht"),
        lane_m=LANE_M,
    )  # fmt: skip
    assert missed[["site_id", "rule_id"]].to_numpy().tolist() == [["s0", "a"]]
    assert missed["piece_area_m2"].tolist() == [10000.0]


@pytest.mark.parametrize("is_site", [True, False])
def test_a_near_miss_is_a_site_with_consent_too(is_site, monkeypatch):
    """Where all of a parcel's land lies enclosed by roads, a part of it that passes alone makes it no site."""

    def enclosed(*args, **kwargs):
        pieces = leave_pieces(*args, **kwargs)
        return pieces.assign(is_valid=pieces["is_valid"] & (is_site | ~pieces["is_with_consent"]))

    rules = (rule(rule_id="a", hardness="middel"), rule(rule_id="c", effect="restrict", hardness="hard"))
    done = chain(rules, [("a", PLOT), ("c", at(0, 0, 50, 100))])
    monkeypatch.setattr("flexsites.exclusion.near_misses.leave_pieces", enclosed)
    missed = near_misses(
        done["site"], empty(Parcels), *(done[name] for name in ("faces", "streets", "layers", "sites")),
        spoken=done["cover"], rules=rules, tests=TESTS, locations=LOCATIONS, time=TIME, soft=("middel",), lane_m=LANE_M,
    )  # fmt: skip
    assert missed["piece_area_m2"].tolist() == ([5000.0] if is_site else [])


def locate(pieces, barriers, *, gap_m):
    valid = pieces[pieces["is_valid"].astype(bool)][["piece_id", "site_id", "core_area_m2"]]
    links = link_cores(pieces)
    if gap_m:
        model = LOCATIONS.model_copy(update={"gap_m": figure(gap_m)})
        links = pd.concat([links, link_pieces(pieces, barriers, rules=(), tests=TESTS, locations=model)])
    return group_locations(pd.DataFrame(valid), links.drop_duplicates(ignore_index=True))


def test_locations_of_valid_pieces():
    plots = [at(0, 0, 100, 100), at(100, 0, 200, 100), at(205, 0, 305, 100), at(305, 0, 310, 100)]
    roads = [shapely.LineString([(X, Y - 5), (X + 900, Y - 5)])]
    pieces = chain((rule(),), [], plots=plots, roads=roads)["pieces"]
    none = layers()
    apart = locate(pieces, none, gap_m=0.0)
    located = apart.set_index("piece_id")["location_id"].to_dict()
    # The last is a strip of 5 m: a site because it shares the core of its neighbour.
    assert located == {"s0#1": "s0#1", "s1#1": "s0#1", "s2#1": "s2#1", "s3#1": "s2#1"}
    joined = locate(pieces.iloc[::-1], none, gap_m=5.0)
    assert set(joined["location_id"]) == {"s0#1"}
    rail = layers(("rail", at(201, -50, 204, 500)))
    assert locate(pieces, rail, gap_m=5.0)["location_id"].tolist() == ["s0#1", "s0#1", "s2#1", "s2#1"]


def test_nothing_goes_through_the_whole_chain():
    result = chain((rule(), PLANS), [], plots=(), roads=())
    assert all(len(result[name]) == 0 for name in ("faces", "pieces", "reasons", "sites"))
    assert len(locate(result["pieces"], layers(), gap_m=0.0)) == 0
