"""The later sections of the report: areas, shortlist, variants, owners, coverage, roofs, assumptions, sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flexsites.config.base import collect_figures
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, records, row_at
from flexsites.reporting.run_tables import summary
from flexsites.reporting.sections import homes_of, run_row
from flexsites.reporting.totals import AVAILABLE
from flexsites.reporting.views import RangeView, TableView, ranges
from flexsites.reporting.words import Words
from flexsites.tables import Frame

# What became of rows of a source that did not go through unchanged: told wherever there are any.
_LOST = ("n_left_out", "n_outside_area", "n_repeated", "n_repaired", "n_quarantined")
_CALENDAR = 1000
"""From here on a number of years is a year of the calendar."""

_COVERAGES = ("all", "plan_covered", "provincial_covered", "both_covered")


def heads(words: Words, texts: Sequence[str], numbers: Sequence[str]) -> list[tuple[str, bool]]:
    """Return headings: texts to the left, numbers to the right."""
    return [
        *((words.text(f"columns.{k}"), False) for k in texts),
        *((words.text(f"columns.{k}"), True) for k in numbers),
    ]


def area_totals(results: Results, words: Words) -> dict[str, TableView]:
    """Return the totals per gemeente, and the homes per gemeente and flexmilieu; the run as the last row."""
    table = summary(results, "totals")
    table = table[(table["coverage_scope"] == "all") & table["area_kind"].isin(("gemeente", "run"))]
    codes = [*sorted(table.loc[table["area_kind"] == "gemeente", "area_code"].unique()), "run"]
    by = table.set_index(["area_code", "population"])
    order = results.flexmilieus or tuple(sorted(results.table("suitability")["flexmilieu"].unique()))
    rows, matrix = [], []
    for code in codes:
        name = words.name("area", code)
        available, suitable = by.loc[(code, "available")], by.loc[(code, "suitable")]
        rows.append(
            [
                name,
                words.number(available["n_sites"]),
                words.number(suitable["n_sites"]),
                words.number(by.loc[(code, "suitable_without_groen_tiny")]["n_sites"]),
                words.number(suitable["n_locations"]),
                words.hectares(suitable["buildable_area_m2"]),
                *homes_of(suitable, words),
                words.number(suitable["n_sites_unknown"]),
            ]
        )
        matrix.append(
            [name, *(_counted(by.loc[(code, flexmilieu)], ("n_units_expected",), words) for flexmilieu in order)]
        )
    last = frozenset({len(codes) - 1})
    names = [(words.name("population", key), True) for key in ("available", "suitable", "suitable_without_groen_tiny")]
    rest = heads(words, (), ("n_locations", "buildable", "n_units_expected", "units_range", "n_sites_unknown"))
    gemeente = (words.text("columns.gemeente"), False)
    columns = [gemeente, *((words.name("flexmilieu", flexmilieu), True) for flexmilieu in order)]
    caption = f"{words.text('totals.per_flexmilieu')}. {words.text('totals.never_add')}"
    return {
        "totals": TableView([gemeente, *names, *rest], rows, emphasis=last),
        "matrix": TableView(columns, matrix, caption, last),
    }


def shortlist(results: Results, words: Words) -> list[dict[str, Any]]:
    """Return the best sites per flexmilieu, the factsheet of each linked by its id."""
    limit = int(presentation().lists.max_shortlist)
    sites = results.table("sites").set_index("site_id")
    suitability = results.table("suitability")
    order = results.flexmilieus or tuple(sorted(suitability["flexmilieu"].unique()))
    texts, numbers = ("site_id", "gemeente"), ("score", "n_units_expected", "units_range", "buildable_area_m2")
    headings = [(words.text("columns.rank"), True), *heads(words, texts, numbers)]
    headings += heads(words, ("owner_class", "verdict"), ())
    lists = []
    for flexmilieu in order:
        own = suitability[suitability["flexmilieu"] == flexmilieu]
        ranked = own[own["rank"].notna() & own["is_suitable"].fillna(value=False).astype(bool)]
        ranked = ranked[ranked["site_id"].map(sites["verdict"]).isin(AVAILABLE)]
        n_suitable = len(ranked)
        ranked = ranked.sort_values(["rank", "site_id"]).head(limit)
        rows = []
        for row in records(ranked):
            site = row_at(sites, row.site_id)
            owner = words.name("owner", site["owner_class"])
            units = [words.number(row.n_units_expected), words.span(row.n_units_low, row.n_units_high)]
            place = [row.site_id, words.name("area", site["gemeente_code"]), words.number(row.score, 2)]
            area, verdict = words.number(site["buildable_area_m2"]), words.name("verdict", site["verdict"])
            rows.append([words.number(row.rank), *place, *units, area, owner, verdict])
        n_unknown = int(own["is_suitable"].isna().sum())
        empty = words.text("shortlist.none")
        if n_unknown:
            empty = words.text("shortlist.none_known", n=words.number(n_unknown))
        name = words.name("flexmilieu", flexmilieu)
        counted = words.text("shortlist.summary", shown=words.number(len(rows)), n=words.number(n_suitable))
        view = TableView(headings, rows)
        lists.append({"name": name, "table": view, "empty": "" if rows else empty, "summary": counted})
    return lists


def variants(results: Results, words: Words) -> dict[str, Any]:
    """Return the variants side by side: a table and the homes on suitable parcels as ranges."""
    table = summary(results, "variants")
    names = list(dict.fromkeys(table["variant"]))
    suitable = table[table["population"] == "suitable"].set_index("variant")
    available = table[table["population"] == "available"].set_index("variant")
    rest_of = table[table["population"] == "suitable_without_groen_tiny"].set_index("variant")
    rows, chart = [], []
    series = presentation().colours.series
    for name in names:
        row = suitable.loc[name]
        low, middle, high = (float(row[f"n_units_{part}"]) for part in ("low", "expected", "high"))
        label = words.name("variant", name)
        chart.append((label, low, middle, high, series[0] if name == "base" else series[1]))
        change = row["change_n_units_expected"]
        rows.append(
            [
                label,
                words.number(available.loc[name, "n_sites"]),
                words.number(row["n_sites"]),
                words.number(row["n_units_expected"]),
                words.span(low, high),
                "–" if name == "base" else _signed(change, words),
                "–" if name == "base" else words.number(row["n_sites_gained"]),
                "–" if name == "base" else words.number(row["n_sites_lost"]),
                words.number(row["n_sites_unknown"]),
                words.number(rest_of.loc[name, "n_sites"]),
                words.number(rest_of.loc[name, "n_units_expected"]),
            ]
        )
    numbers = [(words.name("population", key), True) for key in ("available", "suitable")]
    rest = ("n_units_expected", "units_range", "change_n_units_expected", "n_sites_gained", "n_sites_lost")
    headings = [*heads(words, ("variant",), ()), *numbers, *heads(words, (), (*rest, "n_sites_unknown"))]
    # Nearly everything passes groen_tiny: what a stricter requirement does is seen without it.
    without = words.name("population", "suitable_without_groen_tiny")
    headings += [(without, True), (f"{without}: {words.text('columns.n_units_expected')}", True)]
    view: RangeView = ranges(chart, words)
    return {
        "table": TableView(headings, rows),
        "chart": view,
        "only_base": len(names) == 1,
        "matrix": _matrix(results, table, words),
    }


def _matrix(results: Results, table: Frame, words: Words) -> TableView:
    """Return the suitable parcels and homes per variant and flexmilieu: where a stricter requirement is seen."""
    by = table.set_index(["variant", "population"])
    names = list(dict.fromkeys(table["variant"]))
    order = [name for name in results.flexmilieus if (names[0], name) in by.index]
    counted = ("n_sites", "n_units_expected")
    rows = [
        [words.name("variant", name), *(_counted(by.loc[(name, one)], counted, words) for one in order)]
        for name in names
    ]
    headings = [*heads(words, ("variant",), ()), *((words.name("flexmilieu", one), True) for one in order)]
    return TableView(headings, rows, f"{words.text('variants.matrix')}. {words.text('totals.never_add')}")


def _counted(row: Any, names: Sequence[str], words: Words) -> str:  # noqa: ANN401 - a row of totals
    """Write counts of a flexmilieu; where no parcel is known to suit and some may, zero would be a claim."""
    if not row["n_sites"] and row["n_sites_unknown"]:
        return words.unknown
    return " / ".join(words.number(row[name]) for name in names)


def _signed(value: Any, words: Words) -> str:  # noqa: ANN401 - a cell
    """Write a difference with its sign, a true minus."""
    amount = float(value)
    sign = "+" if amount > 0 else "−" if amount < 0 else "±"
    return f"{sign}{words.number(abs(amount))}"


def ownership(results: Results, words: Words) -> dict[str, Any]:
    """Return the available parcels by owner and tenure; where none is known to be available, those not excluded."""
    table = summary(results, "ownership")
    available = table[table["population"] == "available"]
    is_open = not len(available)
    available = table[table["population"] == "not_excluded"] if is_open else available
    rows = [
        [
            words.name("owner", row.owner_class),
            words.name("tenure", row.tenure),
            words.number(row.n_sites),
            words.percent(row.share_of_sites),
            words.number(row.n_locations),
            words.hectares(row.buildable_area_m2),
            words.number(row.n_units_expected),
            words.span(row.n_units_low, row.n_units_high),
        ]
        for row in records(available)
    ]
    numbers = ("n_sites", "share_of_sites", "n_locations", "buildable", "n_units_expected", "units_range")
    view = TableView(heads(words, ("owner_class", "tenure"), numbers), rows)
    all_unknown = bool(len(available)) and set(available["owner_class"]) == {"onbekend"}
    return {"table": view, "all_unknown": all_unknown, "is_open": is_open and bool(len(available))}


def anchors(results: Results, words: Words) -> dict[str, Any] | None:
    """Return the published answers beside the run's own; None where the run names none."""
    told = results.manifest.get("anchors")
    if not told:
        return None
    found = summary(results, "anchors").set_index("anchor")
    rows = []
    for one in told["anchors"]:
        row = found.loc[one["id"]]
        is_share = one["quantity"].startswith("share_")

        def write(value: Any, *, is_share: bool = is_share) -> str:  # noqa: ANN401 - a cell
            return words.percent(value) if is_share else words.about(value)

        low, high = write(row["found_low"]), write(row["found_high"])
        published = words.text(f"anchors.{one['sense']}", value=write(one["published"]))
        found_here = low if low == high else f"{low} – {high}"
        rows.append([words.label(one["label"]), published, found_here, words.label(one["note"])])
    headings = heads(words, ("anchor",), ("published", "found"))
    view = TableView([*headings, *heads(words, ("note",), ())], rows)
    return {"label": words.label(told["label"]), "about": words.label(told["about"]), "table": view}


def coverage(results: Results, words: Words) -> dict[str, Any]:
    """Return the totals with and without the places where plan capacity or provincial rules are not known."""
    rows = []
    for scope in _COVERAGES:
        available, suitable = (run_row(results, population, scope) for population in ("available", "suitable"))
        rest = run_row(results, "suitable_without_groen_tiny", scope)
        rows.append(
            [
                words.name("coverage_scope", scope),
                words.number(available["n_sites"]),
                words.hectares(available["buildable_area_m2"]),
                words.number(suitable["n_sites"]),
                words.number(rest["n_sites"]),
                words.number(suitable["n_units_expected"]),
                words.span(suitable["n_units_low"], suitable["n_units_high"]),
            ]
        )
    names = [words.name("population", key) for key in ("available", "suitable", "suitable_without_groen_tiny")]
    headings = [(words.text("columns.coverage_scope"), False), (names[0], True), *heads(words, (), ("buildable",))]
    headings += [(names[1], True), (names[2], True), *heads(words, (), ("n_units_expected", "units_range"))]
    sites = results.table("sites")
    shares = {
        "share": words.percent((sites["plan_coverage"] == "covered").mean()),
        "provincial": words.percent((sites["provincial_coverage"] == "covered").mean()),
    }
    return {"table": TableView(headings, rows), "sentence": words.text("coverage.share", **shares)}


def roofs(results: Results, words: Words) -> dict[str, TableView]:
    """Return roofs per age rule and variant, those with most homes, and what evidence is missing."""
    table = summary(results, "roof_totals")
    rows = []
    for (age_rule, variant), part in table.groupby(["age_rule", "roof_variant"], sort=False):
        by = part.set_index("verdict")
        good = by.loc[["eligible", "conditional"]]
        names = [words.name("age_rule", age_rule), words.name("roof_variant", variant)]
        counts = [
            words.number(by.loc[verdict, "n_buildings"])
            for verdict in ("eligible", "conditional", "unknown", "excluded")
        ]
        units: list[object] = [good[f"n_units_{name}"].fillna(0).sum() for name in ("expected", "low", "high")]
        if not good["n_buildings"].sum() and by.loc["unknown", "n_buildings"]:
            units = [None, None, None]  # none is known to qualify and some may: zero would be a claim
        rows.append([*names, *counts, words.number(units[0]), words.span(units[1], units[2])])
    verdicts = [(words.name("verdict", key), True) for key in ("eligible", "conditional", "unknown", "excluded")]
    texts = heads(words, ("age_rule", "roof_variant"), ())
    totals = TableView([*texts, *verdicts, *heads(words, (), ("n_units_expected", "units_range"))], rows)
    return {"totals": totals, "best": _best_roofs(results, words), "missing": _missing(results, words)}


def _best_roofs(results: Results, words: Words) -> TableView:
    """Return the buildings with most homes in the first variant of the first age rule that has any."""
    units = results.table("roof_units")
    units = units[units["n_units_expected"].fillna(0) > 0]
    units = units.sort_values(["n_units_expected", "bag_pand_id"], ascending=[False, True])
    units = units.drop_duplicates("bag_pand_id").head(int(presentation().lists.max_shortlist))
    roofs = results.table("roofs").set_index("bag_pand_id")
    rows = []
    for row in records(units):
        roof = row_at(roofs, row.bag_pand_id)
        # A year is no amount: it takes no thousands separator.
        year = words.unknown if roof.isna()["year_built"] else str(int(roof["year_built"]))
        stock = [year, words.number(roof["n_storeys"]), words.number(roof["n_dwellings"])]
        names = [words.name("age_rule", row.age_rule), words.name("roof_variant", row.roof_variant)]
        amount = [words.number(row.n_units_expected), words.span(row.n_units_low, row.n_units_high)]
        rows.append([row.bag_pand_id, *names, words.name("verdict", row.verdict), *stock, *amount])
    texts = ("bag_pand_id", "age_rule", "roof_variant", "verdict")
    numbers = ("year_built", "n_storeys", "n_dwellings", "n_units_expected", "units_range")
    return TableView(heads(words, texts, numbers), rows)


def _missing(results: Results, words: Words) -> TableView:
    """Return how many buildings lack each piece of evidence."""
    roofs = results.table("roofs")
    headings = heads(words, ("missing_evidence",), ("n_buildings",))
    if "missing_evidence" not in roofs:
        return TableView(headings, [])
    lacking = roofs["missing_evidence"].astype("object").fillna("").str.split("|").explode()
    counts = lacking[lacking != ""].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return TableView(headings, [[words.name("evidence", key), words.number(n)] for key, n in counts.items()])


def assumptions(results: Results, words: Words) -> dict[str, TableView]:
    """Return every assumed figure and every sourced one, those of the report itself included."""
    own = list(collect_figures(presentation(), "report"))
    assumed = [dict(entry) for entry in results.manifest.get("assumptions") or ()]
    sourced = [dict(entry) for entry in results.manifest.get("figures") or ()]
    for path, figure in own:
        entry = {"path": path, "value": figure.value, "unit": figure.unit, "why": figure.why, "source": figure.source}
        (assumed if figure.assumption else sourced).append(entry)
    return {
        "assumed": TableView(
            heads(words, ("path",), ("value",)) + heads(words, ("unit", "why"), ()),
            [[*_figure(entry, words), entry.get("why") or words.text("assumptions.no_reason")] for entry in assumed],
        ),
        "sourced": TableView(
            heads(words, ("path",), ("value",)) + heads(words, ("unit", "source"), ()),
            [[*_figure(entry, words), str(entry.get("source") or words.unknown)] for entry in sourced],
        ),
    }


def _figure(entry: Mapping[str, Any], words: Words) -> list[str]:
    """Return path, value and unit of a figure, written without rounding it away."""
    value, unit = entry.get("value"), entry.get("unit")
    if unit == "year" and isinstance(value, int | float) and value >= _CALENDAR:
        written = str(int(value))  # a year is no amount: it takes no thousands separator
    elif isinstance(value, int | float) and not isinstance(value, bool):
        decimals = max(len(f"{float(value):.10f}".rstrip("0").partition(".")[2]), 0)
        written = words.number(value, decimals)
    else:
        written = words.unknown if value is None else str(value)
    return [str(entry.get("path", "")), written, words.name("unit", unit) if unit else "–"]


def sources_by_origin(listed: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the sources with what was read of each beneath it: twelve layers of one map are one source.

    Parameters
    ----------
    listed
        What :func:`sources` gives.
    """
    keys = ("title", "provider", "licence", "attribution", "edition", "url")
    origins: dict[tuple[str, ...], dict[str, Any]] = {}
    for source in listed:
        origin = tuple(source[key] for key in keys)
        origins.setdefault(origin, dict(zip(keys, origin, strict=True)) | {"parts": []})["parts"].append(source)
    return list(origins.values())


def sources(results: Results, words: Words) -> list[dict[str, str]]:
    """Return the sources with edition, licence and attribution; what the manifest does not say is unknown."""
    keys = ("title", "provider", "licence", "attribution", "edition", "url")
    listed = []
    for entry in results.manifest.get("sources") or ():
        source = {key: str(entry.get(key) or words.unknown) for key in keys}
        source["id"] = str(entry.get("id", ""))
        source["n_features"] = words.number(entry.get("n_features"))
        source["notes"] = words.label(entry.get("notes"))
        told = ((words.text(f"columns.{key}"), entry.get(key)) for key in _LOST)
        source["lost"] = ", ".join(f"{label}: {words.number(n)}" for label, n in told if n)
        listed.append(source)
    return listed
