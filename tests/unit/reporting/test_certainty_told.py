from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd

from flexsites.reporting.names import words_of
from flexsites.reporting.report.certainty import certainty_table
from flexsites.reporting.report.first_page import first_page
from flexsites.reporting.results import Results, open_results


def test_a_total_that_no_draw_knows_is_unknown_and_not_nothing(summed_run: Path, tmp_path: Path) -> None:
    """Of Campus the report said unknown, and beside it: 0 places, in nine of ten draws 0 to 0."""
    place = Path(shutil.copytree(summed_run, tmp_path / "run"))
    (place / "certainty").mkdir()
    (place / "certainty" / "draws.yaml").write_text(json.dumps({"certainty": {"groups": []}}), encoding="utf-8")
    told = [("campus", 0.0, 0.0), ("fietsstad", 0.0, 0.0), ("werk_nabij", 0.0, 4.0)]
    rows = [("locations", name, "available", low, 0.0, low, high, 20) for name, low, high in told]
    names = ["total", "flexmilieu", "land", "expected", "p05", "p50", "p95", "n_draws"]
    keyed = pd.DataFrame(columns=["total", "flexmilieu", "land", "group", "at_low", "at_high"])
    places = pd.DataFrame({"flexmilieu": [name for name, *_ in told], "chance_unknown": [0.97, 0.0, 0.5]})
    tables = {"totals": pd.DataFrame(rows, columns=names), "groups": keyed, "locations": places}
    opened = open_results(place)
    results = Results(place, opened.manifest, {f"certainty/{name}": table for name, table in tables.items()})
    found = {row[1]: row[3:5] for row in certainty_table(results, words_of(opened, "nl")).rows}
    assert list(found.values()) == [["onbekend", "onbekend"], ["0", "0 – 0"], ["0", "0 – 4"]]


def test_the_first_page_says_how_sure_the_answer_is_and_of_what(summed_run: Path, tmp_path: Path) -> None:
    """A councillor reads one page: the interval is of homes without consent, and beside it stands what moves places."""
    place = Path(shutil.copytree(summed_run, tmp_path / "run"))
    (place / "certainty").mkdir()
    labels = [{"id": one, "label": {"nl": f"de {one}", "en": one}} for one in ("afstand", "termijn")]
    (place / "certainty" / "draws.yaml").write_text(json.dumps({"certainty": {"groups": labels}}), encoding="utf-8")
    names = ["total", "flexmilieu", "land", "expected", "p05", "p50", "p95", "n_draws"]
    rows = [
        ("common", "all", "eligible", 500.0, 310.0, 500.0, 820.0, 20),
        ("locations", "campus", "available", 9.0, 4.0, 9.0, 12.0, 20),
    ]
    moves = [
        ("locations", "campus", "available", "afstand", 5.0, 11.0),
        ("locations", "campus", "available", "termijn", 9.0, 9.0),
    ]
    groups = pd.DataFrame(moves, columns=["total", "flexmilieu", "land", "group", "at_low", "at_high"])
    places = pd.DataFrame({"location_id": ["a", "b"], "is_stable": [True, False]})
    opened = open_results(place)
    tables = {"totals": pd.DataFrame(rows, columns=names), "groups": groups, "locations": places}
    told = {f"certainty/{name}": table for name, table in tables.items()}
    (place / "certainty" / "totals.parquet").touch()  # that it is there is what tells that draws were made
    page = first_page(Results(place, opened.manifest, told), words_of(opened, "nl"))
    (sure,) = (one for one in page if one.question == "Hoe zeker is dit?")
    assert sure.answer == "310 – 820 woningen zonder toestemming, in 90% van de trekkingen"
    assert sure.beside.startswith("1 plek staat in negen van de tien trekkingen")
    assert sure.beside.endswith("Welke plekken geschikt zijn hangt het meest af van de afstand.")
