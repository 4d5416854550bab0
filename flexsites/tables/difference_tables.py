"""What differs between two runs: columns and tables. A site is a parcel known to be available and suitable."""

from __future__ import annotations

from dataclasses import replace

from flexsites.tables import parcel_fields as f
from flexsites.tables.contract import Table
from flexsites.tables.field import Field

_NOT_THERE = "the parcel is not in that run"

change = Field(
    "change",
    "str",
    "won: a site in the second run only; lost: in the first only",
    values=("won", "lost"),
    names="change",
)
verdict_before = replace(f.verdict, name="verdict_before", null=_NOT_THERE, null_is="not_applicable")
verdict_after = replace(f.verdict, name="verdict_after", null=_NOT_THERE, null_is="not_applicable")
cause_kind = Field(
    "cause_kind",
    "str",
    "what did it: a rule or piece test of exclusion, a requirement of a flexmilieu, what became unknown or known, or "
    "that the parcel is in one run only",
    values=("rule", "criterion", "unknown", "not_in_run", "other"),
    names="cause_kind",
)
cause = Field(
    "cause", "str", "the rule, piece test or requirement", null="no single one did it", format="code", names="cause",
    null_is="none",
)  # fmt: skip
_homes = "common programme of the parcel, 0 where it is no site"
n_homes_before = Field(
    "n_homes_before", "float", f"homes in the first run: {_homes}", low=0, kind="extensive", format="count"
)
n_homes_after = Field(
    "n_homes_after", "float", f"homes in the second run: {_homes}", low=0, kind="extensive", format="count"
)
n_sites_before = Field("n_sites_before", "int", "sites in the first run", low=0, kind="extensive")
n_sites_after = Field("n_sites_after", "int", "sites in the second run", low=0, kind="extensive")
n_sites_won = Field("n_sites_won", "int", "sites that only the second run has", low=0, kind="extensive")
n_sites_lost = Field("n_sites_lost_between", "int", "sites that only the first run has", low=0, kind="extensive")
_gemeente = replace(f.gemeente_code, null="outside every municipality given")

SiteChanges = Table(
    "SiteChanges",
    ("site_id",),
    (f.site_id, _gemeente, change, cause_kind, cause, verdict_before, verdict_after, n_homes_before, n_homes_after),
)
CauseChanges = Table(
    "CauseChanges",
    ("cause_kind", "cause"),
    (cause_kind, replace(cause, null=None), n_sites_won, n_sites_lost, n_homes_before, n_homes_after),
)
GemeenteChanges = Table(
    "GemeenteChanges",
    ("gemeente_code",),
    (
        replace(_gemeente, null=None),
        n_sites_before,
        n_sites_after,
        n_sites_won,
        n_sites_lost,
        n_homes_before,
        n_homes_after,
    ),
)
