"""What the map knows of a building or a complex for topping up, and tells: why yes, why not, what is unknown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from flexsites.reporting.maps.classes import Class, Colouring, by_homes, by_owner, by_verdict, is_, of_verdict
from flexsites.reporting.maps.display import boxes, in_degrees
from flexsites.reporting.maps.parcels import coded, plain
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, records
from flexsites.reporting.story.explain_roof import has_and_asks
from flexsites.reporting.summaries.portfolio import VERDICTS, complex_of, headline
from flexsites.reporting.table_view import entries, table_view
from flexsites.reporting.words import Words
from flexsites.tables import Complexes, Frame, Lookalikes, Roofs, RoofUnits

UNITS = ("n_units_low", "n_units_expected", "n_units_high")
_STOREYS = ("n_storeys_added_low", "n_storeys_added_expected", "n_storeys_added_high")
_ADDED = ("extra_floor_area_m2", "lift_measure")
_OF_ROOF = (
    "n_dwellings", "year_built", "n_storeys", "building_height_m", "block_type", "usable_roof_area_m2",
    "roof_flat_share", "owner_class", "transit_class",
)  # fmt: skip
_OF_COMPLEX = (
    "rank", "n_buildings", "extra_floor_area_m2", "n_dwellings", "year_from", "year_until", "n_storeys_min",
    "n_storeys_max", "block_type", "block_form", "owner_class", "lift_measure", "failed_rules", "missing_evidence",
    "series_confidence", "series_n_storeys",
)  # fmt: skip
_UNKNOWN = "_unknown"
"""How the flag of a rule ends of which it is not known."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what a click tells.

    Attributes
    ----------
    title
        Empty: none.
    rows
        A term and what it is; where that is empty the term stands alone.
    note
        A sentence before the rows; empty: none.
    is_folded
        Whether its title alone is shown until it is asked for.
    """

    title: str
    rows: Sequence[tuple[str, str]] = ()
    note: str = ""
    is_folded: bool = False


def properties_of_roofs(results: Results, roofs: Frame) -> pd.DataFrame:
    """Return what classes and search go by, a row per building; null stays null.

    Returns
    -------
        ``id, verdict, homes`` (expected) and ``storeys`` (added, expected) at the headline, ``owner``, ``location``
        (the complex; null: it stands alone), and per other way of topping up its verdict, ``w:<age rule>/<variant>``.
    """
    told = pd.DataFrame(
        {
            "id": roofs["bag_pand_id"],
            "verdict": roofs["verdict"],
            "homes": roofs["n_units_expected"].astype("Float64"),
            "storeys": pd.Series(pd.NA, index=roofs.index, dtype="Float64"),
            "owner": roofs["owner_class"],
            "location": _complexes_of(results, roofs),
        },
        index=roofs.index,
    )
    if not results.has("roof_units"):
        return told
    own = ["bag_pand_id", "age_rule", "roof_variant", "verdict", "n_storeys_added_expected"]
    at, units = headline(results), results.columns("roof_units", own)
    for (age_rule, roof_variant), rows in units.groupby(["age_rule", "roof_variant"], sort=True, observed=True):
        by_id = rows.set_index("bag_pand_id")
        if (age_rule, roof_variant) == at:
            told["storeys"] = told["id"].map(by_id["n_storeys_added_expected"]).astype("Float64")
        else:
            told[f"w:{age_rule}/{roof_variant}"] = told["id"].map(by_id["verdict"])
    return told


def _complexes_of(results: Results, roofs: Frame) -> pd.Series[Any]:
    """Return the complex of each building; null: a building of its own, in no complex of the owner's."""
    named = pd.DataFrame(roofs[[one for one in ("bag_pand_id", "owner_complex_code") if one in roofs]])
    n_buildings = pd.Series(1, index=roofs.index)
    if results.has("complexes"):
        found = results.columns("complexes", ["bag_pand_id", "complex_id", "n_buildings"]).set_index("bag_pand_id")
        named = named.assign(complex_id=named["bag_pand_id"].map(found["complex_id"]))
        n_buildings = named["bag_pand_id"].map(found["n_buildings"]).fillna(1)
    found_as = complex_of(named)
    is_alone = found_as.eq(named.get("complex_id", named["bag_pand_id"])) & n_buildings.eq(1)
    return found_as.mask(is_alone)


def roof_colourings(properties: Frame, words: Words) -> list[Colouring]:
    """Return the ways to colour a map of buildings: at the headline, and by verdict in each other way of topping up."""
    others = sorted(str(name) for name in properties if str(name).startswith("w:"))
    return [
        by_verdict(words),
        by_homes(properties, words, words.text("map_roofs.by_units")),
        _by_storeys(properties, words),
        by_owner(words),
        *(_by_way(name, words) for name in others),
    ]


def _by_way(name: str, words: Words) -> Colouring:
    age_rule, roof_variant = name.removeprefix("w:").split("/")
    label = words.text(
        "map_roofs.by_way", age_rule=words.name("age_rule", age_rule), variant=words.name("roof_variant", roof_variant)
    )
    return Colouring(name, label, [of_verdict(key, words, is_(name, key)) for key in presentation().colours.verdict])


def _by_storeys(properties: Frame, words: Words) -> Colouring:
    """Return a class per number of storeys that is added where a building qualifies."""
    colours = presentation().colours
    is_open: list[Any] = ["in", ["get", "verdict"], ["literal", ["eligible", "conditional"]]]
    there = sorted(properties["storeys"].dropna().unique())
    classes = [
        Class(f"storeys{n:.0f}", words.number(n), colours.ramp[min(i, len(colours.ramp) - 1)], "",
              ["all", is_open, is_("storeys", int(n))])
        for i, n in enumerate(there)
    ]  # fmt: skip
    unknown = ["any", is_("verdict", "unknown"), ["all", is_open, is_("storeys", None)]]
    return Colouring(
        "storeys",
        words.text("map_roofs.by_storeys"),
        [*classes, of_verdict("unknown", words, unknown), of_verdict("excluded", words)],
    )


def told_of_roof(results: Results, words: Words, place: tuple[str, str]) -> dict[str, Any]:
    """Return what a click tells of a building, ready for JSON: columns, each of one row.

    Parameters
    ----------
    results
        The run, of this building alone.
    words
        The language.
    place
        Its address or street, and its municipality.
    """
    roofs = results.table("roofs")
    properties = properties_of_roofs(results, roofs)
    roof, reasons = next(records(roofs)), _reasons(results)
    return _told(properties, place, boxes(in_degrees(gpd.GeoSeries(roofs.geometry).to_numpy(), 0.0)), [
        _conclusion(results, roof, words),
        *_against(roof, reasons, words),
        _facts(results, words),
        *_ways(results, words),
        *_attention(roof, reasons, words),
    ])  # fmt: skip


def told_of_complex(row: Frame, words: Words, place: tuple[str, str], box: list[int]) -> dict[str, Any]:
    """Return what a click tells of a complex; ``row`` is its one row of complexes, ``box`` in micro-degrees."""
    own = next(records(row))
    names = [name for name in _OF_COMPLEX if name in row]
    shown = table_view(row, names, words, RoofUnits, Roofs, Complexes, Lookalikes)
    first = [(words.text("map_roofs.homes"), counted(_bounds(own, UNITS), words))]
    cells = [(one.heading, cell) for one, cell in zip(shown.columns, shown.rows[0], strict=True) if cell]
    counts = [(words.name("verdict", one), words.number(getattr(own, f"n_{one}"))) for one in VERDICTS]
    properties = pd.DataFrame(
        {"id": [own.complex], "verdict": [own.verdict], "homes": [own.n_units_expected], "location": [own.complex]}
    )
    sections = [
        Section("", [*first, *cells], words.text("map_roofs.best_of")),
        Section(words.text("map_roofs.buildings_by_verdict"), counts),
    ]
    return _told(properties, place, [box], sections)


def _told(
    properties: pd.DataFrame, place: tuple[str, str], box: list[list[int]], sections: Sequence[Section]
) -> dict[str, Any]:
    """Return one row in the form that the page reads parcels in, with its sections."""
    return {
        "properties": {str(name): plain(properties[name]) for name in properties},
        "street": coded(place[:1]),
        "place": coded(place[1:]),
        "box": box,
        "panel": [],
        "why": {"rules": [], "of": [[]]},
        "unchecked": coded([""]),
        "sheets": [],
        "locations": {"id": [], "panel": [], "flexmilieus": {}},
        "sections": [[asdict(one) for one in sections]],
    }


def _reasons(results: Results) -> dict[str, Any]:
    """Return the outcome of every rule on a building, by rule."""
    if not results.has("roof_reasons"):
        return {}
    return {row.rule_id: row for row in records(results.table("roof_reasons"))}


def _conclusion(results: Results, roof: Any, words: Words) -> Section:  # noqa: ANN401 - a record of Roofs
    """Return the verdict in a sentence, and at which rule and way of topping up it holds."""
    said = words.text(f"map_roofs.verdict_{roof.verdict}")
    if not results.has("roof_units"):
        return Section("", note=said)
    age_rule, roof_variant = headline(results)
    way = {"age_rule": words.name("age_rule", age_rule), "variant": words.name("roof_variant", roof_variant)}
    return Section("", note=f"{said} {words.text('map_roofs.at_headline', **way)}")


def _against(roof: Any, reasons: dict[str, Any], words: Words) -> Iterator[Section]:  # noqa: ANN401
    """Give the rules that fail with what the building has and what is asked, what needs consent, what is missing."""
    if failed := entries(roof.failed_rules):
        rows = [(words.name("rule", one), _has_asks(reasons.get(one), words)) for one in failed]
        yield Section(words.text("map_roofs.why_not"), rows)
    asks = [one.rule_id for one in reasons.values() if one.effect == "restrict" and one.outcome == "failed"]
    if asks:
        yield Section(words.text("map_roofs.consent"), [(words.name("rule", one), "") for one in asks])
    if missing := entries(roof.missing_evidence):
        yield Section(words.text("map_roofs.missing"), [(words.name("evidence", one), "") for one in missing])


def _has_asks(reason: Any, words: Words) -> str:  # noqa: ANN401 - a record of RoofReasons
    """Return what the building has of a rule and what is asked; empty where no figure decides."""
    told = [] if reason is None else has_and_asks(reason, words)
    return words.text("map_roofs.has_asks", has=told[0], asks=told[1]) if len(told) > 1 else "".join(told)


def _facts(results: Results, words: Words) -> Section:
    """Return homes, storeys and what else is known of a building; of an excluded one no homes are told."""
    roofs = results.table("roofs")
    roof, rows = next(records(roofs)), list[tuple[str, str]]()
    at = _at_headline(results)
    if roof.verdict != "excluded":
        rows.append((words.text("map_roofs.homes"), counted(_bounds(roof, UNITS), words)))
        if at is not None:
            own = next(records(at))
            rows.append((words.text("map_roofs.storeys"), counted(_bounds(own, _STOREYS), words)))
            rows += _cells(at, _ADDED, words)
    return Section(words.text("map_roofs.facts"), [*rows, *_cells(roofs, _OF_ROOF, words)])


def _cells(frame: Frame, names: Sequence[str], words: Words) -> list[tuple[str, str]]:
    """Return columns of one row with their headings; what does not apply is left out."""
    shown = table_view(frame, [name for name in names if name in frame], words, RoofUnits, Roofs)
    return [(one.heading, cell) for one, cell in zip(shown.columns, shown.rows[0], strict=True) if cell]


def _at_headline(results: Results) -> Frame | None:
    """Return what may be added to a building at the headline; None where the run does not tell."""
    if not results.has("roof_units"):
        return None
    units, (age_rule, roof_variant) = results.table("roof_units"), headline(results)
    own = units[units["age_rule"].eq(age_rule) & units["roof_variant"].eq(roof_variant)]
    return own if len(own) else None


def _ways(results: Results, words: Words) -> Iterator[Section]:
    """Give every way of topping up with its verdict and homes: alternatives, which do not add up."""
    if not results.has("roof_units"):
        return
    rows = []
    for row in records(results.table("roof_units").sort_values(["age_rule", "roof_variant"])):
        verdict = words.name("verdict", row.verdict)
        homes = counted(_bounds(row, UNITS), words)
        what = verdict if row.verdict == "excluded" else f"{verdict}: {words.text('homes', n=homes)}"
        rows.append((f"{words.name('age_rule', row.age_rule)}, {words.name('roof_variant', row.roof_variant)}", what))
    yield Section(words.text("map_roofs.ways"), rows, words.text("map_roofs.ways_note"), is_folded=True)


def _attention(roof: Any, reasons: dict[str, Any], words: Words) -> Iterator[Section]:  # noqa: ANN401
    """Give points of attention, those of which it is not known apart, and the rules that a building meets."""
    flags = entries(roof.flags)
    marked = [words.entry("rule", one) for one in flags if not one.endswith(_UNKNOWN)]
    unseen = [words.name("rule", one.removesuffix(_UNKNOWN)) for one in flags if one.endswith(_UNKNOWN)]
    met = [one for one in reasons.values() if one.effect == "exclude" and one.outcome == "met"]
    if marked:
        yield Section(words.text("map_roofs.attention"), [(one, "") for one in marked])
    if unseen:
        title = words.text("map_roofs.unseen", n=words.number(len(unseen)))
        yield Section(title, [(one, "") for one in unseen], is_folded=True)
    if met:
        rows = [(words.name("rule", one.rule_id), _has_asks(one, words)) for one in met]
        title = words.text("map_roofs.met", n=words.number(len(met)))
        yield Section(title, rows, words.text("map_roofs.met_note"), is_folded=True)


def _bounds(row: Any, names: Sequence[str]) -> list[Any]:  # noqa: ANN401 - a record
    return [getattr(row, name) for name in names]


def counted(bounds: Sequence[Any], words: Words) -> str:
    """Write a count by its low, expected and high bounds; of one that is not known what it is at most, where that is.

    Examples
    --------
    >>> words = Words("en")
    >>> counted([2, 4, 6], words), counted([0, None, 8], words), counted([None, None, None], words)
    ('4 (2 – 6)', 'unknown (at most 8)', 'unknown')
    """
    low, expected, high = bounds
    if not pd.isna(expected):
        return f"{words.number(expected)} ({words.span(low, high)})"
    if pd.isna(high):
        return words.unknown
    return words.text("map_roofs.at_most", unknown=words.unknown, high=words.number(high))
