"""What a corporation reads first: how much of its portfolio was found, what is known of it, and what is missing."""

from __future__ import annotations

from collections import Counter

from flexsites.reporting.results import Results
from flexsites.reporting.summaries.portfolio import VERDICTS, headline
from flexsites.reporting.table_view import entries
from flexsites.reporting.words import Words
from flexsites.tables import Frame


def portfolio_lines(results: Results, buildings: Frame, complexes: Frame, words: Words) -> list[str]:
    """Return the sentences of the first sheet.

    Parameters
    ----------
    results
        The run.
    buildings, complexes
        As :mod:`flexsites.reporting.summaries.portfolio` gives them.
    words
        The language.

    Returns
    -------
        Rows found and not found with the reasons, most frequent first; buildings, complexes and dwellings; buildings
        per verdict; and, of the unknown, the evidence that is missing.
    """
    lines = rows_found(results, words)
    known = buildings["n_dwellings"].dropna() if "n_dwellings" in buildings else buildings["verdict"].iloc[:0]
    lines.append(
        words.text(
            "portfolio.stock",
            n_buildings=words.number(len(buildings)),
            n_complexes=words.number(len(complexes)),
            n_dwellings=words.number(known.sum() if len(known) else None),
            n_known=words.number(len(known)),
        )
    )
    age_rule, roof_variant = headline(results)
    counts = buildings["verdict"].value_counts()
    told = [f"{words.name('verdict', one)} {words.number(int(counts.get(one, 0)))}" for one in VERDICTS]
    names = {"age_rule": words.name("age_rule", age_rule), "variant": words.name("roof_variant", roof_variant)}
    lines.append(words.text("portfolio.verdicts", verdicts="; ".join(told), **names))
    is_unknown = buildings["verdict"] == "unknown"
    missing = Counter(name for one in buildings.loc[is_unknown, "missing_evidence"].dropna() for name in entries(one))
    for name, count in sorted(missing.items()):
        evidence = words.name("evidence", name)
        lines.append(words.text("portfolio.missing", evidence=evidence, n=words.number(count)))
    return lines


def rows_found(results: Results, words: Words) -> list[str]:
    """Return how many rows were found, and why others were not; nothing for a run without a portfolio."""
    matched = results.first_of("portfolio_matches", "canonical/portfolio_matches")
    unmatched = results.first_of("portfolio_unmatched", "canonical/portfolio_unmatched")
    if matched is None or unmatched is None:
        return []
    n_found = int(results.table(matched)["portfolio_row"].nunique())
    reasons = results.table(unmatched)["unmatched_reason"]
    counts = {"n_found": n_found, "n_unmatched": len(reasons), "n_rows": n_found + len(reasons)}
    lines = [words.text("portfolio.rows", **{name: words.number(count) for name, count in counts.items()})]
    tally = reasons.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return lines + [
        words.text("portfolio.reason", reason=words.said(str(reason)), n=words.number(n)) for reason, n in tally.items()
    ]
