"""How sure a run's answers are, over draws of its figures: columns and tables (METHOD 9)."""

from __future__ import annotations

from dataclasses import replace

from flexsites.tables import parcel_fields as f
from flexsites.tables.contract import Table
from flexsites.tables.field import Field

__all__ = ["FOLDER", "CertaintyGroups", "CertaintyLocations", "CertaintySites", "CertaintySobol", "CertaintyTotals"]

FOLDER = "certainty"
"""Where the tables of draws stand in a run."""

_DRAWS = "METHOD 9: draws"
_NEVER = "in more than one of twenty draws it is not known to suit, and has no rank"

chance_suitable = Field(
    "chance_suitable",
    "float",
    "share of draws in which it is known to suit",
    low=0,
    high=1,
    format="share",
    source=_DRAWS,
)
chance_unknown = Field(
    "chance_unknown",
    "float",
    "share of draws in which it is unknown whether it suits: neither a yes nor a no",
    low=0,
    high=1,
    format="share",
    source=_DRAWS,
)
chance_suitable_demanding = Field(
    "chance_suitable_demanding",
    "float",
    "share of draws in which it is known to suit a flexmilieu that is not marked undemanding",
    low=0,
    high=1,
    format="share",
    source=_DRAWS,
)
chance_top10 = Field(
    "chance_top10",
    "float",
    "share of draws in which its rank is ten or better; one in which more than ten share first place counts for none",
    low=0,
    high=1,
    format="share",
    source=_DRAWS,
)
is_stable = Field("is_stable", "bool", "in the top ten in nine of ten draws", source=_DRAWS)
n_homes_p05, n_homes_p50, n_homes_p95 = (
    Field(
        f"n_homes_{point}",
        "int",
        f"homes that one place here holds, {share} of draws lie at it or below; 0 where it is not known to suit",
        low=0,
        source=_DRAWS,
    )
    for point, share in (("p05", "5 %"), ("p50", "half"), ("p95", "95 %"))
)
rank_p05, rank_p50, rank_p95 = (
    Field(f"rank_{point}", "int", f"rank, {share} of draws lie at it or better", null=null, low=1, source=_DRAWS,
          format="ordinal", null_is="none")
    for point, share, null in (
        ("p05", "5 %", "it suits in fewer than one of twenty draws"),
        ("p50", "half", "it suits in fewer than half of the draws"),
        ("p95", "95 %", _NEVER),
    )
)  # fmt: skip
total = Field(
    "total",
    "str",
    "what is counted: homes of the common programme, homes of spread supply, or suitable locations",
    values=("common", "spread", "locations"),
    names="certainty_total",
)
of_flexmilieu = Field("flexmilieu", "str", "the flexmilieu it is of; all: it spans flexmilieus", names="flexmilieu")
land = Field(
    "land",
    "str",
    "which land is counted: what needs no consent, what needs it, or both; the common programme keeps them apart",
    values=("without", "with", "eligible", "conditional", "available"),
    names="certainty_land",
)
expected = Field("expected", "float", "the run's own figure", low=0, format="count")
p05, p50, p95 = (
    Field(point, "float", f"{share} of draws lie at it or below", low=0, format="count", source=_DRAWS)
    for point, share in (("p05", "5 %"), ("p50", "half"), ("p95", "95 %"))
)
n_draws = Field("n_draws", "int", "draws", low=1)
group = Field("group", "str", "the figures that go up and down together", names="certainty_group")
at_low = Field("at_low", "float", "the total with this group alone at its low figures", low=0, format="count")
at_high = Field("at_high", "float", "the total with this group alone at its high figures", low=0, format="count")
pawn, pawn_p05, pawn_p95 = (
    Field(
        name,
        "float",
        f"how much the group moves the total, 0 not at all, 1 wholly (PAWN){bound}",
        low=0,
        high=1,
        format="score",
        source="[R] Pianosi and Wagener 2018",
    )
    for name, bound in (("pawn", ""), ("pawn_p05", ", 5 % of its bootstrap"), ("pawn_p95", ", 95 % of its bootstrap"))
)

CertaintySites = Table(
    "CertaintySites", ("site_id",), (f.site_id, chance_suitable, chance_unknown, chance_suitable_demanding)
)
CertaintyLocations = Table(
    "CertaintyLocations",
    ("location_id", "flexmilieu"),
    (
        replace(f.location_id, null=None),
        f.flexmilieu,
        chance_suitable,
        chance_unknown,
        n_homes_p05,
        n_homes_p50,
        n_homes_p95,
        rank_p05,
        rank_p50,
        rank_p95,
        chance_top10,
        is_stable,
    ),
)
CertaintyTotals = Table(
    "CertaintyTotals", ("total", "flexmilieu", "land"), (total, of_flexmilieu, land, expected, p05, p50, p95, n_draws)
)
CertaintyGroups = Table(
    "CertaintyGroups",
    ("total", "flexmilieu", "land", "group"),
    (total, of_flexmilieu, land, group, at_low, at_high, pawn, pawn_p05, pawn_p95),
)

total_order, total_order_p05, total_order_p95 = (
    Field(
        name,
        "float",
        f"share of the total's variance that the group has a hand in, alone or with others (Sobol, total order){bound}",
        low=0,
        format="score",
        source="[R] Saltelli and others 2010",
    )
    for name, bound in (
        ("total_order", ""),
        ("total_order_p05", ", 5 % of its bootstrap"),
        ("total_order_p95", ", 95 % of its bootstrap"),
    )
)
n_design = Field("n_design", "int", "size N of the design: N x (groups + 2) answers were given", low=1)
CertaintySobol = Table(
    "CertaintySobol",
    ("total", "flexmilieu", "land", "group"),
    (total, of_flexmilieu, land, group, total_order, total_order_p05, total_order_p95, n_design),
)
