"""Every closed list, in a delivery that is sound but for one word that it does not have: a fault that names the word.

Words that rules read of layers are in `unit/inputs/test_words.py`, and open lists (OpenStreetMap), which make a word
unknown and count it, in `unit/accessibility`.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from flexsites.config.input_rules import input_rules
from flexsites.inputs.prepare import check
from flexsites.tables.parcel_fields import owner_class
from tests.property.deliveries import READERS, deliver, request_of
from tests.unit.inputs.test_words import RULES

COLUMNS = {
    ("table of csv", "owner_class"): "stichting",
    ("panden", "status"): "staat er nog",
    ("verblijfsobjecten", "status"): "bewoond",
    ("verblijfsobjecten", "gebruiksdoel"): "wonen",
    ("lines", "class"): "woonstraat",
    ("lines", "one"): "misschien",
    ("stops", "soort"): "koets",
}
"""A word that is not listed, by the reader and the column that has the list."""

WORDS_OF = {"soort": "Stops.mode"}
"""Columns whose words become a column of ours, which has the list."""

IN_FEED = {
    ("stops.txt", "location_type"): "x",
    ("calendar.txt", "monday"): "ja",
    ("calendar_dates.txt", "exception_type"): "3",
}
"""The same of the tables of a feed."""


@pytest.mark.parametrize(("reader", "column"), COLUMNS)
def test_a_word_that_a_list_of_a_column_does_not_have_is_named(reader: str, column: str, tmp_path: Path) -> None:
    delivery = deliver(reader, tmp_path)
    frame = pd.read_csv(delivery.file) if delivery.file.suffix == ".csv" else gpd.read_file(delivery.file)
    word = COLUMNS[reader, column]
    frame[column] = frame[column].astype(object)
    frame.loc[0, column] = word
    delivery.file.unlink()
    if isinstance(frame, gpd.GeoDataFrame):
        frame.to_file(delivery.file)
    else:
        frame.to_csv(delivery.file, index=False)
    (fault,) = check(delivery.sources, base=tmp_path, request=request_of(delivery.sources)).faults
    assert WORDS_OF.get(column, column) in str(fault)
    assert word in str(fault)


@pytest.mark.parametrize(("table", "column"), IN_FEED)
def test_a_word_that_a_list_of_a_feed_does_not_have_is_named(table: str, column: str, tmp_path: Path) -> None:
    delivery = deliver("gtfs", tmp_path)
    with zipfile.ZipFile(delivery.file) as packed:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    head, first, *others = texts[table].splitlines()
    cells = first.split(",")
    cells[head.split(",").index(column)] = IN_FEED[table, column]
    texts[table] = "\n".join([head, ",".join(cells), *others, ""])
    with zipfile.ZipFile(delivery.file, "w") as packed:
        for name, text in texts.items():
            packed.writestr(name, text)
    (fault,) = check(delivery.sources, base=tmp_path, request=request_of(delivery.sources)).faults
    assert f"{table}: {column}" in str(fault)
    assert IN_FEED[table, column] in str(fault)


def test_every_vocabulary_of_the_configuration_has_its_test() -> None:
    """Whoever adds a list adds it to a test: here, or with the rules that read it."""
    tested = {*RULES, *(column for _, column in COLUMNS), *IN_FEED}
    assert set(input_rules().vocabularies) - tested == {"tenure"}, "tenure: see the table of owners below"
    assert set(owner_class.values) > {"gemeente", "corporatie"}
    assert {reader for reader, _ in COLUMNS} < set(READERS)


def test_a_tenure_that_is_not_listed_is_named(tmp_path: Path) -> None:
    delivery = deliver("table of csv", tmp_path)
    frame = pd.read_csv(delivery.file).assign(tenure=["erfpacht", "gehuurd", "opstal"])
    frame.to_csv(delivery.file, index=False)
    owned = delivery.sources.ownership.model_copy(update={"keep": ("owner_class", "tenure")})
    given = delivery.sources.model_copy(update={"ownership": owned})
    (fault,) = check(given, base=tmp_path, request=request_of(given)).faults
    assert "tenure" in str(fault)
    assert "gehuurd" in str(fault)
