"""Every text that the package says to people is told in Dutch, and the command line says it when asked."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from flexsites.cli.app import app, main
from flexsites.config.presets import read_presets
from flexsites.config.shelf import Shelf
from flexsites.errors import Fault, FlexsitesError, InputError
from flexsites.inputs.rows.records import load_catalogue
from flexsites.reporting.told import of_one_and_more, sentences_of, told_error, translated
from flexsites.reporting.words import LANGUAGES, Words
from flexsites.view.what_if_words import told_by_form
from tests.said import PACKAGE, SET_APART, all_said
from tests.source_texts import Text

PLACEHOLDER = re.compile(r"\{(\w+)\}")
FAULTS, TOLD = sentences_of("nl", "faults"), sentences_of("nl", "told")
ENGLISH = re.compile(r"\b(the|is not|there is|are|cannot|which|it|with|from|given|Remedy|rows?)\b")
A_DATE = "name: a\ntitle: A\npipeline: municipal_shortlist\nreference_date: 2025-13-01\n"
KEYS = """
name: b
title: B
pipeline: municipal_shortlist
reference_date: 2025-06-01
area: {gemeenten: [Kampun]}
rules: omgevingswet_2024
shortlist: {n: 0}
colour: red
sources:
  parcels: {path: percelen.gpkg}
"""
FILES = """
name: c
title: C
pipeline: municipal_shortlist
reference_date: 2025-06-01
area: {bbox: [180000, 500000, 182000, 502000]}
rules: omgevingswet_2024
sources:
  parcels: {reader: vector, path: gone.gpkg, about: brk_percelen}
  layers: {natura2000: {reader: vector, path: gone.gpkg, about: natura2000, coverage: run}}
"""


def shape(text: str) -> tuple[str, ...]:
    """Return a text without the names of its placeholders."""
    return tuple(PLACEHOLDER.split(text)[::2])


def test_every_text_that_is_said_is_told_in_dutch() -> None:
    """Add a missing one to flexsites/reporting/labels, under its English: a note to told.nl, another to faults.nl."""
    told = set(map(shape, TOLD))
    known = {"noted": told, SET_APART: told}
    both = told | set(map(shape, FAULTS))
    said = all_said()
    assert len(said) > 900
    assert [f"{one.place}: {one.text}" for one in said if one.text.literals not in known.get(one.kind, both)] == []


def test_no_text_is_told_in_dutch_that_nothing_says() -> None:
    """Sections are named after modules; those before them hold what other libraries and tables of texts say."""
    said = {one.text.literals for one in all_said()}
    modules = {english for english in _of_modules() if shape(english) not in said}
    assert modules == set()


def test_commands_that_texts_name_are_there_with_their_options() -> None:
    """What one is told to do next must be possible, in Dutch as well."""
    commands = typer.main.get_command(app).commands
    said = {"".join(one.text.literals) for one in all_said()} | set(FAULTS) | set(FAULTS.values())
    quoted = {name for text in said for name in re.findall(r"`flexsites ([a-z]+)", text)}
    assert quoted <= set(commands)
    named = {found for text in said for found in re.findall(r"flexsites ([a-z]+)\b([^`]*)", text)}
    assert {"report", "config"} <= {name for name, _ in named}
    options = {name: {opt for one in command.params for opt in one.opts} for name, command in commands.items()}
    groups = {name for name, command in commands.items() if hasattr(command, "commands")}
    wrong = {
        f"flexsites {name}{rest}"
        for name, rest in named
        if name in set(commands) - groups and set(re.findall(r"--[a-z-]+", rest)) - options[name]
    }
    assert wrong == set()


_NEVER_ONE = {
    "areas", "bag_layer", "base", "cells", "country_places", "errors", "load", "opened", "overpass",
    "parcels", "plan", "prepare_streets", "readings", "services", "vector", "wfs", "workbook", "world",
}  # fmt: skip
"""Modules that count what is hardly ever one (answers of services, rows of a file), or say it of one elsewhere."""


def test_of_one_thing_no_message_tells_as_of_many() -> None:
    """A note told "1 features came twice". What is counted in a catalogue is looked for in every text that is said."""
    labels = PACKAGE / "reporting" / "labels"
    parts = [yaml.safe_load((labels / f"{one}.nl.yaml").read_text("utf-8")) for one in ("told", "faults")]
    keys = [text for one in parts for part in one.values() for text in part]
    many = {word for text in keys for word in re.findall(r"\{\w+:[^|}]*\|([\w-]+)", text)}
    assert len(many) > 15
    of_many = re.compile(rf"\{{\w+\}} ({'|'.join(sorted(many))})\b")
    said = {one.text: one.place for one in all_said()}
    found = {
        f"{place}: {text}"
        for text, place in said.items()
        if of_many.search(str(text)) and Path(place.partition(":")[0]).stem not in _NEVER_ONE
        if not any(_differ_in_one(text, other) for other in said)
    }
    assert found == set()


def _differ_in_one(one: Text, other: Text) -> bool:
    """Return whether two texts count the same, and differ in one place: of one thing, and of more."""
    if (one.names, len(one.literals)) != (other.names, len(other.literals)):
        return False
    return sum(a != b for a, b in zip(one.literals, other.literals, strict=True)) == 1


def _of_modules() -> set[str]:
    parts = yaml.safe_load((PACKAGE / "reporting/labels/faults.nl.yaml").read_text(encoding="utf-8"))
    told = [text for name, part in parts.items() if (PACKAGE / f"{name}.py").is_file() for text in part]
    return {english for text in told for english in of_one_and_more(text)}


def test_every_trap_of_a_source_and_note_of_a_door_is_told_in_dutch() -> None:
    presets = read_presets(Shelf()).values()
    rows = [*load_catalogue().values(), *presets]
    told = {trap for row in rows for trap in row.traps} | {door.notes for one in presets for door in one.doors}
    assert {text for text in told if text and text not in {*FAULTS, *TOLD}} == set()


def test_what_stands_in_a_sentence_stands_in_the_dutch() -> None:
    both = {**TOLD, **FAULTS}
    lost = {one for one, dutch in both.items() if set(PLACEHOLDER.findall(one)) != set(PLACEHOLDER.findall(dutch))}
    assert lost == set()


def test_no_english_is_left_in_the_dutch() -> None:
    words = {english: re.sub(r"\{\w+\}|`[^`]*`", "", dutch) for english, dutch in FAULTS.items()}
    assert [dutch for dutch in words.values() if ENGLISH.search(dutch)] == []


def test_a_sentence_is_found_again_with_what_stands_in_it() -> None:
    wrong = {}
    for english, dutch in FAULTS.items():
        names = dict.fromkeys(PLACEHOLDER.findall(english))
        numbers = {name: f"{i + 1},234" for i, name in enumerate(names)}
        text = PLACEHOLDER.sub(lambda found: numbers[found[1]], english)  # noqa: B023
        expected = PLACEHOLDER.sub(lambda found: numbers[found[1]].replace(",", "."), dutch)  # noqa: B023
        if (found := translated(text, "nl", of="faults")) != expected:
            wrong[text] = found
    assert wrong == {}


@pytest.mark.parametrize(
    ("english", "dutch"),
    [
        ("no column walk, which a rule asks for", "er is geen kolom walk, en een regel vraagt daarom"),
        ("Input should be greater than 0.5 (given: 0.25)", "dit moet meer zijn dan 0.5 (gegeven: 0.25)"),
        (
            "width_m is in m, and 3 is given in cm: write it in the unit of the key; min_units must be 1 or more",
            (
                "width_m is in m, en 3 is gegeven in cm: schrijf het in de eenheid van de sleutel; "
                "min_units moet 1 of meer zijn"
            ),
        ),
        ("use 'stop', 'pass' or 'quarantine'", "gebruik 'stop', 'pass' of 'quarantine'"),
        ("10 m further west, 1,250 m further south", "10 m verder naar het westen, 1.250 m verder naar het zuiden"),
    ],
)
def test_names_and_values_stay_and_sentences_within_are_told(english: str, dutch: str) -> None:
    assert translated(english, "nl", of="faults") == dutch


@pytest.mark.parametrize(
    ("english", "dutch"),
    [
        (
            "timetable: x: y: trips of one stop, left out (3 rows: a). Remedy: set it.",
            "dienstregeling: x: y: ritten met één halte, weggelaten (3 rijen: a). Wat te doen: geef die een waarde.",
        ),
        (
            "p: 4 parcels share ground with another (9 m2 in 2 pairs), which counts in each of them (a and b: 8 m2)",
            "p: 4 percelen delen grond met een ander (9 m² in 2 paren), en die telt in elk ervan (a en b: 8 m²)",
        ),
        ("assumption of the council", "assumption of the council"),
    ],
    ids=["a finding", "a doubt", "somebody's own words"],
)
def test_what_a_report_says_of_its_inputs_is_told_whole(english: str, dutch: str) -> None:
    assert translated(english, "nl") == dutch


def test_an_error_is_told_in_dutch_and_stays_english_in_python() -> None:
    faults = [
        Fault("no geometry", "p.gpkg: the file", "mend it", 1234, ("a", "b", "c", "d")),
        Fault("stopped", "x", "set it"),
    ]
    error = InputError(faults)
    assert told_error(error, "nl") == (
        "1. p.gpkg: het bestand: geen geometrie (1.234 rijen: a, b, c). Wat te doen: verbeter het.\n"
        "2. x: gestopt. Wat te doen: geef die een waarde."
    )
    assert str(error) == told_error(error, "en")
    assert str(error).startswith("1. p.gpkg: the file: no geometry (1,234 rows: a, b, c). Remedy: mend it.\n2. x")


def test_faults_told_within_a_file_name_it_first() -> None:
    error = FlexsitesError([Fault("unknown", "effects", "set it"), "text"])
    assert error.within("run.yaml") == (Fault("unknown", "run.yaml: effects", "set it"), "run.yaml: text")


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["flexsites", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("content", "dutch"),
    [
        (A_DATE, ["is geen geldige YAML: regel 4, kolom 17: 2025-13-01 is geen datum"]),
        (
            KEYS,
            [
                "onbekende sleutel (gegeven: 'red')",
                "sources.parcels.reader: een verplichte sleutel ontbreekt",
                "shortlist.n: dit moet 1 of meer zijn (gegeven: 0)",
                "misschien Kampen (GM0166, Overijssel)",
            ],
        ),
        (FILES, ["dit bestand is er niet", "niet gedekt: military (regel military, uitsluiting)"]),
    ],
    ids=["a day", "keys", "files"],
)
def test_check_says_in_dutch_what_is_wrong(
    content: str, dutch: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.yaml").write_text(content, encoding="utf-8")
    command(monkeypatch, "check", tmp_path / "run.yaml", "--lang", "nl")
    shown = capsys.readouterr()
    told = (shown.out + shown.err).replace(str(tmp_path), "")
    assert "Wat te doen: " in told
    assert [one for one in dutch if one not in told] == []
    assert ENGLISH.findall(told) == []


@pytest.mark.parametrize(
    ("variable", "option", "told"),
    [
        (None, [], "no such folder"),
        (None, ["--lang", "nl"], "deze map is er niet"),
        ("nl", [], "deze map is er niet"),
        ("nl", ["--lang", "en"], "no such folder"),
    ],
)
def test_messages_follow_the_option_then_the_variable_then_english(
    variable: str | None,
    option: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("FLEXSITES_LANG", raising=False)
    if variable:
        monkeypatch.setenv("FLEXSITES_LANG", variable)
    command(monkeypatch, "status", "gone", *option)
    assert told in capsys.readouterr().err


def test_the_language_of_reports_by_default_is_not_that_of_messages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FLEXSITES_LANG", raising=False)
    command(monkeypatch, "run", "no_such_run")
    assert "there is no 'no_such_run'" in capsys.readouterr().err
    command(monkeypatch, "run", "no_such_run", "--lang", "nl")
    assert "er is geen 'no_such_run'" in capsys.readouterr().err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_who_asks_what_if_is_sent_to_no_file(lang: str) -> None:
    """A visitor of the viewer was told to raise a limit in measures.yaml."""
    named = re.compile(r"\.yaml|run ?file|runbestand")
    remedies = [one for one in sentences_of("nl", "faults") if re.search(r"\.yaml|run file", one)]
    assert "ask at most {search}, or raise the limit in measures.yaml" in remedies
    form: dict[str, Any] = {
        "milieus": [],
        "tests": [],
        "common": [],
        "reach": {"path": ""},
        "order": {"path": ""},
        "rules": [],
    }
    for remedy in remedies:
        fault = Fault("it is so", "limits", remedy.replace("{search}", "15"))
        told = told_by_form(fault, {}, form, Words(lang), lambda text: translated(text, lang, of="faults"))
        assert not named.search(told), told
