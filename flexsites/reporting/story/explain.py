"""The whole story of one site or roof, rule by rule and criterion by criterion, as plain text (markdown)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flexsites.errors import Fault, NotFoundError
from flexsites.reporting.homes import if_available
from flexsites.reporting.ledger import ledger_of
from flexsites.reporting.names import thresholds_of, words_of
from flexsites.reporting.report.checked import checked_here
from flexsites.reporting.report.exploitation import exploitation_lines
from flexsites.reporting.report.scores import score_lines
from flexsites.reporting.results import Results, open_results, records, row_at
from flexsites.reporting.story.explain_roof import explain_roof
from flexsites.reporting.table_view import entries
from flexsites.reporting.why import MARKING, marks_elsewhere
from flexsites.reporting.words import Words, unit_in
from flexsites.tables import Frame

_NEAR_IDS = 5
_SAME = 1e-6
_OF_ENTRANCE = ("has_borrowed_entrance", "needs_culvert", "needs_right_of_way")


def explain(directory: Path | str, site_id: str, lang: str = "nl") -> str:
    """Tell the whole story of one site or roof.

    Parameters
    ----------
    directory
        The run's directory.
    site_id
        A parcel's ``site_id`` or a building's ``bag_pand_id``.
    lang
        ``nl`` or ``en``.

    Returns
    -------
        Markdown that reads as plain text.

    Raises
    ------
    NotFoundError
        When the run has no such site, naming ids that look like it.
    InputError
        When the directory holds no results.
    """
    results = open_results(directory)
    words = words_of(results, lang)
    asked = site_id.strip()
    if results.has_sites and (results.table("sites")["site_id"] == asked).any():
        return story(results, asked, words)
    if results.has_roofs and (results.table("roofs")["bag_pand_id"] == asked).any():
        return explain_roof(results, asked, words)
    raise NotFoundError(_not_found(results, asked))


def _not_found(results: Results, asked: str) -> Fault:
    """Return the fault that names the nearest ids."""
    ids: list[str] = []
    for name, key in (("sites", "site_id"), ("roofs", "bag_pand_id")):
        if results.has(name):
            ids.extend(results.table(name)[key])
    within = [known for known in ids if asked and (asked in known or known in asked)][:_NEAR_IDS]
    near = within or difflib.get_close_matches(asked, ids, n=_NEAR_IDS, cutoff=0.6)
    hint = f"; near it: {', '.join(near)}" if near else ""
    return Fault(
        f"no site or roof '{asked}' among {len(ids):,}{hint}", str(results.directory), "give an id of this run"
    )


def story(results: Results, site_id: str, words: Words) -> str:
    """Return the story of a parcel that the run has, as Markdown."""
    site = _rows(results.table("sites"), site_id).iloc[0]
    lines = [f"# {words.text('explain.title', id=site_id)}", "", *(f"- {fact}" for fact in _facts(site, words))]
    for title, body in (
        ("rules", _rules(results, site, words)),
        ("pieces", _pieces(results, site_id, words)),
        ("access", _access(results, site_id, words)),
        ("units", _units(results, site, words)),
        ("criteria", _criteria(results, site, words)),
        ("score", score_lines(results, site_id, words)),
        ("exploitation", exploitation_lines(results, site, words)),
        ("conclusion", [*_conclusion(results, site, words), *_demand(results, site_id, words)]),
    ):
        if body:
            lines += ["", f"## {words.text(f'explain.{title}')}", "", *(f"- {line}" for line in body)]
    return "\n".join([*lines, "", words.text("answer.pbl_short"), "", words.text("report.screening_note"), ""])


def _rows(table: Frame, site_id: str) -> Frame:
    return table[table["site_id"] == site_id]


def _facts(site: pd.Series[Any], words: Words) -> list[str]:
    """Return what the parcel is."""
    parcel, buildable = words.square_metres(site["parcel_area_m2"]), words.square_metres(site["buildable_area_m2"])
    free = words.square_metres(site["buildable_without_consent_m2"])
    free = "" if free == buildable else words.text("explain.area_free", area=free)
    n_pieces = words.number(site["n_pieces"])
    area = words.text("explain.area_line", parcel=parcel, buildable=buildable, free=free, n=n_pieces)
    registered = words.text("explain.registered", area=words.square_metres(site["registered_area_m2"]))
    place = {
        "gemeente": words.name("area", site["gemeente_code"]),
        "provincie": words.name("area", site["provincie_code"]),
        "location": words.unknown if pd.isna(site["location_id"]) else site["location_id"],
    }
    if site["verdict"] == "excluded":
        place["location"] = words.text("none")
    owner = words.name("owner", site["owner_class"]), words.name("tenure", site["tenure"])
    return [
        f"{words.text('explain.verdict')}: **{words.name('verdict', site['verdict'])}**",
        checked_here(site, words),
        f"{words.text('explain.area')}: {area}; {registered}",
        words.text("explain.place_line", **place),
        words.text("explain.owner_line", owner=owner[0], tenure=owner[1]),
    ]


def _rules(results: Results, site: pd.Series[Any], words: Words) -> list[str]:
    """Return the ledger in the order of the rules, and that it closes."""
    if not results.has("reasons"):
        return []
    place = {rule: i for i, rule in enumerate(results.rules)}
    own = ledger_of(results, site["site_id"])
    own = own.assign(_place=own["rule_id"].map(place).fillna(len(place))).sort_values(["_place", "rule_id"])
    taken = words.square_metres(own["attributed_area_m2"].sum())
    whole = words.square_metres(site["parcel_area_m2"])
    buildable = words.square_metres(site["buildable_area_m2"])
    closes = words.text("explain.closes", buildable=buildable, attributed=taken, total=whole)
    return [*(_rule_line(row, words) for row in records(own)), closes]


def _rule_line(row: Any, words: Words) -> str:  # noqa: ANN401 - a record of Reasons
    """Return what one rule does to the parcel; a rule that only marks takes nothing, and no figure says it does."""
    rule, effect = words.name("rule", row.rule_id), words.name("effect", row.effect)
    if row.coverage == "not":
        return words.text("explain.rule_not_covered", rule=rule, effect=effect)
    areas = {"covered": row.covered_area_m2, "first": row.attributed_area_m2, "only": row.unique_area_m2}
    written = {key: words.square_metres(area) for key, area in areas.items()}
    if row.effect in MARKING:
        line = words.text("explain.mark_line", rule=rule, effect=effect, covered=written["covered"])
    else:
        line = words.text("explain.rule_line", rule=rule, effect=effect, **written)
    if row.coverage == "covered":
        return line
    return f"{line}; {words.text('explain.rule_unknown', coverage=words.name('coverage', row.coverage))}"


def _pieces(results: Results, site_id: str, words: Words) -> list[str]:
    """Return each piece: its size, its entrance where one was found, and the test it fails.

    A piece that is too small or too thin is not asked for an entrance: nothing is said of its road.
    """
    if not results.has("pieces"):
        return []
    lines = []
    for row in records(_rows(results.table("pieces"), site_id).sort_values(["piece_number", "piece_id"])):
        size = {"area": words.square_metres(row.piece_area_m2), "core": words.square_metres(row.core_area_m2)}
        end = words.text("explain.piece_valid")
        if row.is_unknown:
            end = words.text("explain.piece_unknown")
        elif not row.is_valid:
            end = words.text("explain.piece_failed", test=words.name("failed_test", row.failed_test))
        free = "" if row.is_with_consent else f" ({words.name('consent', 'without')})"
        told = [words.text("explain.piece_line", id=f"{row.piece_id}{free}", **size)]
        if not pd.isna(row.road_distance_m):
            told.append(words.text("explain.piece_road", metres=words.number(row.road_distance_m)))
        told += [words.heading(need) for need in _OF_ENTRANCE if getattr(row, need)]
        lines.append(f"{', '.join(told)}; {end}")
    return lines


def _access(results: Results, site_id: str, words: Words) -> list[str]:
    """Return every measure of every piece; unreached is a no, unknown is not."""
    if not results.has("accessibility"):
        return []
    own = _rows(results.table("accessibility"), site_id).sort_values(["piece_id", "measure"])
    several = len(set(own["piece_id"])) > 1
    lines = []
    for row in records(own):
        value = measured(row, words)
        if row.is_truncated and row.status == "reached":
            key = "explain.truncated_distance" if unit_in(row.measure) else "explain.truncated"
            value += f" ({words.text(key)})"
        line = words.text("explain.access_line", measure=words.name("measure", row.measure), value=value)
        lines.append(f"{row.piece_id}: {line}" if several else line)
    return lines


def measured(row: Any, words: Words) -> str:  # noqa: ANN401 - a record of Accessibility
    """Return a measured value with its unit, or why there is none."""
    measure, value, status, why = row.measure, row.value, row.status, row.why
    if status == "unreached":
        return words.text("explain.unreached")
    if status == "unknown":
        return words.text("explain.unknown_because", why=words.name("why", why))
    unit = unit_in(measure)
    # A count or a class is whole; only a weighted amount has a fraction.
    is_whole = bool(unit) or float(value).is_integer()
    return f"{words.number(value, 0 if is_whole else 1)} {unit}".strip()


def _units(results: Results, site: pd.Series[Any], words: Words) -> list[str]:
    """Return the homes per piece and flexmilieu, and which route bound them."""
    if not results.has("units"):
        return []
    own = _rows(results.table("units"), site["site_id"])
    place = {name: i for i, name in enumerate(results.flexmilieus)}
    own = own.assign(_place=own["flexmilieu"].map(place).fillna(len(place))).sort_values(["piece_id", "_place"])
    return [
        words.text(
            "explain.units_line",
            piece=row.piece_id,
            flexmilieu=words.name("flexmilieu", row.flexmilieu),
            room=words.number(row.n_room_expected),
            low=words.number(row.n_room_low),
            high=words.number(row.n_room_high),
            place=if_available(words.number(row.n_per_cluster_expected), site["verdict"], words),
            density=words.number(row.n_units_density, 1),
            layout=f"{'≥ ' if row.is_layout_least else ''}{words.number(row.n_units_layout)}",
            bound=words.name("bound", row.bound_by),
            parking=words.number(row.n_parking),
        )
        for row in records(own)
    ]


def _criteria(results: Results, site: pd.Series[Any], words: Words) -> list[str]:
    """Return per flexmilieu whether it suits, which criterion fails and by how much, or what is missing."""
    if not results.has("suitability"):
        return []
    own = _rows(results.table("suitability"), site["site_id"]).set_index("flexmilieu")
    order = [name for name in results.flexmilieus if name in own.index]
    order += sorted(set(own.index) - set(order))
    rows = {name: row_at(own, name) for name in order}
    units = _units_of_margins(results, site["site_id"], list(rows.values()))
    lines = {name: _criterion_line(row, words.name("flexmilieu", name), words, units) for name, row in rows.items()}
    suits = own["is_suitable"].fillna(value=False)
    return [if_available(line, site["verdict"], words) if suits[name] else line for name, line in lines.items()]


def _units_of_margins(results: Results, site_id: str, rows: list[pd.Series[Any]]) -> dict[object, str]:
    """Return per failed criterion the unit of its margin: of the threshold whose limit the measured value misses by it.

    A criterion may ask for minutes or for metres; its margin is of the one that was nearest. Empty: it has no unit, or
    it cannot be told.
    """
    thresholds = thresholds_of(results)
    table = _rows(results.table("accessibility"), site_id) if results.has("accessibility") else None
    units: dict[object, str] = {}
    for row in rows:
        criterion = str(row["failed_criterion"])
        asked = thresholds.get(criterion, [])
        found = {unit for _, _, unit in asked}
        if len(found) > 1 and table is not None:
            found = {unit for measure, limit, unit in asked if _is_missed_by(table, measure, limit, row["failed_by"])}
        unit = found.pop() if len(found) == 1 else "" if asked else unit_in(criterion)
        units[row["failed_criterion"]] = "" if unit == "1" else unit
    return units


def _is_missed_by(table: Frame, measure: str, limit: float, by: float) -> bool:
    """Whether a measure of some piece misses a limit by so much."""
    value = table.loc[table["measure"] == measure, "value"].to_numpy(dtype=np.float64, na_value=np.nan)
    return bool((np.abs(np.abs(value - limit) - by) < _SAME).any())


def _criterion_line(row: pd.Series[Any], flexmilieu: str, words: Words, unit_of: Mapping[object, str]) -> str:
    """Return the line of one flexmilieu."""
    if pd.isna(row["is_suitable"]):
        missing = [words.name("criterion", name) for name in entries(row["unknown_criteria"])]
        listed = ", ".join(missing) or words.unknown
        return words.text("explain.unknown_line", flexmilieu=flexmilieu, criteria=listed)
    if row["is_suitable"]:
        units = {key: words.number(row[f"n_per_cluster_{key}"]) for key in ("low", "high")}
        score, rank = words.number(row["score"], 2), words.number(row["rank"])
        amount = words.number(row["n_per_cluster_expected"])
        return words.text("explain.suitable_line", flexmilieu=flexmilieu, score=score, rank=rank, units=amount, **units)
    criterion = words.name("criterion", row["failed_criterion"])
    if pd.isna(row["failed_by"]):
        return words.text("explain.fails_unreached", flexmilieu=flexmilieu, criterion=criterion)
    by = f"{words.number(row['failed_by'], 1)} {unit_of[row['failed_criterion']]}".strip()
    return words.text("explain.fails_line", flexmilieu=flexmilieu, criterion=criterion, by=by)


def _demand(results: Results, site_id: str, words: Words) -> list[str]:
    """Return for whom the matching of demand uses the site."""
    if not results.has("demand_sites"):
        return []
    return [
        words.text(
            "explain.demand_line",
            n=words.number(row.n_homes_given),
            group=words.name("target_group", row.target_group),
            flexmilieu=words.name("flexmilieu", row.flexmilieu),
        )
        for row in records(results.table("demand_sites"))
        if site_id in {piece.partition("#")[0] for piece in row.place_pieces}
    ]


def _conclusion(results: Results, site: pd.Series[Any], words: Words) -> list[str]:
    """Return the term, the best flexmilieu, and what needs consent or attention."""
    years = words.text("explain.years_unknown")
    if not pd.isna(site["available_years_expected"]):
        told = {key: words.write(site[f"available_years_{key}"], "term") for key in ("low", "expected", "high")}
        key = "explain.years" if len(set(told.values())) == 1 else "explain.years_span"
        years = words.text(key, years=told["expected"], low=told["low"], high=told["high"])
    best = words.text("explain.conclusion_none")
    if not pd.isna(site["flexmilieu_first"]):
        best = words.text("explain.conclusion_first", flexmilieu=words.name("flexmilieu", site["flexmilieu_first"]))
    homes = {key: words.number(site[f"n_common_{key}"]) for key in ("low", "expected", "high")}
    common = words.text("explain.conclusion_common", area=words.hectares(site["programme_area_m2"]), **homes)
    lines = [best] if site["verdict"] == "excluded" else [best, if_available(common, site["verdict"], words), years]
    if bridged := [words.name("flexmilieu", one) for one in entries(site["bridged_for"])]:
        lines.append(words.text("explain.bridged", listed=", ".join(bridged)))
    marks = (_marks(results, site, effect, column, words) for effect, column in MARKING.items())
    return [*lines, *(line for told in marks for line in told)]


def _marks(results: Results, site: pd.Series[Any], effect: str, column: str, words: Words) -> list[str]:
    """Return which rules ask consent or attention on what remains, and which only where land drops out."""
    here = marks_here(results, site, effect, words)
    lines = [f"{words.heading(column)}: {here}"] if here else []
    return [*lines, *told_elsewhere(results, site, (effect,), words)]


def marks_here(results: Results, site: pd.Series[Any], effect: str, words: Words) -> str:
    """Return the names of the rules of an effect on what remains of a parcel, and those not checked on all of it.

    That there is none is only said where all were checked. Of a parcel of which no piece is known to be valid it is
    unknown which land remains, and so what lies on it. Empty: it is excluded.
    """
    if site["verdict"] == "excluded":
        return ""
    named = entries(site[MARKING[effect]])
    unchecked: list[str] = []
    if results.has("reasons"):
        ledger = ledger_of(results, site["site_id"])
        silent = ledger["effect"].eq(effect) & ledger["coverage"].ne("covered")
        unchecked = [rule for rule in ledger.loc[silent, "rule_id"] if rule not in named]
    nothing = words.text("none_known" if unchecked or not results.has("reasons") else "none")
    listed = ", ".join(words.name("rule", rule) for rule in named) or nothing
    if site["n_pieces"] == 0:
        listed = words.unknown
    if not unchecked:
        return listed
    rules = ", ".join(words.name("rule", rule) for rule in unchecked)
    return words.text("explain.marks_unchecked", listed=listed, rules=rules)


def told_elsewhere(results: Results, site: pd.Series[Any], effects: Iterable[str], words: Words) -> list[str]:
    """Return a line for each effect of which rules touch a parcel, but not what counts of it."""
    if not results.has("reasons"):
        return []
    found = marks_elsewhere(_rows(results.table("reasons"), site["site_id"]), pd.DataFrame([site]))
    return [
        f"{words.heading(f'{MARKING[effect]}_elsewhere')}: {', '.join(words.name('rule', rule) for rule in rules)}"
        for effect in effects
        if (rules := found[effect][0])
    ]
