from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import flexsites.reporting
from flexsites.config.base import collect_figures
from flexsites.config.study import resolve
from flexsites.config.units import _UNITS, COUNTED, PURE
from flexsites.inputs.rows.records import SourceRecord
from flexsites.reporting import parameters
from flexsites.reporting.names import names_in_content
from flexsites.reporting.parameters import load_parts, parameter_name
from flexsites.reporting.presentation import presentation
from flexsites.reporting.told import is_known, sentences_of, translated
from flexsites.reporting.words import LANGUAGES, Words, load_texts
from flexsites.runs.prepare import reach_request
from tests.said import SET_APART, all_said

PLACEHOLDER = re.compile(r"\{(\w+)\}")
CUT = "2 too small ones with 1,234.5 km are left out"
NETWERK = (
    "netwerk voor lopen: één samenhangend geheel blijft (met 99,5% van de lengte); "
    "2 te kleine delen met samen 1.234,5 km zijn weggelaten"
)
FAR, VER = " farther from a street than is walked to one", " verder van een straat dan men erheen loopt"
CONFIGS = Path(flexsites.reporting.__file__).parents[2] / "configs"


def figures_in(node: object) -> Iterator[dict[str, object]]:
    """Give every figure of a configuration file."""
    if isinstance(node, dict):
        if "value" in node and {"why", "reason", "source"} & set(node):
            yield node
        for item in node.values():
            yield from figures_in(item)
    elif isinstance(node, list):
        for item in node:
            yield from figures_in(item)


FILES = sorted(path for path in CONFIGS.rglob("*.yaml") if "schemas" not in path.parts)
PRESENTATION = Path(flexsites.reporting.__file__).with_name("presentation.yaml")


@pytest.mark.parametrize("path", [*FILES, PRESENTATION], ids=lambda path: path.stem)
def test_every_reason_and_source_of_a_figure_is_told_in_dutch(path: Path) -> None:
    """Add a missing one to flexsites/reporting/labels/told.nl.yaml, under its English words."""
    told = {str(one.get("why") or one.get("reason") or one.get("source")) for one in _figures(path)}
    assert {text for text in told if not is_known(text, "nl")} == set()


def _figures(path: Path) -> Iterator[dict[str, object]]:
    for content in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        yield from figures_in(content)


RUNS = sorted(path.stem for path in (CONFIGS / "runs").glob("*.yaml"))


@pytest.mark.parametrize("run", RUNS)
def test_every_parameter_of_a_run_has_a_dutch_name(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every part of a path is named by the run or by labels/parameters.nl.yaml: none is told by its id."""
    study, known, unnamed = resolve(run), load_parts("nl"), set()

    def told(words: Words, part: str, above: str = "") -> str:
        unnamed.update(set() if f"{above}.{part}" in known else {part} - set(known))
        return word(words, part, above)

    word = parameters._word
    monkeypatch.setattr(parameters, "_word", told)
    words = Words("nl", names_in_content(study.content, "nl"))
    for path, _ in (*study.figures(), *collect_figures(presentation(), "report")):
        parameter_name(words, path)
    assert unnamed == set()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("run", RUNS)
def test_every_unit_of_a_figure_has_a_name(run: str, lang: str) -> None:
    """A Dutch report told of a rent of 452 "EUR/month"."""
    figures = (*resolve(run).figures(), *collect_figures(presentation(), "report"))
    asked = {figure.unit or PURE for _, figure in figures} | set(_UNITS.values()) | COUNTED
    assert asked - set(load_texts(lang)["names"]["unit"]) == set()


def test_a_parameter_is_named_by_what_it_belongs_to() -> None:
    words = Words("nl", {("rule", "roads"): "Weg", ("measure", "walk_m"): "loopafstand"})
    assert parameter_name(words, "rules.roads.width_m.values.motorway") == "Weg: breedte, autosnelweg"
    assert parameter_name(words, "measures.measures.walk_m.limit_m") == "loopafstand: zoekgrens"
    assert parameter_name(words, "pieces.min_area_m2") == "Stukken: minimale oppervlakte"


@pytest.mark.parametrize(
    ("english", "dutch"),
    [
        ("streets: 1 geometry repaired (x.parquet)", "streets: 1 geometrie hersteld (x.parquet)"),
        ("network of walk: one connected part stays (with 99.5 % of the length); " + CUT, NETWERK),
        ("service of 2026-01-02; publisher not stated", "dienst van 2026-01-02; uitgever niet vermeld"),
        ("walk: 1 stop lies" + FAR + " (any)", "lopen: 1 halte ligt" + VER + " (elke vervoerwijze)"),
        (
            "bicycle: 3 places lie" + FAR + " (gp)",
            "fietsen: 3 voorzieningen liggen" + VER + " (huisarts)",
        ),
        ("weekly; nobody said this", "wekelijks; nobody said this"),
    ],
)
def test_what_stands_in_a_sentence_is_kept(english: str, dutch: str) -> None:
    assert translated(english, "nl") == dutch


@pytest.mark.parametrize("run", RUNS)
def test_what_is_sought_has_a_dutch_word(run: str) -> None:
    """Warnings tell of what lies off the streets by its kind: "walk-stop-any-day-2: 2 liggen verder"."""
    sought = {measure.to.slug for measure in reach_request(resolve(run)).measures if hasattr(measure, "to")}
    assert {one for one in sought if not is_known(one.partition("-")[2] or one, "nl")} == set()


def test_why_rows_are_not_used_is_told_in_dutch_with_how_many() -> None:
    """Every reason that a reader gives, alone and beside another, as the warnings of a run tell it."""
    about = {"title": "t", "provider": "p", "licence": "CC0", "attribution": "a", "edition": "2026", "url": None}
    known = {tuple(PLACEHOLDER.split(english)[::2]): dutch for english, dutch in sentences_of("nl", "told").items()}
    reasons = [one.text for one in all_said() if one.kind == SET_APART]
    assert {"no geometry", "not a place", "a line", "no class of road"} < set(map(str, reasons))
    for reason in reasons:
        filled = {"what": "not a polygon", "rule_id": "airport_noise"}
        english, dutch = str(reason).format(**filled), known[reason.literals].format(**filled | {"what": "geen vlak"})
        beside = ({english: 4, "broken": 12}, f"{dutch}: 4; broken: 12")
        for why, told in ({english: 4}, f"{dutch}: 4"), beside:
            record = SourceRecord("parcels", **about, sha256="", n_features=1, n_quarantined=16, unused_reasons=why)
            (warning,) = record.warnings
            wanted = f"parcels: 16 rijen niet gebruikt ({told}), apart gezet in None"
            assert {translated(warning, "nl"), translated(warning, "nl", of="faults")} == {wanted}


def test_what_flexsites_made_has_one_licence() -> None:
    """In the catalogue and in every bundled run: CC0 in one place and MIT in another leave a user with neither."""
    licences = set()
    for path in FILES:
        for one in _abouts(yaml.safe_load(path.read_text(encoding="utf-8"))):
            if one.get("provider") == "flexsites":
                licences.add(one["licence"])
    assert licences == {"MIT"}


def _abouts(node: object) -> Iterator[dict[str, str]]:
    if isinstance(node, dict):
        if {"provider", "licence"} <= set(node):
            yield node
        for item in node.values():
            yield from _abouts(item)
    elif isinstance(node, list):
        for item in node:
            yield from _abouts(item)


SAID_ALIKE = {
    "certainty_land": {("eligible", "without")}, "evidence": {("building_height_m", "height")},
    "unit": {("deg", "degrees"), ("dwelling", "home")}, "why": {("no timetable", "no_timetable")},
}  # fmt: skip
"""Words of one vocabulary that mean the same, and so are told in the same words."""


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_words_of_one_vocabulary_that_mean_something_else_are_told_apart(lang: str) -> None:
    names = yaml.safe_load((Path(flexsites.reporting.__file__).parent / "labels" / f"{lang}.yaml").read_text("utf-8"))[
        "names"
    ]
    for vocabulary, words in names.items():
        if isinstance(words, dict):
            told: dict[str, list[str]] = {}
            for word, text in words.items():
                told.setdefault(text, []).append(word)
            alike = {tuple(sorted(one)) for one in told.values() if len(one) > 1}
            assert alike == SAID_ALIKE.get(vocabulary, set()), vocabulary


def _counts_written_plain(path: Path) -> Iterator[str]:
    """Give the counts in the texts of a module that stand before what they count without a separator of thousands."""
    for text in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts = text.values if isinstance(text, ast.JoinedStr) else []
        for one, after in itertools.pairwise(parts):
            if isinstance(one, ast.FormattedValue) and one.format_spec is None and isinstance(after, ast.Constant):
                counts = re.search(r"(?:^|[.'])n(?:_\w+)?(?:'\])?$|^len\(|\.total\(\)$|^sum\(", ast.unparse(one.value))
                if counts and re.match(" [a-z]", str(after.value)):
                    yield f"{path.name}:{one.lineno} {ast.unparse(one.value)}"


def test_what_is_counted_has_a_separator_of_thousands() -> None:
    """A note told "of 12345 of 45678 parcels": of the class of owner, in the report and on the screen."""
    package = Path(flexsites.__file__).parent
    assert [one for path in sorted(package.rglob("*.py")) for one in _counts_written_plain(path)] == []


@pytest.mark.parametrize(
    ("english", "dutch"),
    [
        (
            "the class of owner is known of 12,345 of 45,678 parcels",
            "van 12.345 van 45.678 percelen is de soort eigenaar bekend",
        ),
        ("no geometry: 12,345", "geen geometrie: 12.345"),
        (
            (
                "1,234 tags of streets hold values that no list of the rules holds (private_road 1,023, olympic 7): "
                "access as of their class, and what is no known highway is no street"
            ),
            None,
        ),
    ],
)
def test_counts_are_written_as_the_language_does(english: str, dutch: str | None) -> None:
    told = translated(english, "nl")
    assert told == dutch if dutch else "private_road 1.023, olympic 7" in told
    assert translated(english, "en") == english
    assert not re.search(r"\d,\d{3}", told)


def test_years_and_names_of_numbers_are_left_as_they_are() -> None:
    assert Words("nl").text("relocation.none_known", needed=12345).count("12.345") == 1
    assert "2026" in Words("nl").text("exploitation.beside", year="2026")
