from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from flexsites.config.load import configs_directory
from flexsites.config.sources import Areas, Buildings, Sources
from flexsites.reporting import open_results, write_factsheets, write_report
from flexsites.reporting.maps import library
from flexsites.reporting.maps.content import unpacked
from flexsites.reporting.maps.display import in_degrees
from flexsites.reporting.names import words_of
from flexsites.reporting.report.answer import answer
from flexsites.reporting.report.areas import area_totals, coverage, ownership
from flexsites.reporting.report.land import verdict_counts
from flexsites.reporting.report.origin import assumptions, figures, sources, sources_by_origin
from flexsites.reporting.report.page import render_report
from flexsites.reporting.report.roofs import roofs
from flexsites.reporting.report.rules import closing_line
from flexsites.reporting.report.variants import variants
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.words import LANGUAGES, load_texts
from flexsites.tables.manifest import Balance, Source
from tests.reporting_fixture import write_results

_SHIPPED_RULES = "".join(one.read_text(encoding="utf-8") for one in (configs_directory() / "rules").rglob("*.yaml"))
_LOADING = {
    "script": ("src",), "link": ("href",), "img": ("src", "srcset"), "iframe": ("src",), "source": ("src", "srcset"),
    "object": ("data",), "embed": ("src",), "audio": ("src",), "video": ("src", "poster"), "use": ("href",),
    "image": ("href",), "base": ("href",),
}  # fmt: skip


class _Page(HTMLParser):
    """Collects what a page would load, its texts, and whether its elements close in order."""

    _VOID = ("meta", "link", "input", "br", "img", "hr")
    _SVG_VOID = ("rect", "path", "circle")

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loads += [str(given[name]) for name in _LOADING.get(tag, ()) if name in given]
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(str(given.get("href")))
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self._VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)


def _read(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    assert page.open == []
    return page


@pytest.fixture(scope="module", params=LANGUAGES)
def html(request: pytest.FixtureRequest, written) -> str:
    return written(write_report, request.param).read_text(encoding="utf-8")


def test_nothing_is_loaded_from_outside(html: str) -> None:
    page = _read(html)
    assert [one for one in page.loads if not one.startswith("data:")] == []
    # The library can fetch, and is asked to by no source of the map; its style sheet holds its pictures.
    ours = html.replace(library.script(), "").replace(library.style_sheet(), "")
    assert len(html) - len(ours) > 900_000
    # A pattern of a drawing is named by its id in the page itself.
    loading = r"url\((?!#overview-)|@import|\bfetch\(|XMLHttpRequest|WebSocket|importScripts|sendBeacon"
    assert re.findall(loading, ours) == []
    assert set(re.findall(r"url\(([^)]{0,6})", library.style_sheet())) <= {'"data:', "data:i", "'data:"}


def test_contents_lead_to_sections(html: str) -> None:
    page = _read(html)
    # What follows an & is a state of the map.
    wanted = [link.removeprefix("#").partition("&")[0] for link in page.links if link.startswith("#")]
    assert len(wanted) > 12
    assert set(wanted) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_texts_of_sources_are_shown_and_never_run(html: str) -> None:
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    assert "Hoogveen &amp; &lt;Laag&gt;" in html
    page = _read(html)
    content = unpacked(max((one for one in page.scripts if re.fullmatch(r"[A-Za-z0-9+/=]+", one)), key=len))
    assert "Hoogveen & <Laag>" in content["parcels"]["place"]["texts"]


def test_the_places_that_the_first_page_numbers_are_numbered_on_the_map_of_the_screen(
    html: str, run_directory: Path
) -> None:
    """The drawn map has them too, and is hidden where the browser shows the other."""
    said = re.search(r"(?:op de kaart|on the map): ([\d, ]+)", html)
    assert said is not None
    content = unpacked(html.split('id="map-content">')[1].split("<", maxsplit=1)[0])
    assert [number for number, *_ in content["numbers"]] == said[1].split(", ")
    locations = open_results(run_directory).table("locations")
    at = in_degrees(shapely.points(locations[["location_x_m", "location_y_m"]].to_numpy()), 0.0)
    known = {(round(one.x, 5), round(one.y, 5)) for one in at}
    assert {(lon, lat) for _, lon, lat in content["numbers"]} <= known
    assert "settings.numbers" in html
    assert "new maplibregl.Marker" in html


def test_the_warning_the_screening_and_the_attribution_are_always_there(html: str) -> None:
    assert html.count("een vertekenend beeld") >= 2
    assert "© OpenStreetMap-bijdragers" in html
    assert "ODbL 1.0" in html
    assert "330" in html


def test_every_assumption_and_figure_is_listed(html: str, run_directory: Path) -> None:
    manifest = json.loads((run_directory / "manifest.json").read_text(encoding="utf-8"))
    for entry in (*manifest["assumptions"], *manifest["figures"]):
        assert entry["path"] in html
    assert "report.transit.reaches.reach_by_mode.train" in html


def test_of_a_figure_of_ones_own_the_file_is_told(run_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(run_directory, tmp_path / "run")
    at = tmp_path / "run" / "manifest.json"
    manifest = json.loads(at.read_text(encoding="utf-8"))
    own, shipped = "flexsites_config/rules/exclusion/kampen.yaml", "configs/counting.yaml"
    manifest["assumptions"] = [
        {"path": "rules.noise.threshold", "value": 60, "file": own},
        {"path": "counting.reach_m", "value": 250, "file": shipped},
    ]
    at.write_text(json.dumps(manifest | {"seal": ""}), encoding="utf-8")
    results = open_results(tmp_path / "run")
    rows = assumptions(results, words_of(results, "en"))["assumed"].rows
    assert [row[-1] for row in rows[:2]] == [f"rules.noise.threshold ({own})", "counting.reach_m"]
    listed = figures(results, words_of(results, "en")).set_index("path")["file"]
    assert listed["counting.reach_m"] == shipped


def test_no_null_shows_as_such(html: str) -> None:
    visible = re.sub(r"<script.*?</script>|<style.*?</style>", "", html, flags=re.DOTALL)
    words = re.findall(r">([^<]*)<", visible)
    assert [word for word in words if re.search(r"\b(nan|NaN|NA|NaT|inf)\b", word)] == []
    assert not {word.strip() for word in words} & {"None", "null"}


def test_numbers_follow_the_language(written) -> None:
    nl, en = (written(write_report, lang).read_text(encoding="utf-8") for lang in LANGUAGES)
    assert "330.000 woningen" in nl
    assert "330,000 homes" in en
    assert 'lang="nl"' in nl
    assert 'lang="en"' in en


def test_without_a_timetable_the_diagnostic_says_unknown(run_without_timetable: Path) -> None:
    results = open_results(run_without_timetable)
    html = render_report(results, words_of(results, "nl"))
    assert "er is geen dienstregeling" in html
    assert "Geen locatie is met zekerheid geschikt" in html
    assert not re.search(r"valt \d+% van de locaties af", html)
    assert "sections.roofs" not in html


def test_areas_that_do_not_close_are_said(summed_run: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(summed_run, tmp_path / "run"))
    path = place / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["closes"]["attributed_area_m2"] += 5.0
    path.write_text(json.dumps(manifest | {"seal": ""}), encoding="utf-8")
    assert "LET OP: bebouwbaar" in write_report(place, "nl").read_text(encoding="utf-8")


def test_a_run_of_roofs_only_has_a_report(tmp_path: Path) -> None:
    place = write_results(tmp_path / "run")
    for name in ("sites", "suitability", "pieces", "reasons", "accessibility", "units"):
        (place / f"{name}.parquet").unlink()
    html = write_report(place, "nl").read_text(encoding="utf-8")
    assert 'id="roofs"' in html
    assert 'id="map-canvas"' not in html
    _read(html)


def test_a_sparse_manifest_is_enough(tmp_path: Path) -> None:
    place = write_results(tmp_path / "run", with_roofs=False)
    (place / "manifest.json").write_text('{"run_id": "r", "name": "r", "flexsites_version": "0.1.0"}', encoding="utf-8")
    html = write_report(place, "en").read_text(encoding="utf-8")
    assert "This run names no sources." in html


@pytest.mark.parametrize("lang", LANGUAGES)
def test_factsheets_are_whole_pages_without_loads(run_directory: Path, lang: str) -> None:
    html = write_factsheets(run_directory, ["WDM00A00001", "WDM00A00041"], lang).read_text(encoding="utf-8")
    page = _read(html)
    assert [one for one in page.loads if not one.startswith("data:")] == []
    assert page.ids == ["WDM00A00001", "WDM00A00041"]
    assert "BOPA" in html
    assert html.count("<svg") == 4  # of each its drawing, and where it lies


def test_the_closing_adds_up_as_it_is_written(run_directory: Path) -> None:
    """0.6 + 0.6 m2 are 1.2: written whole they must not read 1 + 1 = 1."""
    results = open_results(run_directory)
    results = replace(
        results,
        manifest=results.manifest.model_copy(
            update={"closes": Balance(area_in_m2=1.2, buildable_area_m2=0.6, attributed_area_m2=0.6, difference_m2=0.0)}
        ),
    )
    said, does_close = closing_line(results, words_of(results, "en"))
    assert does_close
    assert [int(figure) for figure in re.findall(r"(\d+) m²", said)] == [1, 0, 1]


def test_layers_of_one_map_are_one_source(summed_run: Path) -> None:
    """A reader sees which layers were read of a source, each with its count; its licence stands there once."""
    results = open_results(summed_run)
    one = {"title": "OSM", "provider": "OSM", "licence": "ODbL", "attribution": "© OSM", "edition": "2024", "url": ""}
    told = (
        Source(id="streets", n_features=12, **one),
        Source(id="layers.water", n_features=3, **one),
        Source(id="x", **(one | {"edition": "2025"})),
    )
    results = replace(results, manifest=results.manifest.model_copy(update={"sources": told}))
    found = sources_by_origin(sources(results, words_of(results, "en")))
    assert [(source["edition"], [part["source_id"] for part in source["parts"]]) for source in found] == [
        ("2024", ["streets", "layers.water"]),
        ("2025", ["x"]),
    ]
    html = render_report(results, words_of(results, "en"))
    assert html.count("<h3>OSM</h3>") == 2
    for part in ("Streets: features 12", "Layer: water: features 3", "X: features unknown"):
        assert part in html


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_source_is_called_by_what_is_read_of_it_and_its_id_stands_apart(summed_run: Path, lang: str) -> None:
    """A Dutch sheet of sources began with "layers.drinking_water_abstraction"."""
    layers = set(re.findall(r"^ *(?:\w+_)?layer: (\w+)$", _SHIPPED_RULES, flags=re.MULTILINE))
    rules = set(re.findall(r"rule_id: (\w+)", _SHIPPED_RULES))
    assert len(layers) > 40
    named = load_texts(lang)["names"]["source"]
    assert {one for one in layers if f"layers.{one}" not in named} <= rules
    rows = Sources.model_fields.keys() - {"faulty_rows", "folder"}
    parts = {
        f"{group}.{one}" for group, model in (("areas", Areas), ("buildings", Buildings)) for one in model.model_fields
    }
    assert {one for one in (*rows, *parts) if one not in named} == set()
    results = open_results(summed_run)
    told = (Source(id="layers.plan_capacity", title="T", n_features=1), Source(id="parcels", title="T", n_features=1))
    results = replace(results, manifest=results.manifest.model_copy(update={"sources": told}))
    found = sources(results, words_of(results, lang))
    assert [one["data"] for one in found] == [named["layers.plan_capacity"], named["parcels"]]
    assert [one["source_id"] for one in found] == ["layers.plan_capacity", "parcels"]
    assert next(iter(found[0])) == "data"


def test_variants_stand_with_and_without_the_undemanding_flexmilieu(run_directory: Path) -> None:
    results = open_results(run_directory)
    view = variants(results, words_of(results, "en"))["table"]
    table = summary(results, "variants")
    rest = table[table["population"] == "suitable_demanding"].set_index("variant")
    assert [row[-1] for row in view.rows] == [f"{rest.loc[name, 'n_sites']:,}" for name in rest.index]
    assert all(len(row) == len(view.headings) for row in view.rows)


def test_land_of_the_programme_is_not_called_buildable(run_directory: Path) -> None:
    """What is buildable holds land that asks consent on parcels that can do without, which the programme leaves out."""
    results = open_results(run_directory)
    words = words_of(results, "nl")
    views = [area_totals(results, words)["totals"], ownership(results, words)["table"]]
    for view in [*views, coverage(results, words)["table"]]:
        headings = [heading for heading, _, _ in view.headings]
        assert "oppervlakte voor het programma" in headings
        assert not any("bebouwbaar" in heading for heading in headings)


def test_of_available_parcels_the_verdict_is_unknown_and_not_whether_they_suit(run_directory: Path) -> None:
    results = open_results(run_directory)
    view = area_totals(results, words_of(results, "en"))["totals"]
    assert [heading for heading, _, _ in view.headings][-1] == "verdict unknown"
    assert view.rows[-1][-1] == str(verdict_counts(results)["unknown"])


def test_each_flexmilieu_of_each_variant_is_told(run_directory: Path) -> None:
    results = open_results(run_directory)
    view = variants(results, words_of(results, "en"))["matrix"]
    by = summary(results, "variants").set_index(["variant", "population"])
    for i, flexmilieu in enumerate(results.flexmilieus, 1):
        row = by.loc[("base", flexmilieu)]
        assert view.rows[0][i] == f"{int(row['n_sites']):,} / {int(row['n_spread_expected']):,}"


def test_no_homes_are_claimed_where_suitability_is_unknown(run_without_timetable: Path) -> None:
    """Without a timetable stedelijk_ov is unknown everywhere: its homes are unknown per gemeente and variant, not 0."""
    results = open_results(run_without_timetable)
    words = words_of(results, "en")
    totals = summary(results, "totals")
    whole = totals[(totals["area_kind"] == "run") & (totals["coverage_scope"] == "all")].set_index("population")
    unsure = [one for one in results.flexmilieus if not whole.loc[one, "n_sites"] and whole.loc[one, "n_sites_unknown"]]
    assert unsure
    for view in (area_totals(results, words)["matrix"], variants(results, words)["matrix"]):
        of_run = view.rows[-1] if view.emphasis else view.rows[0]
        for one in unsure:
            assert of_run[1 + results.flexmilieus.index(one)] == "unknown"


def test_a_total_says_which_gemeenten_it_leaves_out(run_directory: Path, tmp_path: Path) -> None:
    """Beside a gemeente that is unknown stood a total that was the other's, as if it were that of both."""
    shutil.copytree(run_directory, tmp_path / "run")
    sites = gpd.read_parquet(tmp_path / "run" / "sites.parquet")
    gemeente, *_ = sorted(sites["gemeente_code"].dropna().unique())
    inside = sites.loc[sites["gemeente_code"] == gemeente, "site_id"]
    suitability = pd.read_parquet(tmp_path / "run" / "suitability.parquet")
    clusters = pd.read_parquet(tmp_path / "run" / "clusters.parquet")
    chosen = str(clusters.loc[~clusters["site_id"].isin(inside), "flexmilieu"].iloc[0])
    mine = suitability["site_id"].isin(inside) & suitability["flexmilieu"].eq(chosen)
    suitability["is_suitable"] = suitability["is_suitable"].astype("boolean").mask(mine)
    suitability.to_parquet(tmp_path / "run" / "suitability.parquet")
    gone = clusters["site_id"].isin(inside) & clusters["flexmilieu"].eq(chosen)
    clusters[~gone].to_parquet(tmp_path / "run" / "clusters.parquet")
    results = open_results(tmp_path / "run")
    words = words_of(results, "en")
    found = area_totals(results, words)
    column = 1 + results.flexmilieus.index(chosen)
    cells = {row[0]: row[column] for row in found["matrix"].rows}
    name = words.name("area", gemeente)
    assert cells[name] == "unknown"
    assert found["matrix"].rows[-1][column] != "unknown"
    assert f"{words.name('flexmilieu', chosen)} ({name})" in found["matrix_left_out"]
    assert found["totals_left_out"] == "", "of the common programme both are known"
    assert found["matrix_left_out"] in render_report(results, words)
    untouched = area_totals(open_results(run_directory), words)
    assert words.name("flexmilieu", chosen) not in untouched["matrix_left_out"]

    sites["verdict"] = sites["verdict"].mask(sites["site_id"].isin(inside) & sites["verdict"].ne("excluded"), "unknown")
    sites.to_parquet(tmp_path / "run" / "sites.parquet")
    found = area_totals(open_results(tmp_path / "run"), words)
    assert found["totals_left_out"] == words.text("totals.left_out", listed=name)


def test_parcels_available_unknown_and_excluded_add_up(run_directory: Path) -> None:
    results = open_results(run_directory)
    told = {tile["kind"]: tile["value"] for tile in answer(results, words_of(results, "en"))["tiles"]}
    counts = verdict_counts(results)
    assert int(told["available"]) + int(told["unknown"]) + counts["excluded"] == len(results.table("sites"))


def test_no_homes_are_claimed_where_no_parcel_is_known_to_be_available(run_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(run_directory, tmp_path / "run")
    sites = gpd.read_parquet(tmp_path / "run" / "sites.parquet")
    sites.loc[sites["verdict"] != "excluded", "verdict"] = "unknown"
    sites.to_parquet(tmp_path / "run" / "sites.parquet")
    results = open_results(tmp_path / "run")
    said = answer(results, words_of(results, "en"))
    told = {tile["kind"]: tile["value"] for tile in said["tiles"]}
    assert told["homes"] == told["suitable"] == "unknown"
    assert said["sentences"][0].startswith(f"Of {len(sites)} parcels none is known for certain")
    assert not any(sentence.startswith("0 ") or " 0 temporary homes" in sentence for sentence in said["sentences"])
    of_run = area_totals(results, words_of(results, "en"))["totals"].rows[-1]
    assert of_run[6] == "unknown"


def test_no_homes_on_roofs_are_claimed_where_none_is_known_to_qualify(run_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(run_directory, tmp_path / "run")
    units = pd.read_parquet(tmp_path / "run" / "roof_units.parquet")
    numbers = [name for name in units.columns if name.startswith("n_")]
    units.assign(verdict="unknown", **dict.fromkeys(numbers)).to_parquet(tmp_path / "run" / "roof_units.parquet")
    results = open_results(tmp_path / "run")
    rows = roofs(results, words_of(results, "en"))["totals"].rows
    assert rows
    assert all(row[-2] == "unknown" for row in rows)


def test_evidence_that_is_missing_is_named_with_the_buildings_that_lack_it(run_directory: Path) -> None:
    results = open_results(run_directory)
    rows = roofs(results, words_of(results, "en"))["missing"].rows
    lacking = int(pd.read_parquet(run_directory / "roofs.parquet")["missing_evidence"].map(len).sum())
    assert rows == [["height", str(lacking)]]
