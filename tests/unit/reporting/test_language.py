"""No words of the other language in what people read: read as it is written, not as the labels have it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest
import yaml

from flexsites.config.load import configs_directory
from flexsites.reporting import (
    open_results,
    write_factsheets,
    write_geopackage,
    write_portfolio,
    write_report,
    write_workbook,
)
from flexsites.reporting.parameters import load_parts
from flexsites.reporting.told import sentences_of
from flexsites.reporting.words import load_meanings, load_texts

# Words that only one of the two languages has, and that hardly a sentence of it does without.
_ONLY = {
    "en": {
        "the", "and", "with", "which", "that", "this", "these", "are", "were", "has", "have", "not", "where", "what",
        "who", "their", "there", "then", "than", "because", "each", "least", "between", "within", "does", "from",
        "until", "its", "unknown", "homes", "parcels", "municipality", "totals", "excluded", "eligible",
    },
    "nl": {
        "het", "een", "niet", "voor", "naar", "zijn", "wordt", "worden", "wel", "deze", "waar", "waarvan",
        "met", "zonder", "percelen", "woningen", "gemeente", "onbekend", "uitgesloten", "elke", "tussen", "ook",
    },
}  # fmt: skip
# What is a name or a code in both, or is quoted: of files and keys, of what others said in their own words.
_NAMES = re.compile(r"\S+[._/]\S+|“[^”]*”|^\w+: (objecten|features)")


class _Read(HTMLParser):
    """The texts that a page shows or tells: scripts and styles are not read, titles and labels are."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style")
        self.texts += [
            value for name, value in attrs if name in ("title", "aria-label", "alt", "placeholder") and value
        ]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.texts.append(data)


def told(path: Path) -> Iterator[str]:
    """Yield the texts of a file."""
    if path.suffix == ".html":
        page = _Read()
        page.feed(path.read_text(encoding="utf-8"))
        yield from page.texts
    elif path.suffix == ".xlsx":
        for sheet in openpyxl.load_workbook(path):
            yield sheet.title
            for cell in (cell for row in sheet.iter_rows() for cell in row):
                yield from (text for text in (cell.value, cell.comment and cell.comment.text) if isinstance(text, str))
    else:
        with closing(sqlite3.connect(path)) as db:
            yield from (text for row in db.execute("SELECT identifier, description FROM gpkg_contents") for text in row)
            for (layer,) in db.execute("SELECT table_name FROM gpkg_contents").fetchall():
                rows = db.execute(f'SELECT * FROM "{layer}"')  # noqa: S608 - a file of our own
                shown = [i for i, column in enumerate(rows.description) if column[0].endswith("_name")]
                yield from {str(row[i]) for row in rows for i in shown if row[i]}


def foreign(text: str, lang: str) -> set[str]:
    """Return the words of the other language in a text."""
    only = english() if lang == "nl" else _ONLY["nl"]
    return only & _words(_NAMES.sub(" ", text))


@cache
def english() -> frozenset[str]:
    """Return the words that the package has for people in English, and nowhere in Dutch.

    A list of frequent words misses "two bedroom" and "EUR/year": here every word is known that is said anywhere.
    """
    english, dutch = set(_ONLY["en"]), set[str]()
    for lang, words in (("en", english), ("nl", dutch)):
        words |= {word for text in _texts(load_texts(lang)) for word in _words(text)}
        words |= {word for text in load_parts(lang).values() for word in _words(text)}
    for catalogue in ("told", "faults"):
        for said, told in sentences_of("nl", catalogue).items():
            english |= _words(said)
            dutch |= _words(told)
    dutch |= {word for text in _texts(load_meanings("nl")) for word in _words(text)}
    for path in configs_directory().rglob("*.yaml"):
        if "schemas" not in path.parts:
            for label in _labels(yaml.safe_load(path.read_text(encoding="utf-8"))):
                english |= _words(label["en"])
                dutch |= _words(label["nl"])
    return frozenset(english - dutch | _ONLY["en"])


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{2,}", re.sub(r"\{\w+(?=[:}])", "{", text).lower()))


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping | Sequence):
        for item in node.values() if isinstance(node, Mapping) else node:
            yield from _texts(item)


def _labels(node: object) -> Iterator[dict[str, str]]:
    """Yield every text of a configuration file that is given in both languages."""
    if isinstance(node, Mapping):
        if {"nl", "en"} <= node.keys():
            yield {lang: str(node[lang]) for lang in ("nl", "en")}
        for item in node.values():
            yield from _labels(item)
    elif isinstance(node, list):
        for item in node:
            yield from _labels(item)


def some_factsheets(directory: Path, lang: str) -> Path:
    """Write a page of every verdict and first flexmilieu, and of every rule: the texts of others are the same."""
    results = open_results(directory)
    kinds = results.table("sites").drop_duplicates(["verdict", "flexmilieu_first"])["site_id"]
    ruled = results.table("reasons").drop_duplicates("rule_id")["site_id"]
    return write_factsheets(directory, [*kinds, *ruled], lang)


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("write", [write_report, some_factsheets, write_workbook, write_portfolio, write_geopackage])
def test_an_output_speaks_one_language(write, lang: str, summed_run: Path, written) -> None:
    """In Dutch pages headings told what they mean in English: "Parcels with a piece of it"."""
    manifest = open_results(summed_run).manifest
    # As the maker of the run named things, and why.
    own = (
        {one.id for one in manifest.sources}
        | {rule.rule_id for rule in manifest.rules}
        | {
            *manifest.warnings,
            "kleiner loont niet",
            "twee rijen modules en een pad",
        }
    )
    texts = [text.strip() for text in told(written(write, lang))]
    assert [text for text in texts if re.search(r"\{\w+", text)] == [], "a placeholder is not filled"
    found = {text: words for text in texts if (words := foreign(text, lang))}
    assert {text: words for text, words in found.items() if text not in own} == {}


def test_the_words_are_found() -> None:
    told = "Parcels with a piece of it. Onbekend: no street with a name is near."
    assert {"parcels", "with", "piece", "street"} <= foreign(told, "nl")
    assert foreign("Exploitatie: woningen, two bedroom 50m2", "nl") == {"bedroom"}
    assert foreign("Homes: onbekend", "en") == {"onbekend"}
    assert foreign("zie flexsites/the/parcels.parquet", "nl") == set()
