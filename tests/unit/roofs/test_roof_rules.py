"""Each rule for topping up as a truth table that reads like the rule."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from flexsites.capacity.kernels.roof_lift import is_lift_uncertain, lift_band, storeys_without_lift
from flexsites.capacity.roofs import roof_reasons, roof_units, top_up
from flexsites.tables import Frame, RoofParts, empty
from tests.unit.roofs.stock import FOUR_STOREYS_M, HALF_SUNK_STORAGE_M, buildings, flat_block, rules


@cache
def roofs_of(**known: object) -> Frame:
    return top_up(buildings(flat_block(**known)), empty(RoofParts), rules=rules())


def roof_of(**known: object) -> pd.Series:
    return roofs_of(**known).iloc[0]


@cache
def all_units_of(**known: object) -> Frame:
    return roof_units(roofs_of(**known), rules=rules())


def units_of(age_rule: str, variant: str, **known: object) -> pd.Series:
    units = all_units_of(**known)
    return units[(units["age_rule"] == age_rule) & (units["roof_variant"] == variant)].iloc[0]


@cache
def reasons_of(**known: object) -> Frame:
    return roof_reasons(roofs_of(**known), rules=rules()).set_index("rule_id")


@pytest.mark.parametrize(
    ("year_built", "storeys", "verdict"),
    [
        (1964, 0, "excluded"),
        (1965, 1, "eligible"),
        (1991, 1, "eligible"),
        (1992, 2, "eligible"),
        (2020, 2, "eligible"),
        (None, None, "unknown"),
    ],
)
def test_stec_2023_counts_storeys_by_building_year(year_built: int | None, storeys: int | None, verdict: str) -> None:
    found = units_of("stec_2023", "permanent_cost", year_built=year_built)
    assert found["verdict"] == verdict
    assert (None if pd.isna(found["n_storeys_added_expected"]) else found["n_storeys_added_expected"]) == storeys


@pytest.mark.parametrize(
    ("year_built", "n_storeys", "low", "high"),
    [
        (1960, 4, 1, 2),  # 0.10 * 4 * 10 / 2.5 = 1.6; 0.12 * 4 * 10 / 2.0 = 2.4
        (1960, 5, 2, 2),  # 0.10 * 5 * 10 / 2.5 = 2.0
        (1960, 8, 2, 2),  # 3.2 and 4.8 by weight: never more than two without a structural report
        (1960, 10, 2, 2),
        (None, 1, 0, 0),  # 0.4 and 0.6: bears none whatever its year
        (1960, 1, 0, 0),
        (1945, 4, 0, 0),  # before the war: the rule does not speak of it
        (1946, 4, 1, 2),
        (1975, 4, 1, 2),
        (1976, 4, 0, 0),
    ],
)
def test_load_1999_counts_storeys_by_spare_bearing_capacity(
    year_built: int | None, n_storeys: int, low: int, high: int
) -> None:
    found = units_of(
        "load_1999", "permanent_cost", year_built=year_built, n_storeys=n_storeys, n_storeys_source="owner"
    )
    assert (found["n_storeys_added_low"], found["n_storeys_added_high"]) == (low, high)


def test_both_age_rules_stand_side_by_side_and_disagree_on_the_post_war_block() -> None:
    assert units_of("stec_2023", "permanent_cost", year_built=1958)["verdict"] == "excluded"
    assert units_of("load_1999", "permanent_cost", year_built=1958)["verdict"] == "eligible"


@pytest.mark.parametrize(
    ("flat", "sloped", "outcome"),
    [
        (750.0, 250.0, "met"),
        (749.0, 251.0, "failed"),
        (0.0, 700.0, "failed"),
        (None, 0.0, "unknown"),
        (700.0, None, "unknown"),
        (0.0, 0.0, "unknown"),  # no roof was reconstructed
    ],
)
def test_three_quarters_of_the_roof_is_flat(flat: float | None, sloped: float | None, outcome: str) -> None:
    reasons = reasons_of(roof_flat_area_m2=flat, roof_sloped_area_m2=sloped)
    assert reasons.loc["roof_flat_share", "outcome"] == outcome


def test_the_type_of_roof_decides_nothing_its_areas_do() -> None:
    reasons = reasons_of(roof_type="horizontal", roof_flat_area_m2=0.0, roof_sloped_area_m2=500.0)
    assert reasons.loc["roof_flat_share", "outcome"] == "failed"


@pytest.mark.parametrize(
    ("roof_height_m", "access_m", "is_needed", "is_uncertain"),
    [
        (FOUR_STOREYS_M + HALF_SUNK_STORAGE_M, 12.8, True, True),  # needs one, by less than half a metre
        (FOUR_STOREYS_M, 11.5, False, False),
        (12.2, 12.5, False, True),  # exactly at the limit: the law says more than
        (11.7, 12.0, False, True),
        (12.7, 13.0, True, True),
        (13.0, 13.3, True, False),
        (11.6, 11.9, False, False),
    ],
)
def test_a_door_more_than_twelve_and_a_half_metres_up_needs_a_lift(
    roof_height_m: float, access_m: float, *, is_needed: bool, is_uncertain: bool
) -> None:
    roof = roof_of(building_height_m=roof_height_m)
    assert roof["access_height_m"] == pytest.approx(access_m)
    assert (bool(roof["is_lift_needed"]), bool(roof["is_lift_uncertain"])) == (is_needed, is_uncertain)


def test_the_height_counts_from_the_main_entrance() -> None:
    assert roof_of(building_height_m=12.5, entrance_height_m=1.3)["access_height_m"] == pytest.approx(11.5)


def test_without_a_height_the_lift_is_unknown() -> None:
    roof = roof_of(building_height_m=None)
    assert pd.isna(roof["access_height_m"])
    assert pd.isna(roof["is_lift_needed"])
    assert pd.isna(roof["is_lift_uncertain"])


HIGH, LOW, NEAR = 16.0, 8.0, 12.4


@pytest.mark.parametrize(
    ("variant", "height", "has_lift", "verdict", "measure"),
    [
        ("permanent_strict", LOW, False, "eligible", "none"),
        ("permanent_strict", HIGH, False, "excluded", "not_allowed"),
        ("permanent_strict", HIGH, True, "eligible", "existing"),
        ("permanent_strict", HIGH, None, "unknown", None),  # a lift may be there: not treated as no
        ("permanent_strict", NEAR, False, "unknown", "uncertain"),  # 12.7: measuring decides
        ("permanent_strict", 12.0, False, "unknown", "uncertain"),  # 12.3: below the limit, and measuring decides
        ("permanent_strict", 12.0, None, "unknown", "uncertain"),
        ("permanent_strict", 12.0, True, "eligible", "existing"),
        ("permanent_strict", 11.7, False, "unknown", "uncertain"),  # 12.0: half a metre below, the band's own edge
        ("permanent_strict", 11.69, False, "eligible", "none"),  # 11.99: clear of it
        ("permanent_strict", 12.7, False, "unknown", "uncertain"),  # 13.0: half a metre above
        ("permanent_strict", 12.71, False, "excluded", "not_allowed"),
        ("permanent_cost", 11.7, False, "eligible", "uncertain"),
        ("permanent_cost", LOW, False, "eligible", "none"),
        ("permanent_cost", HIGH, False, "eligible", "new"),
        ("permanent_cost", HIGH, True, "eligible", "existing"),
        ("permanent_cost", HIGH, None, "eligible", None),
        ("permanent_cost", NEAR, False, "eligible", "uncertain"),
        ("maisonette", HIGH, False, "eligible", "none"),
        ("temporary", HIGH, False, "eligible", "demountable"),
    ],
)
def test_what_each_variant_does_about_a_lift(
    variant: str, height: float, *, has_lift: bool | None, verdict: str, measure: str | None
) -> None:
    found = units_of("stec_2023", variant, building_height_m=height, has_lift=has_lift)
    assert found["verdict"] == verdict
    assert (None if pd.isna(found["lift_measure"]) else found["lift_measure"]) == measure


def test_an_undecided_lift_keeps_its_range_and_names_the_evidence() -> None:
    """None or all of them: which is to be expected, nobody can say, so no figure stands for it."""
    found = units_of("stec_2023", "permanent_strict", building_height_m=HIGH, has_lift=None)
    assert found["n_units_low"] == found["n_storeys_added_low"] == 0
    for name in ("n_units_expected", "n_storeys_added_expected", "extra_floor_area_m2"):
        assert pd.isna(found[name]), name
    assert found["n_units_high"] > 0
    assert found["missing_evidence"] == ("has_lift",)
    near = units_of("stec_2023", "permanent_strict", building_height_m=12.0, has_lift=False)
    assert near["n_units_low"] == 0
    assert pd.isna(near["n_units_expected"])
    assert near["missing_evidence"] == ("measured_height",)


def test_the_strict_variant_builds_as_high_as_it_can_without_a_lift() -> None:
    """9.0 + 0.3 = 9.3 and 12.3 lie below the limit, 15.3 does not; the year allows two."""
    found = units_of("stec_2023", "permanent_strict", year_built=2000, building_height_m=9.0)
    assert found["n_storeys_added_expected"] == 2
    found = units_of("stec_2023", "permanent_strict", year_built=2000, building_height_m=10.0)
    assert found["n_storeys_added_expected"] == 1


@pytest.mark.parametrize(
    ("height", "storeys"),
    [(8.69, (2, 2, 2)), (8.7, (1, 2, 2)), (9.2, (1, 2, 2)), (9.3, (1, 1, 2)), (9.7, (1, 1, 2)), (9.71, (1, 1, 1))],
)
def test_a_second_storey_is_sure_only_where_its_door_lies_clear_of_the_limit(
    height: float, storeys: tuple[int, int, int]
) -> None:
    """Its door lies 3.3 m above the old roof: 12.0 and 13.0 m up are still uncertain."""
    found = units_of("stec_2023", "permanent_strict", year_built=2000, building_height_m=height, has_lift=False)
    assert tuple(found[f"n_storeys_added_{bound}"] for bound in ("low", "expected", "high")) == storeys


@pytest.mark.parametrize("edge_m", lift_band(limit_m=12.5, margin_m=0.5))
def test_a_door_is_uncertain_just_where_no_storey_is_sure_and_one_is_possible(edge_m: float) -> None:
    """To the last bit on both sides of both edges: what is told uncertain is what the count does not decide."""
    doors = np.array([np.nextafter(edge_m, 0.0), edge_m, np.nextafter(edge_m, 99.0)])
    near = is_lift_uncertain(doors, limit_m=12.5, margin_m=0.5)
    low, _, high = storeys_without_lift(doors, limit_m=12.5, margin_m=0.5, storey_height_m=3.0)
    assert near.tolist() == ((low == 0) & (high > 0)).tolist()
    assert 0 < near.sum() < 3


def test_a_maisonette_adds_floor_area_and_no_homes_and_no_second_storey() -> None:
    found = units_of("stec_2023", "maisonette", year_built=2000)
    assert (found["n_units_low"], found["n_units_expected"], found["n_units_high"]) == (0, 0, 0)
    assert found["n_storeys_added_expected"] == 1
    # 60 x 12 less a metre all round is 58 x 10; less 5 % installations; times 0.78.
    assert found["extra_floor_area_m2"] == pytest.approx(58 * 10 * 0.95 * 0.78)


def test_homes_are_counted_by_the_area_where_daylight_is() -> None:
    """551 m2 x 0.78 / 50 = 8.6, and twice that on two storeys: 17.2."""
    found = units_of("stec_2023", "permanent_cost")
    assert found["n_units_expected"] == 8
    assert units_of("stec_2023", "permanent_cost", year_built=1995)["n_units_expected"] == 17
    assert found["n_units_low"] <= found["n_units_expected"] <= found["n_units_high"]


@pytest.mark.parametrize(
    ("n_dwellings", "verdict"), [(4, "eligible"), (3, "excluded"), (0, "excluded"), (None, "unknown")]
)
def test_the_corporation_asks_four_dwellings(n_dwellings: int | None, verdict: str) -> None:
    known = {"n_dwellings": n_dwellings, "functions": ("winkelfunctie",)}
    assert units_of("stec_2023", "corporation_cost", **known)["verdict"] == verdict
    assert units_of("stec_2023", "permanent_cost", **known)["verdict"] == "eligible"


@pytest.mark.parametrize(
    ("n_dwellings", "functions", "outcome"),
    [
        (8, None, "met"),
        (0, ("winkelfunctie",), "met"),
        (0, ("industriefunctie", "kantoorfunctie"), "met"),
        (0, ("industriefunctie",), "failed"),
        (0, None, "failed"),  # the register knows of no unit: a barn
        (None, None, "unknown"),  # no register was given
    ],
)
def test_the_base_rule_covers_dwellings_shops_and_offices(
    n_dwellings: int | None, functions: tuple[str, ...] | None, outcome: str
) -> None:
    known = {"n_dwellings": n_dwellings, "functions": functions}
    assert reasons_of(**known).loc["functions", "outcome"] == outcome
    verdict = {"met": "eligible", "failed": "excluded", "unknown": "unknown"}[outcome]
    found = units_of("stec_2023", "permanent_cost", **known)
    assert found["verdict"] == verdict
    assert found["missing_evidence"] == (("unit_functions",) if outcome == "unknown" else ())
    assert pd.isna(found["n_units_expected"]) == (outcome == "unknown")


def test_where_another_rule_excludes_the_functions_need_not_be_known() -> None:
    known = {"n_dwellings": None, "functions": None, "year_built": 1950}
    found = units_of("stec_2023", "permanent_cost", **known)
    assert (found["verdict"], found["missing_evidence"]) == ("excluded", ())
    assert found["n_units_high"] == 0


def test_a_rule_that_variants_ask_in_two_ways_is_refused() -> None:
    told = rules().model_dump(mode="json")
    told["variants"][2]["min_dwellings"]["value"] = 9
    with pytest.raises(ValueError, match="min_dwellings in 2 ways"):
        type(rules()).model_validate(told)


def test_every_rule_flag_and_evidence_has_a_label_in_both_languages() -> None:
    roofs = top_up(buildings(flat_block()), empty(RoofParts), rules=rules())
    ids = set(roof_reasons(roofs, rules=rules())["rule_id"])
    ids |= {name for variant in rules().variants for name in variant.required_evidence}
    ids |= {rule.id for rule in rules().age_rules} | {variant.id for variant in rules().variants}
    for lang in ("nl", "en"):
        assert ids <= set(rules().names(lang))


@pytest.mark.parametrize(
    ("length_m", "depth_m", "outcome"),
    [(60.0, 12.0, "met"), (19.0, 12.0, "failed"), (80.0, 6.5, "failed")],  # 80 x 6.5: slender, nothing is left
)
def test_the_usable_roof_is_at_least_two_hundred_square_metres(length_m: float, depth_m: float, outcome: str) -> None:
    reasons = reasons_of(length_m=length_m, depth_m=depth_m)
    assert reasons.loc["usable_roof_area", "outcome"] == outcome


@pytest.mark.parametrize(
    ("missing", "evidence"),
    [("building_height_m", "building_height"), ("year_built", "year_built"), ("roof_flat_area_m2", "roof_area")],
)
def test_missing_evidence_is_unknown_where_no_rule_fails(missing: str, evidence: str) -> None:
    roof = roof_of(**{missing: None})
    assert (roof["verdict"], roof["failed_rules"], roof["missing_evidence"]) == ("unknown", (), (evidence,))
    assert pd.isna(roof["n_units_expected"])
    assert pd.isna(roof["n_units_low"])


@pytest.mark.parametrize(
    ("known", "failed"),
    [
        ({"year_built": 1900, "building_height_m": None}, "storeys_stec_2023"),
        ({"year_built": 1900, "roof_flat_area_m2": None}, "storeys_stec_2023"),
        ({"year_built": None, "roof_flat_area_m2": 100.0, "roof_sloped_area_m2": 620.0},
         "roof_flat_share|usable_roof_area"),
        ({"year_built": None, "length_m": 15.0}, "usable_roof_area"),
        ({"length_m": 15.0, "roof_flat_area_m2": None}, "usable_roof_area"),  # 15 x 12 m: no roof of 200 m2 is on it
        ({"year_built": None, "building_height_m": 28.0}, "lift_needed"),  # 28.3 m up without a lift, in any year
        ({"year_built": None, "n_dwellings": 0, "functions": ("industriefunctie",)}, "functions"),
    ],
)  # fmt: skip
def test_a_known_failure_outranks_missing_evidence(known: dict[str, object], failed: str) -> None:
    roof = roof_of(**known)
    assert (roof["verdict"], "|".join(roof["failed_rules"])) == ("excluded", failed)
    assert roof["missing_evidence"] == (), "no evidence would help: none is asked for"
    assert (roof["n_units_low"], roof["n_units_expected"], roof["n_units_high"]) == (0, 0, 0)


def test_the_corporation_variant_fails_known_failures_too_though_it_knows_no_dwellings() -> None:
    """Echt of 5a840e0: 838 of 840 failed on flat share or area, and stayed unknown for want of dwellings."""
    known = {"n_dwellings": None, "roof_flat_area_m2": 0.0, "roof_sloped_area_m2": 700.0}
    assert units_of("stec_2023", "corporation_cost", **known)["verdict"] == "excluded"


def test_storeys_are_taken_as_given_else_from_the_height_and_said_which() -> None:
    given = roof_of(n_storeys=5, n_storeys_source="3dbag", building_height_m=11.2)
    assert (given["n_storeys"], given["n_storeys_source"]) == (5, "3dbag")
    derived = roof_of(building_height_m=11.2)
    assert (derived["n_storeys"], derived["n_storeys_source"]) == (4, "height")
    unknown = roof_of(building_height_m=None)
    assert pd.isna(unknown["n_storeys"])
    assert pd.isna(unknown["n_storeys_source"])


@pytest.mark.parametrize(
    ("is_monument", "verdict", "flag"),
    [(True, "conditional", "monument"), (False, "eligible", None), (None, "eligible", "monument_unknown")],
)
def test_a_monument_needs_consent(*, is_monument: bool | None, verdict: str, flag: str | None) -> None:
    roof = roof_of(is_monument=is_monument)
    assert roof["verdict"] == verdict
    assert [name for name in roof["flags"] if name.startswith("monument")] == ([flag] if flag else [])


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ({"is_parking_regulated": True, "transit_class": "A"}, "met"),
        ({"is_parking_regulated": True, "transit_class": "E"}, "failed"),
        ({"is_parking_regulated": False, "transit_class": "A"}, "failed"),
        ({"is_parking_regulated": False}, "failed"),  # known to be absent settles it
        ({"is_parking_regulated": True}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_no_parking_is_asked_where_it_is_regulated_and_transit_is_good(known: dict[str, object], outcome: str) -> None:
    assert reasons_of(**known).loc["parking", "outcome"] == outcome


@pytest.mark.parametrize(
    ("owner_class", "consent_share", "outcome"),
    [
        ("corporatie", 0.70, "met"),
        ("corporatie", 0.69, "failed"),
        ("particulier", 0.79, "failed"),
        ("particulier", 0.80, "met"),
        (None, 0.75, "failed"),
        ("corporatie", None, "unknown"),
    ],
)
def test_seventy_percent_of_tenants_or_four_fifths_of_owners_consent(
    owner_class: str | None, consent_share: float | None, outcome: str
) -> None:
    reasons = reasons_of(owner_class=owner_class, consent_share=consent_share)
    assert reasons.loc["consent", "outcome"] == outcome
    assert pd.isna(reasons.loc["consent", "evidence"]) == (outcome != "unknown")


@pytest.mark.parametrize(("limit_m", "outcome"), [(14.5, "met"), (14.4, "failed"), (None, "unknown")])
def test_the_plan_allows_the_new_height(limit_m: float | None, outcome: str) -> None:
    """11.2 + 0.3 + 3.0 = 14.5."""
    assert reasons_of(plan_height_limit_m=limit_m).loc["plan_height", "outcome"] == outcome


def test_the_plan_is_asked_for_every_storey_that_is_counted() -> None:
    """Built since 1992: two storeys, 11.2 + 0.3 + 6.0 = 17.5, not the 14.5 of the first."""
    known: dict[str, object] = {"year_built": 2000, "has_lift": True}
    reasons = reasons_of(plan_height_limit_m=17.0, **known)
    assert reasons.loc["plan_height", "observed"] == pytest.approx(17.5)
    assert reasons.loc["plan_height", "outcome"] == "failed"
    assert "plan_height" in roof_of(plan_height_limit_m=17.0, **known)["flags"]
    assert reasons_of(plan_height_limit_m=17.5, **known).loc["plan_height", "outcome"] == "met"


def test_a_permit_to_demolish_is_flagged() -> None:
    assert "demolition_permit" in roof_of(pand_status="Sloopvergunning verleend")["flags"]


def test_the_stec_rule_counts_a_stock_of_known_composition() -> None:
    """Forty flats, of every kind so many; what remains is counted by hand."""
    kinds = [
        (10, {"year_built": 1970}),  # 10 x 1 storey
        (7, {"year_built": 1995}),  # 7 x 2 storeys
        (5, {"year_built": 1950}),  # too old
        (6, {"roof_flat_area_m2": 100.0, "roof_sloped_area_m2": 620.0}),  # sloped
        (4, {"length_m": 15.0}),  # too small
        (3, {"building_height_m": None}),  # unknown
        (2, {"year_built": None}),  # unknown
        (2, {"roof_flat_area_m2": None}),  # unknown
        (1, {"is_monument": True}),  # conditional, 1 storey
    ]
    rows = [known for count, known in kinds for _ in range(count)]
    stock = buildings(*(flat_block(number, **known) for number, known in enumerate(rows, start=1)))
    roofs = top_up(stock, empty(RoofParts), rules=rules())
    counts = roofs["verdict"].value_counts().to_dict()
    assert counts == {"eligible": 17, "excluded": 15, "unknown": 7, "conditional": 1}
    units = roof_units(roofs, rules=rules())
    base = units[(units["age_rule"] == "stec_2023") & (units["roof_variant"] == "permanent_cost")]
    assert base["n_storeys_added_expected"].sum() == 10 * 1 + 7 * 2 + 1
    # 551 m2 of usable roof: floor(429.78 / 50) = 8 on one storey, floor(859.56 / 50) = 17 on two.
    assert base["n_units_expected"].sum() == 11 * 8 + 7 * 17
    assert roofs["n_units_expected"].isna().sum() == 7


def test_rows_are_preserved_and_nothing_is_mutated() -> None:
    stock = buildings(*(flat_block(number) for number in (3, 1, 2)))
    before = stock.copy(deep=True)
    roofs = top_up(stock, empty(RoofParts), rules=rules())
    assert roofs["bag_pand_id"].tolist() == stock["bag_pand_id"].tolist()
    pd.testing.assert_frame_equal(stock, before)
    assert len(roof_units(roofs, rules=rules())) == 3 * len(rules().age_rules) * len(rules().variants)


def test_no_buildings_give_no_roofs() -> None:
    roofs = top_up(buildings(flat_block()).iloc[:0], empty(RoofParts), rules=rules())
    assert len(roofs) == len(roof_units(roofs, rules=rules())) == len(roof_reasons(roofs, rules=rules())) == 0
