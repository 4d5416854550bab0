"""The ten tables that sum up a run: columns and tables (METHOD 1, 9).

Homes of different flexmilieus, and of different ways of topping up, are alternatives for the same land or roof: rows of
them stand beside each other and are never added.
"""

from __future__ import annotations

from dataclasses import replace

from flexsites.tables import parcel_fields as f
from flexsites.tables import roof_fields as r
from flexsites.tables.contract import Table
from flexsites.tables.field import Field

# -- fields ----------------------------------------------------------------------------------------------------
area_kind = Field(
    "area_kind",
    "str",
    "kind of area; run is all of it",
    values=("run", "provincie", "gemeente", "buurt"),
    names="area_kind",
)
area_code = Field(
    "area_code", "str", "code of the area; run for the whole run, unknown where sites have none", format="code"
)
population = Field(
    "population",
    "str",
    "which sites: assessed, not_excluded, available, suitable, suitable_demanding, or the id of a flexmilieu",
    source="METHOD 1",
    names="population",
)
coverage_scope = Field(
    "coverage_scope",
    "str",
    "where: everywhere, or only where plan capacity, the provincial restrictions, or both are known",
    values=("all", "plan_covered", "provincial_covered", "both_covered"),
    names="coverage_scope",
)
n_sites = Field("n_sites", "int", "sites", low=0, kind="extensive")
n_locations = Field("n_locations", "int", "locations; one may lie in two areas, so those of areas do not add up", low=0)
n_sites_unknown = Field(
    "n_sites_unknown", "int", "sites not known to fail, and not known to belong either", low=0, kind="extensive"
)
_ONE_KIND = "of a single flexmilieu the spread supply is told"
_ALL_KINDS = "what spans flexmilieus is told as the common programme"
n_common_low, n_common_expected, n_common_high = (
    replace(one, null=_ONE_KIND, null_is="not_applicable")
    for one in (f.n_common_low, f.n_common_expected, f.n_common_high)
)
programme_area_m2 = replace(f.programme_area_m2, null=_ONE_KIND, null_is="not_applicable")
n_common_unknown_expected, n_common_unknown_high = (
    Field(
        f"n_common_unknown_{one}",
        "float",
        f"common programme ({one}) of the sites that are unknown",
        _ONE_KIND,
        low=0,
        kind="extensive",
        format="count",
        null_is="not_applicable",
    )
    for one in ("expected", "high")
)
n_clusters = Field(
    "n_clusters", "int", "clusters of spread supply, by where each starts", _ALL_KINDS, low=0, null_is="not_applicable"
)
_SPREAD = "homes of spread supply, {consent} consent: a possible arrangement, not the best"
n_spread_low, n_spread_expected, n_spread_high = (
    Field(
        f"n_spread_{one}",
        "int",
        f"{_SPREAD.format(consent='without')}; {one}",
        _ALL_KINDS,
        low=0,
        kind="extensive",
        null_is="not_applicable",
    )
    for one in ("low", "expected", "high")
)
n_spread_consent_low, n_spread_consent_expected, n_spread_consent_high = (
    Field(
        f"n_spread_consent_{one}",
        "int",
        f"{_SPREAD.format(consent='with')}; {one}",
        _ALL_KINDS,
        low=0,
        kind="extensive",
        null_is="not_applicable",
    )
    for one in ("low", "expected", "high")
)
share_of_sites = Field("share_of_sites", "float", "share of the sites of the population", low=0, high=1, format="share")

_NOT_TOLD = "no source of the rule speaks about any site, so what it takes is unknown"
order = Field(
    "order", "int", "place of the rule in the order of the run; piece tests come last", low=1, format="ordinal"
)
n_sites_covered = Field("n_sites_covered", "int", "sites of which the rule covers some land", _NOT_TOLD, low=0)
n_sites_lost_first = Field(
    "n_sites_lost_first", "int", "excluded sites whose last land the rule took, in order", _NOT_TOLD, low=0
)
n_sites_lost_only = Field(
    "n_sites_lost_only",
    "int",
    "excluded sites that no other excluding rule or test touches; without it they may still be too small, have no "
    "road, or need consent",
    _NOT_TOLD,
    low=0,
    kind="extensive",
)
parcel_area_m2_lost_first = Field(
    "parcel_area_m2_lost_first", "float", "area of the sites whose last land it took", _NOT_TOLD, unit="m2", low=0
)
_NOT_LOOKED_FOR = "near misses were not looked for, or there are none of this rule"
n_sites_near_miss = Field(
    "n_sites_near_miss",
    "int",
    "sites, not eligible now, that would be if just this rule went",
    _NOT_LOOKED_FOR,
    low=0,
    null_is="not_applicable",
)
near_miss_area_m2 = Field(
    "near_miss_area_m2",
    "float",
    "land that would come back if just this rule went",
    _NOT_LOOKED_FOR,
    unit="m2",
    low=0,
    null_is="not_applicable",
)
n_common_near_miss = Field(
    "n_common_near_miss",
    "float",
    "the common programme of that land",
    _NOT_LOOKED_FOR,
    low=0,
    format="count",
    null_is="not_applicable",
)
n_sites_not_covered = Field("n_sites_not_covered", "int", "sites about which its source does not speak", low=0)

criterion = Field(
    "criterion", "str", "an id of configs/target_groups; unnamed where the table names none", names="criterion"
)
n_sites_judged = Field("n_sites_judged", "int", "available sites judged for the flexmilieu", low=0)
n_sites_failed = Field("n_sites_failed", "int", "of these, sites of which it fails worst", low=0)
n_common_failed = Field("n_common_failed", "float", "the common programme of these", low=0, format="count")
n_sites_unsure = Field("n_sites_unknown", "int", "sites that cannot be judged, for want of it among others", low=0)

variant = Field("variant", "str", "an id of the run's variants, or base: the run itself", names="variant")
_NO_FLOW = "not counted for a single flexmilieu"
n_sites_gained = Field(
    "n_sites_gained", "int", "sites that the base does not have", _NO_FLOW, low=0, null_is="not_applicable"
)
n_sites_lost = Field(
    "n_sites_lost", "int", "sites that the base has and this variant has not", _NO_FLOW, low=0, null_is="not_applicable"
)
_NOT_IN_BASE = "the base has no such population"
change_n_sites = Field("change_n_sites", "int", "sites more than in the base", _NOT_IN_BASE, format="change")
change_n_common_expected = Field(
    "change_n_common_expected",
    "float",
    "common programme more than in the base",
    "the base has no such population, or it is of a single flexmilieu",
    format="change",
    null_is="not_applicable",
)
change_n_spread_expected = Field(
    "change_n_spread_expected",
    "int",
    "spread supply more than in the base",
    "the base has no such population, or it spans flexmilieus",
    format="change",
    null_is="not_applicable",
)
change_buildable_area_m2 = Field(
    "change_buildable_area_m2",
    "float",
    "buildable land more than in the base",
    _NOT_IN_BASE,
    unit="m2",
    format="change",
)

reach = Field(
    "variant", "str", "an id of the reaches within which a stop must lie", source="[R] METHOD 4", names="reach"
)
quantity = Field(
    "quantity",
    "str",
    "what is counted",
    values=("sites", "locations", "programme_area_m2", "n_common_expected"),
    names="quantity",
)
total = Field("total", "float", "of the available sites", low=0)
stays = Field("stays", "float", "has a served stop within reach", low=0)
falls = Field("falls", "float", "has none", low=0)
unknown = Field("unknown", "float", "it is not known whether there is one", low=0)
_NOTHING = "there is nothing of the kind"
share_falls = Field(
    "share_falls", "float", "share of what is known that falls", "no stop is known", low=0, high=1, format="share"
)
share_falls_low = Field(
    "share_falls_low", "float", "share, all that is unknown staying", _NOTHING, low=0, high=1, format="share"
)
share_falls_high = Field(
    "share_falls_high", "float", "share, all that is unknown falling", _NOTHING, low=0, high=1, format="share"
)

anchor = Field("anchor", "str", "an id of the run's published answers")
published = Field("published", "float", "what was published")
sense = Field("sense", "str", "how it was published", values=("at_least", "about", "exactly"))
_TELLS_NOTHING = "the run tells nothing of it"
found_low = Field("found_low", "float", "what the run finds, all that is unknown taken the one way", _TELLS_NOTHING)
found_high = Field("found_high", "float", "and the other way", _TELLS_NOTHING)

n_buildings = Field("n_buildings", "int", "buildings", low=0, kind="extensive")
group_kind = Field(
    "group_kind",
    "str",
    "by what roofs are grouped: all of them, where they lie, whose they are, what 3DBAG says of their model",
    values=("run", "gemeente", "owner_class", "roof_quality"),
    names="group_kind",
)
group_code = Field("group_code", "str", "the group; run for all of them, unknown where it is not known", names="group")

# -- tables ----------------------------------------------------------------------------------------------------
_AREA = (area_kind, area_code)
_LAND = (n_sites, n_locations, f.parcel_area_m2, f.buildable_area_m2)
_COMMON = (f.programme_area_m2, f.n_common_low, f.n_common_expected, f.n_common_high)
_HOMES = (
    programme_area_m2, n_common_low, n_common_expected, n_common_high, n_clusters, n_spread_low, n_spread_expected,
    n_spread_high, n_spread_consent_low, n_spread_consent_expected, n_spread_consent_high,
)  # fmt: skip

Totals = Table(
    "Totals",
    ("area_kind", "area_code", "population", "coverage_scope"),
    (
        *_AREA,
        population,
        coverage_scope,
        *_LAND,
        *_HOMES,
        n_sites_unknown,
        n_common_unknown_expected,
        n_common_unknown_high,
    ),
)
Verdicts = Table("Verdicts", ("area_kind", "area_code", "verdict"), (*_AREA, f.verdict, *_LAND, *_COMMON))
Drop = Table(
    "Drop",
    ("rule_id",),
    (
        f.rule_id,
        order,
        replace(f.effect, null="the rule speaks about no site of the run"),
        f.hardness,
        n_sites_covered,
        replace(f.covered_area_m2, null=_NOT_TOLD),
        replace(f.attributed_area_m2, null=_NOT_TOLD),
        replace(f.unique_area_m2, null=_NOT_TOLD),
        n_sites_lost_first,
        parcel_area_m2_lost_first,
        n_sites_lost_only,
        n_sites_near_miss,
        near_miss_area_m2,
        n_common_near_miss,
        n_sites_not_covered,
    ),
)
Requirements = Table(
    "Requirements",
    ("flexmilieu", "criterion"),
    (f.flexmilieu, criterion, n_sites_judged, n_sites_failed, n_common_failed, n_sites_unsure),
)
Ownership = Table(
    "Ownership",
    ("population", "owner_class", "tenure"),
    (
        population,
        replace(f.owner_class, null=None),
        replace(f.tenure, null=None),
        *_LAND,
        *_COMMON,
        share_of_sites,
    ),
)
Variants = Table(
    "Variants",
    ("variant", "population"),
    (
        variant,
        population,
        *_LAND,
        *_HOMES,
        n_sites_unknown,
        n_sites_gained,
        n_sites_lost,
        change_n_sites,
        change_n_common_expected,
        change_n_spread_expected,
        change_buildable_area_m2,
    ),
)
Transit = Table(
    "Transit",
    ("area_kind", "area_code", "variant", "quantity"),
    (*_AREA, reach, quantity, total, stays, falls, unknown, share_falls, share_falls_low, share_falls_high),
)
Anchors = Table("Anchors", ("anchor",), (anchor, published, sense, found_low, found_high))
RoofTotals = Table(
    "RoofTotals",
    ("age_rule", "roof_variant", "verdict"),
    (
        r.age_rule,
        r.roof_variant,
        f.verdict,
        n_buildings,
        replace(f.n_units_low, null="evidence is missing"),
        replace(f.n_units_expected, null="the verdict is unknown"),
        replace(f.n_units_high, null="evidence is missing"),
        replace(r.extra_floor_area_m2, null="no building of the row has a known number"),
    ),
)
RoofGroups = Table(
    "RoofGroups",
    ("group_kind", "group_code", "block_type", "verdict"),
    (
        group_kind,
        group_code,
        replace(r.block_type, null=None, values=(*r.block_type.values, "unknown")),
        *RoofTotals.fields[2:],
    ),
)

SUMMARIES: dict[str, Table] = {
    "totals": Totals,
    "verdicts": Verdicts,
    "drop": Drop,
    "requirements": Requirements,
    "ownership": Ownership,
    "variants": Variants,
    "transit": Transit,
    "anchors": Anchors,
    "roof_totals": RoofTotals,
    "roof_groups": RoofGroups,
}
"""The tables by the names of their files."""
