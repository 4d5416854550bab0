"""Rule sets that ship, and what a rule set may say."""

from datetime import date

import pytest
from pydantic import ValidationError

from flexsites.config.base import collect_figures
from flexsites.config.load import available
from flexsites.config.rule_sets import read_rule_set
from flexsites.errors import ConfigError, NotFoundError
from tests.unit.exclusion.plots import rule

FILES = available("rules/exclusion")


def read(name):
    return read_rule_set(FILES[name])


def test_horizon_and_term_of_both_readings():
    old, new = read("pbl_2020").time, read("omgevingswet_2024").time
    assert (float(old.horizon_years), float(old.term_years)) == (10, 10)
    assert (float(new.horizon_years), float(new.term_years)) == (10, 15)


@pytest.mark.parametrize("name", FILES)
def test_hardness_decides_as_the_method_says(name):
    for one in read(name).rules:
        if one.kind == "inside" and one.source and "RuimteScanner" in one.source:
            assert one.effect == ("flag" if one.hardness == "zacht" else "exclude"), one.rule_id


METHOD = {
    "natura2000": ("exclude", "zeer_hard"), "military": ("exclude", "zeer_hard"),
    "coastal_foundation": ("exclude", "zeer_hard"), "nnn": ("exclude", "hard"),
    "drinking_water_abstraction": ("exclude", "hard"), "river_bed": ("exclude", "hard"),
    "reservations": ("exclude", "middel"), "regional_dikes": ("exclude", "middel"),
    "silence_areas": ("flag", "zacht"), "groundwater_protection": ("flag", "zacht"),
    "plans_hard": ("exclude", "hard"), "plans_soft": ("flag", "zacht"),
    "in_use_dwellings": ("exclude", "hard"), "buildings_standing": ("exclude", "hard"),
    "residential_land": ("exclude", "middel"),
    "roads": ("exclude", "hard"), "rail": ("exclude", "hard"), "water": ("exclude", "zeer_hard"),
    "cemetery": ("exclude", "hard"), "landfill": ("exclude", "hard"), "solar_park": ("exclude", "hard"),
    "land_use": ("exclude", "middel"), "plots_in_use": ("exclude", "middel"), "plots_issued": ("flag", None),
    "allotments": ("flag", None), "holiday_parks": ("flag", None), "houseboats": ("flag", None),
    "public_green": ("flag", "zacht"), "safety_contour": ("exclude", "hard"),
    "safety_attention": ("restrict", "middel"),
    "airport_zones": ("exclude", "hard"), "noise": ("restrict", "middel"), "flood": ("restrict", "middel"),
    "power_lines": ("exclude", "hard"), "pipelines": ("exclude", "hard"), "business_distances": ("restrict", "middel"),
    "grid_congestion": ("flag", None), "nitrogen": ("flag", None), "spray_zones": ("flag", None),
    "odour": ("flag", None), "airport_zone_5": ("restrict", "middel"),
    "primary_flood_defences": ("exclude", "hard"), "flood_defence_zones": ("restrict", "middel"),
    "monument_buildings": ("flag", None), "monument_sites": ("restrict", "middel"), "protected_views": ("flag", None),
    "archaeology": ("flag", None), "spray_zones_crops": ("flag", None), "soil": ("flag", None),
    "outside_urban_contour": ("flag", None),
}  # fmt: skip
"""Every rule of METHOD 2 with the effect and the hardness it gives; null where it gives a flag no hardness."""


OFF = {
    "valuable_landscape", "meadow_birds", "livestock_odour_inside_contour", "livestock_odour_outside_contour",
    "soft_soil", "noise_national_roads", "noise_municipal_roads", "noise_rail", "noise_industry", "power_line_field",
    "nitrogen_250_m", "nitrogen_3_km", "grid_capacity", "plan_height_low", "ladder", "social_rent_neighbourhood",
    "social_rent_district",
}  # fmt: skip
"""Rules of which no national layer exists, or whose figures are a choice: they hold in no run that does not ask."""


NOT_PBL = {
    "flood", "primary_flood_defences", "flood_defence_zones", "airport_zone_5", "protected_views", "archaeology",
    "spray_zones_crops",
}  # fmt: skip
"""What PBL's list does not name, so that it does not hold in the replication."""


@pytest.mark.parametrize("name", FILES)
def test_rules_without_a_national_layer_hold_when_asked_only(name):
    rules = {one.rule_id: one for one in read(name).rules}
    assert {key for key, one in rules.items() if not one.is_on} == OFF | (NOT_PBL if name == "pbl_2020" else set())
    assert not OFF & {one.rule_id for one in read(name).in_force()}
    assert all(rules[key].effect in ("flag", "restrict") for key in OFF)


@pytest.mark.parametrize("name", FILES)
def test_every_rule_of_the_method_is_there(name):
    """Zoning is dated: each set has it, with its procedure, in the years of its law."""
    rules = {one.rule_id: one for one in read(name).rules if one.rule_id not in OFF}
    if name == "pbl_2020":
        assert (rules.pop("crops_intensive").effect, rules["monument_sites"].effect) == ("exclude", "exclude")
        today = {one.rule_id: one for one in read("omgevingswet_2024").rules}
        rules |= {key: today[key] for key in ("monument_sites", "monument_buildings")}
    beyond = "zoning_beyond_ten_years" if name == "pbl_2020" else "zoning_beyond_temporary"
    assert rules.pop(beyond).for_terms is not None
    rules.pop("zoning_beyond_temporary", None)
    assert set(rules) == {*METHOD, "own_sites", "zoning_not_housing"}
    assert {key: (rules[key].effect, rules[key].hardness) for key in METHOD} == METHOD
    zoning = rules["zoning_not_housing"]
    assert (zoning.effect, bool(zoning.procedure)) == ("flag", True)
    assert zoning.valid_from or zoning.valid_to


TEN = {"value": 10, "unit": "year", "source": "a test"}


@pytest.mark.parametrize(
    ("for_terms", "holds"),
    [
        (None, [True, True, True]),
        ({"above_years": TEN}, [False, False, True]),
        ({"up_to_years": TEN}, [True, True, False]),
        ({"above_years": TEN | {"value": 5}, "up_to_years": TEN}, [False, True, False]),
    ],
)
def test_a_rule_holds_for_the_terms_that_it_names(for_terms, holds):
    one = rule(for_terms=for_terms)
    assert [one.is_for_term(years) for years in (5, 10, 15)] == holds


@pytest.mark.parametrize(
    ("for_terms", "message"),
    [
        ({}, "give above_years, up_to_years or both"),
        ({"above_years": TEN, "up_to_years": TEN}, "no term is above 10 and at most 10"),
        ({"above_years": TEN | {"unit": "month"}}, "above_years is in year"),
    ],
)
def test_terms_that_hold_nowhere_are_refused(for_terms, message):
    with pytest.raises(ValidationError, match=message):
        rule(for_terms=for_terms)


VNG_M = {
    "1": 10,
    "2": 30,
    "3.1": 50,
    "3.2": 100,
    "4.1": 200,
    "4.2": 300,
    "5.1": 500,
    "5.2": 700,
    "5.3": 1000,
    "6": 1500,
}
METHOD_GIVES = {"2", "3.1", "3.2", "4.1"}


@pytest.mark.parametrize("name", FILES)
def test_distances_to_businesses(name):
    one = next(one for one in read(name).rules if one.rule_id == "business_distances")
    figures = one.by_class.values
    distances = {category: float(figure) for category, figure in figures.items()}
    assert set(distances) == set(VNG_M)
    if name.endswith("ruimtescanner"):
        assert sorted(set(distances.values())) == [0, 100, 200, 500, 750, 1000]
        assert list(distances.values()) == sorted(distances.values())
    else:
        assert distances == VNG_M
        assert {category for category, figure in figures.items() if not figure.assumption} == METHOD_GIVES


@pytest.mark.parametrize("name", FILES)
def test_every_figure_says_where_it_comes_from(name):
    figures = dict(collect_figures(read(name)))
    assert len(figures) > 30
    assert all(figure.source or (figure.assumption and figure.why) for figure in figures.values())


def test_the_ruimtescanner_set_differs_in_distances_to_businesses_only():
    one, other = read("omgevingswet_2024"), read("omgevingswet_2024_ruimtescanner")
    differing = [a.rule_id for a, b in zip(one.rules, other.rules, strict=True) if a != b]
    assert differing == ["business_distances"]
    assert other.model_copy(update={"id": one.id, "label": one.label, "rules": one.rules}) == one


def test_pbls_set_differs_in_what_its_file_says():
    today, then = read("omgevingswet_2024"), read("pbl_2020")
    differing = {a.rule_id for a, b in zip(today.rules, then.rules, strict=False) if a != b}
    assert differing == {"plans_hard", "zoning_not_housing", "monument_buildings", "monument_sites", *NOT_PBL}
    assert [one.rule_id for one in then.rules[len(today.rules) :]] == ["zoning_beyond_ten_years", "crops_intensive"]
    assert (then.tests, then.locations, then.time.horizon_years) == (
        today.tests, today.locations, today.time.horizon_years,
    )  # fmt: skip


SMALL = """
extends: {extends}
id: mine
label: {{nl: Mijn, en: Mine}}
time: {{term_years: {{value: 12, unit: year, source: ours}}}}
rules: [{rules}]
"""
VETO = "{rule_id: veto, kind: inside, layer: veto, label: {nl: Veto, en: Veto}, effect: exclude, source: ours}"
NATURE = VETO.replace("rule_id: veto", "rule_id: natura2000")


def small(folder, rules="", extends="omgevingswet_2024"):
    path = folder / "mine.yaml"
    path.write_text(SMALL.format(extends=extends, rules=rules), encoding="utf-8")
    return path


def test_a_set_may_extend_another(tmp_path):
    base, mine = read("omgevingswet_2024"), read_rule_set(small(tmp_path, f"{VETO}, {NATURE}"))
    assert (mine.id, mine.about, float(mine.time.term_years)) == ("mine", "", 12)
    assert mine.time.preparation_years == base.time.preparation_years
    assert [one.rule_id for one in mine.rules] == [*(one.rule_id for one in base.rules), "veto"]
    changed = [a.rule_id for a, b in zip(base.rules, mine.rules, strict=False) if a != b]
    assert changed == ["natura2000"]


def test_a_set_may_extend_one_that_extends_another(tmp_path):
    theirs, mine = read("pbl_2020"), read_rule_set(small(tmp_path, VETO, "pbl_2020"))
    assert [one.rule_id for one in mine.rules] == [*(one.rule_id for one in theirs.rules), "veto"]
    assert (float(mine.time.term_years), mine.time.reference_date) == (12, theirs.time.reference_date)


@pytest.mark.parametrize(
    ("rules", "extends", "message"),
    [
        ("", "omgevingswet_1900", "there is no 'omgevingswet_1900'"),
        ("", "mine.yaml", "mine.yaml: rule sets extend each other"),
        (f"{VETO}, {VETO}", "omgevingswet_2024", "used twice: veto"),
        (f"{NATURE}, {NATURE}", "omgevingswet_2024", "used twice: natura2000"),
        ("{rule_id: veto}", "omgevingswet_2024", "mine.yaml: rules.veto"),
        (VETO.replace("exclude", "include, overrides: [x]"), "omgevingswet_2024", "unknown rules: x"),
    ],
)
def test_a_set_that_cannot_extend_another_is_refused_with_its_file(tmp_path, rules, extends, message):
    with pytest.raises((ConfigError, NotFoundError), match=message) as told:
        read_rule_set(small(tmp_path, rules, extends))
    assert "omgevingswet_1900" in message or "mine.yaml" in str(told.value)


def test_rules_hold_on_their_days_only():
    rules = read("omgevingswet_2024")
    before = {one.rule_id for one in rules.in_force(date(2023, 12, 31))}
    after = {one.rule_id for one in rules.in_force(date(2024, 1, 1))}
    assert after - before == {"zoning_not_housing"}


def test_own_rules_go_over_the_defaults():
    rules = read("pbl_2020")
    mine = rule(rule_id="nnn", effect="flag", scope="own")
    veto = rule(rule_id="veto", scope="own")
    amended = rules.amended((mine, veto)).rules
    assert [one.rule_id for one in amended] == [*(one.rule_id for one in rules.rules), "veto"]
    assert next(one for one in amended if one.rule_id == "nnn").effect == "flag"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": None}, "either a source or"),
        ({"overrides": ["x"]}, "what an include lifts"),
        ({"effect": "include"}, "what an include lifts"),
        ({"valid_from": "2024-01-01", "valid_to": "2023-01-01"}, "lies after"),
        ({"rule_id": "piece_min_area"}, "used twice"),
        ({"unheard_of": 1}, "Extra inputs"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        rule(**{"rule_id": "one", **change})
