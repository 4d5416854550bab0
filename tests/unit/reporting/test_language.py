"""No words of the other language in what people read: read as it is written, not as the labels have it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from flexsites.reporting import (
    open_results,
    write_factsheets,
    write_geopackage,
    write_portfolio,
    write_report,
    write_workbook,
)

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
    return _ONLY["en" if lang == "nl" else "nl"] & set(re.findall(r"[a-z]+", _NAMES.sub(" ", text).lower()))


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
    own = {one.id for one in manifest.sources} | {
        *manifest.warnings,
        "kleiner loont niet",
        "twee rijen modules en een pad",
    }
    found = {text.strip(): words for text in told(written(write, lang)) if (words := foreign(text, lang))}
    assert {text: words for text, words in found.items() if text not in own} == {}


def test_the_words_are_found() -> None:
    assert foreign("Parcels with a piece of it. Onbekend: no street with a name is near.", "nl") == {"parcels", "with"}
    assert foreign("Homes: onbekend", "en") == {"onbekend"}
    assert foreign("see flexsites/the/parcels.parquet", "nl") == set()
