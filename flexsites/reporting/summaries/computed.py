"""Summing tables of a run, computed stretch by stretch: what is held grows with the areas and locations of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from flexsites.reporting.names import homes_per_ha_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.summaries.drop import DropPart, join_drop, part_of_drop, part_of_near_misses
from flexsites.reporting.summaries.parts import AREA_KINDS, Part
from flexsites.reporting.summaries.portfolio import headline
from flexsites.reporting.summaries.requirements import join_requirements, part_of_requirements
from flexsites.reporting.summaries.roofs import (
    join_roof_groups,
    join_roof_totals,
    part_of_roof_groups,
    part_of_roof_totals,
)
from flexsites.reporting.summaries.stretches import BASE, Aside, Stretch, named, stretches, variants_of
from flexsites.reporting.summaries.totals import AREAS, COMMON, SPREAD, join_totals, part_of_totals
from flexsites.reporting.summaries.transit import TransitPart, join_transit, part_of_transit
from flexsites.reporting.summaries.variants import VariantPart, join_variants, part_of_variant
from flexsites.reporting.summaries.verdicts import (
    join_ownership,
    join_verdicts,
    part_of_ownership,
    part_of_verdicts,
)
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE, counts

_CODES = ("gemeente_code", "provincie_code", "buurt_code")
_COUNTED = ("site_id", "location_id", "verdict", *_CODES, "is_suitable", *AREAS, *COMMON)
_JUDGED = (*_COUNTED, "is_suitable_demanding", "plan_coverage", "provincial_coverage")
_OUTCOME = ("site_id", "flexmilieu", "is_suitable")
_CLUSTERS = ("site_id", "flexmilieu", "consent", *SPREAD)
_LEDGER = (
    "site_id", "rule_id", "effect", "hardness", "covered_area_m2", "attributed_area_m2", "unique_area_m2",
)  # fmt: skip
_PIECES = ("piece_id", "site_id", "core_area_m2", "is_valid", "is_with_consent", "is_without_consent")
_UNITS = (
    "bag_pand_id", "age_rule", "roof_variant", "verdict", "block_type", "roof_quality", "n_units_low",
    "n_units_expected", "n_units_high", "extra_floor_area_m2",
)  # fmt: skip


def flexmilieus_of(results: Results) -> tuple[str, ...]:
    """Return the flexmilieus in the order of the configuration; by name where the run tells no order."""
    if results.flexmilieus:
        return results.flexmilieus
    chunks = results.chunks("suitability", columns=["flexmilieu"])
    return tuple(sorted({str(name) for rows in chunks for name in rows["flexmilieu"].unique()}))


def _totals(results: Results) -> Frame:
    order = flexmilieus_of(results)
    clusters = _clusters(results, BASE)

    def parts() -> Iterator[Part]:
        """Yield what each stretch adds."""
        for one in stretches(results, _JUDGED):
            yield part_of_totals(
                one.sites, one.rows("suitability", _OUTCOME),
                order=order, places=one.places(), clusters=_started(clusters, one),
            )  # fmt: skip

    return join_totals(parts(), order=order)


def _verdicts(results: Results) -> Frame:
    return join_verdicts(part_of_verdicts(one.sites, places=one.places()) for one in stretches(results, _COUNTED))


def _ownership(results: Results) -> Frame:
    asked = (*_COUNTED, "owner_class", "tenure")
    return join_ownership(part_of_ownership(one.sites, places=one.places()) for one in stretches(results, asked))


def _requirements(results: Results) -> Frame:
    judged = (*_OUTCOME, "failed_criterion", "unknown_criteria")
    asked = ("site_id", "verdict", "n_common_expected")
    return join_requirements(
        part_of_requirements(one.rows("suitability", judged), one.sites) for one in stretches(results, asked)
    )


def _drop(results: Results) -> Frame:
    """Tell what each rule takes, with the near misses where the run looked for them."""
    order, per_ha = results.rules, homes_per_ha_of(results)

    def parts() -> Iterator[DropPart]:
        """Yield what the rules take of each stretch."""
        for one in stretches(results, ("site_id", "verdict", "parcel_area_m2", "rule_coverage_id")):
            yield part_of_drop(one.sites, one.rows("reasons", _LEDGER), rule_order=order)

    asked = ["rule_id", "site_id", "is_valid", "core_area_m2"]
    missed = None
    if results.has("near_misses"):
        missed = (part_of_near_misses(rows[asked]) for rows in results.chunks("near_misses", columns=asked))
    return join_drop(
        parts(), missed,
        rule_coverage=results.table("rule_coverage"), rule_order=order,
        homes_per_ha=None if per_ha is None else per_ha[1],
    )  # fmt: skip


def _variants(results: Results) -> Frame:
    """Set the variants side by side, each with its own pieces."""
    order = flexmilieus_of(results)

    def parts(variant: str) -> Iterator[VariantPart]:
        """Yield what each stretch of a variant adds."""
        clusters = _clusters(results, variant)
        for of_base in stretches(results, ("site_id", "verdict", "is_suitable")):
            one = of_base.of(variant, _JUDGED)
            yield part_of_variant(
                one.sites, one.rows("suitability", _OUTCOME), of_base.sites,
                order=order, places=one.places(), clusters=_started(clusters, one),
            )  # fmt: skip

    return join_variants({name: parts(name) for name in variants_of(results)}, order=order)


def _transit(results: Results) -> Frame:
    """Run the diagnostic; a mode that the run did not measure leaves unknown what the others do not decide."""
    diagnostic = presentation().transit
    there = set[str]()
    for rows in results.chunks("accessibility", columns=["measure"]):
        there.update(rows["measure"].unique())
    measures = {mode: measure for mode, measure in diagnostic.measures.items() if measure in there}
    reaches = {
        name: {mode: float(metres) for mode, metres in reach.items()}
        for name, reach in diagnostic.reaches.items()
        if any(mode in measures for mode in reach)
    }

    def parts() -> Iterator[TransitPart]:
        """Yield what each stretch adds, of the measures that were taken."""
        asked = ("site_id", "location_id", "verdict", *_CODES, "programme_area_m2", "n_common_expected")
        for one in stretches(results, asked):
            pieces = one.rows("pieces", _PIECES)
            counting = pieces[counts(pieces, one.sites["site_id"], one.sites["verdict"])]
            yield part_of_transit(
                one.sites, _measured(one, pieces, counting, set(measures.values())),
                measures=measures, reaches=reaches, area_kinds=AREA_KINDS, places=one.places(), pieces=counting,
            )  # fmt: skip

    return join_transit(parts(), measures=measures, reaches=reaches, area_kinds=AREA_KINDS)


def _measured(one: Stretch, pieces: Frame, counting: Frame, measures: set[str]) -> Frame:
    """Return the measures asked for of pieces that count or lie in a location: no other lends its stop to any."""
    located = pieces.loc[(pieces["is_valid"] & pieces["is_with_consent"]).to_numpy(dtype=bool), "piece_id"]
    asked = ("piece_id", "site_id", "measure", "value", "status", "complete_to_m")
    access = one.rows("accessibility", asked)
    ids = pd.concat([located, counting["piece_id"]])
    return access[access["measure"].isin(measures) & access["piece_id"].isin(ids)]


def available_places(results: Results) -> tuple[Frame, Frame | None]:
    """Return the available sites with owner and gemeente, and the locations of their pieces."""
    asked = ("site_id", "location_id", "verdict", "is_suitable", "owner_class", "gemeente_code")
    sites, places = list[Frame](), list[Frame]()
    for one in stretches(results, asked):
        available = one.sites[one.sites["verdict"].isin(AVAILABLE)]
        sites.append(available)
        if (here := one.places()) is not None:
            places.append(here.loc[here["site_id"].isin(available["site_id"]), ["site_id", "location_id"]])
    return pd.concat(sites, ignore_index=True), pd.concat(places, ignore_index=True) if places else None


def _roof_totals(results: Results) -> Frame:
    return join_roof_totals(part_of_roof_totals(rows) for rows in _roof_units(results))


def _roof_groups(results: Results) -> Frame:
    at, of_roof = headline(results), ["bag_pand_id", "gemeente_code", "owner_class"]

    def parts() -> Iterator[Frame]:
        for rows in _roof_units(results):
            ids = rows["bag_pand_id"]
            low, high = (ids.min(), ids.max()) if len(ids) else ("", "")
            roofs = results.between("roofs", "bag_pand_id", low, high, of_roof)
            yield part_of_roof_groups(roofs, rows, headline=at)

    return join_roof_groups(parts())


def _roof_units(results: Results) -> Iterator[Frame]:
    yield from results.chunks("roof_units", columns=_UNITS)


def _clusters(results: Results, variant: str) -> Aside | None:
    """Return the clusters of spread supply of a reading; None: the run tells none."""
    name = named(variant, "clusters")
    return Aside(results, name, _CLUSTERS) if results.has(name) else None


def _started(clusters: Aside | None, one: Stretch) -> Frame | None:
    return None if clusters is None else clusters.of(one)


COMPUTED: Mapping[str, Callable[[Results], Frame]] = {
    "totals": _totals,
    "verdicts": _verdicts,
    "drop": _drop,
    "requirements": _requirements,
    "ownership": _ownership,
    "variants": _variants,
    "transit": _transit,
    "roof_totals": _roof_totals,
    "roof_groups": _roof_groups,
}
"""How each summing table is computed from a run."""
