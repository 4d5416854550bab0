from __future__ import annotations

import re
import shutil
from pathlib import Path

import openpyxl
import pytest

from flexsites.reporting import explain, open_results, write_report, write_workbook
from flexsites.reporting.names import words_of
from flexsites.reporting.report.checked import HARDEST, checked, unchecked


@pytest.fixture
def partly_checked(summed_run: Path, tmp_path: Path) -> tuple[Path, list[str], str]:
    """Return a run where a hard rule is checked nowhere and a softer one not on the first parcel, and these rules."""
    place = Path(shutil.copytree(summed_run, tmp_path / "run"))
    results = open_results(place)
    excluding = [rule for rule in results.manifest.rules if rule.effect == "exclude"]
    hard = next(rule.rule_id for rule in excluding if rule.hardness in HARDEST)
    soft = next(rule.rule_id for rule in excluding if rule.hardness not in HARDEST)
    sites = results.table("sites")
    sites["unchecked_rules"] = [(hard, soft), *[(hard,)] * (len(sites) - 1)]
    sites.to_parquet(place / "sites.parquet")
    return place, [hard, soft], str(sites["site_id"].iloc[0])


def test_rules_not_checked_are_counted_with_their_parcels(partly_checked: tuple[Path, list[str], str]) -> None:
    place, rules, _ = partly_checked
    results = open_results(place)
    table = unchecked(results).set_index("rule_id")
    assert table.loc[rules, "n_sites"].tolist() == [len(results.table("sites")), 1]


@pytest.mark.parametrize(
    ("lang", "opening", "everywhere", "rest"),
    [("en", "2 of {n} excluding rules not checked", "all parcels", "less hard: 1"),
     ("nl", "2 van {n} uitsluitende regels niet getoetst", "alle percelen", "minder hard: 1")],
)  # fmt: skip
def test_the_report_opens_with_what_was_not_checked(
    partly_checked: tuple[Path, list[str], str], lang: str, opening: str, everywhere: str, rest: str
) -> None:
    place, (hard, soft), _ = partly_checked
    results = open_results(place)
    words = words_of(results, lang)
    said = checked(results, words)
    assert said.startswith(opening.format(n=sum(rule.effect == "exclude" for rule in results.manifest.rules)))
    assert f"{words.name('rule', hard)} ({everywhere}), {rest}" in said
    assert words.name("rule", soft) not in said, "only very hard and hard rules are told by name"
    html = write_report(place, lang).read_text(encoding="utf-8")
    opens = r'<section id="answer" class="first-page"><h2>[^<]*</h2>\s*<p class="checked"><strong>([^<]*)'
    first = re.search(opens, html)
    assert first is not None
    assert first[1].startswith(opening.split(" {n}", maxsplit=1)[0])
    sheet = openpyxl.load_workbook(write_workbook(place, lang)).worksheets[0]
    assert sheet.cell(4, 1).value == said


def test_the_story_of_a_site_names_every_rule_not_checked_there(partly_checked: tuple[Path, list[str], str]) -> None:
    place, rules, site = partly_checked
    words = words_of(open_results(place), "en")
    told = explain(place, site, "en")
    assert f"excluding rules not checked here: {', '.join(words.name('rule', rule) for rule in rules)}\n" in told


def test_where_all_is_checked_the_report_says_so(run_directory: Path) -> None:
    results = open_results(run_directory)
    assert not any(results.table("sites")["unchecked_rules"])
    assert checked(results, words_of(results, "en")).endswith("were checked on every parcel.")
