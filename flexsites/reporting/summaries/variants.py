"""Variants side by side: what moves in the answer when a choice of the run moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from flexsites.reporting.summaries.parts import Part
from flexsites.reporting.summaries.stretches import BASE
from flexsites.reporting.summaries.sums import Sum
from flexsites.reporting.summaries.totals import join_totals, part_of_totals
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE
from flexsites.tables.summary_tables import Variants

_SCOPES = ("all",)


def compare_variants(
    variants: Mapping[str, tuple[Frame, Frame, Frame | None]],
    *,
    base: str = BASE,
    flexmilieu_order: Sequence[str] | None = None,
    places: Mapping[str, Frame | None] | None = None,
) -> Frame:
    """Set the run-wide totals of each variant beside those of the base.

    Parameters
    ----------
    variants
        Name to its (Sites, Suitability, Clusters), the base included; None: no clusters are told.
    base
        The name of the variant to compare with.
    flexmilieu_order
        As in :func:`totals`.
    places
        Name to where the variant's sites lie, as in :func:`totals`.

    Returns
    -------
        Key ``(variant, population)``: the totals of the run, ``change_n_sites``, ``change_n_common_expected``,
        ``change_n_spread_expected`` and ``change_buildable_area_m2`` against the base, and for the populations
        ``available`` and ``suitable``
        ``n_sites_gained`` and ``n_sites_lost``: sites in the one and not in the other (null for single flexmilieus).

    Raises
    ------
    KeyError
        When the base is not among the variants.
    """
    order = flexmilieu_order
    if order is None:
        order = sorted(set().union(*(suitability["flexmilieu"] for _, suitability, _ in variants.values())))
    parts = {}
    for name, (sites, suitability, clusters) in variants.items():
        where = (places or {}).get(name)
        of_base = variants[base][0]
        parts[name] = [part_of_variant(sites, suitability, of_base, order=order, places=where, clusters=clusters)]
    return join_variants(parts, base=base, order=order)


@dataclass(frozen=True, slots=True)
class VariantPart:
    """What some sites add to a variant: to its totals of the run, and how many moved, per population that spans."""

    totals: Part
    moved: Frame


def part_of_variant(
    sites: Frame,
    suitability: Frame,
    of_base: Frame,
    *,
    order: Sequence[str],
    places: Frame | None = None,
    clusters: Frame | None = None,
) -> VariantPart:
    """Return what some sites add to a variant; ``of_base`` are the same sites in the base."""
    part = part_of_totals(
        sites, suitability,
        area_kinds=("run",), order=order, places=places, clusters=clusters, scopes=_SCOPES,
    )  # fmt: skip
    rows = []
    for name in ("available", "suitable"):
        before, now = _population(of_base, name), _population(sites, name)
        rows.append((name, len(now - before), len(before - now)))
    return VariantPart(part, pd.DataFrame(rows, columns=["population", "n_sites_gained", "n_sites_lost"]))


def join_variants(variants: Mapping[str, Iterable[VariantPart]], *, base: str = BASE, order: Sequence[str]) -> Frame:
    """Return the variants side by side, each of its parts together: the same whatever the parts."""
    return side_by_side([total_variant(name, parts, order=order) for name, parts in variants.items()], base=base)


def total_variant(name: str, parts: Iterable[VariantPart], *, order: Sequence[str]) -> Frame:
    """Return the totals of one variant, all its parts together."""
    moved = Sum(["population"])
    whole = join_totals(_counted(parts, moved), area_kinds=("run",), order=order, scopes=_SCOPES)
    table = whole.drop(columns=["area_kind", "area_code", "coverage_scope"])
    table.insert(0, "variant", name)
    for column, counts in moved.table().items():
        table[str(column)] = table["population"].map(counts).astype("Int64")
    return table


def side_by_side(tables: Sequence[Frame], *, base: str = BASE) -> Frame:
    """Return the totals of variants under each other, with how far they are from those of the base."""
    result = pd.concat(tables, ignore_index=True)
    anchor = result[result["variant"] == base].set_index("population")
    for name in ("n_sites", "n_common_expected", "n_spread_expected", "buildable_area_m2"):
        result[f"change_{name}"] = result[name] - result["population"].map(anchor[name])
    return result[Variants.columns]


def _counted(parts: Iterable[VariantPart], moved: Sum) -> Iterator[Part]:
    """Yield what parts add to the totals, and add up what moved."""
    for part in parts:
        moved.add(part.moved)
        yield part.totals


def _population(sites: Frame, name: str) -> set[str]:
    """Return the ids of the available, or of the suitable, sites."""
    belongs = sites["verdict"].isin(AVAILABLE)
    if name == "suitable":
        belongs &= sites["is_suitable"].fillna(value=False).astype(bool)
    return set(sites.loc[belongs, "site_id"])
