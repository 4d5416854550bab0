from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd

from flexsites.reporting.names import words_of
from flexsites.reporting.report.certainty import certainty_table
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
