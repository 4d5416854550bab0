"""Demand for homes, and the supply that is matched to it: columns and tables (METHOD 5)."""

from __future__ import annotations

from flexsites.tables import parcel_fields as f
from flexsites.tables.contract import Table
from flexsites.tables.field import Field

# -- fields ----------------------------------------------------------------------------------------------------
target_group = Field("target_group", "str", "an id of configs/target_groups", names="target_group")
gemeente_of_demand = Field("gemeente_code", "str", "the municipality that asks for homes, e.g. GM0363", format="code")
n_homes_asked = Field("n_homes_asked", "int", "homes asked for", low=0, kind="extensive")
n_homes_given = Field("n_homes_given", "int", "homes of the site that the group is given", low=1, kind="extensive")
n_homes_met = Field(
    "n_homes_met",
    "int",
    "homes given on sites known to be available and suitable; no land counts twice",
    null="the run has no site in this municipality",
    low=0,
    kind="extensive",
)
n_homes_possible = Field(
    "n_homes_possible",
    "int",
    "homes met besides, at most, if every unknown site turned out to be available and suitable",
    null="the run has no site in this municipality",
    low=0,
    kind="extensive",
)
n_homes_unmet = Field(
    "n_homes_unmet",
    "int",
    "homes asked that the sites of the run do not meet, whatever is still unknown",
    null="the run has no site in this municipality",
    low=0,
    kind="extensive",
)
n_homes_fit = Field(
    "n_homes_fit",
    "int",
    "homes on sites known to suit if all of them were for this group: groups overlap, never added",
    null="the run has no site in this municipality",
    low=0,
    kind="intensive",
)
n_sites_given = Field(
    "n_sites",
    "int",
    "sites on which it is met",
    null="as n_homes_met",
    low=0,
    kind="intensive",
)
demand_outcome = Field(
    "demand_outcome",
    "str",
    "what became of the demand; unknown: the rest hangs on sites of which it is not known whether they suit",
    values=("met", "partly", "unknown", "unmet", "no_flexmilieu", "not_assessed"),
    names="demand_outcome",
)
is_most = Field("is_most", "bool", "proven: no other choice of sites meets more of the municipality's demand")

Demand = Table("Demand", ("gemeente_code", "target_group"), (gemeente_of_demand, target_group, n_homes_asked))
DemandSites = Table(
    "DemandSites",
    ("gemeente_code", "site_id", "target_group"),
    (
        gemeente_of_demand,
        f.site_id,
        target_group,
        f.flexmilieu,
        n_homes_given,
        f.n_per_cluster_expected,
        f.score,
        f.rank,
        is_most,
    ),
)
DemandTotals = Table(
    "DemandTotals",
    ("gemeente_code", "target_group"),
    (
        gemeente_of_demand,
        target_group,
        n_homes_asked,
        n_homes_met,
        n_homes_possible,
        n_homes_unmet,
        n_homes_fit,
        n_sites_given,
        demand_outcome,
        is_most,
    ),
)
