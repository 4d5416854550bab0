"""The tables of a run as pages of the viewer."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from flexsites.errors import NotFoundError
from flexsites.reporting import open_results
from flexsites.reporting.words import LANGUAGES, Words, load_texts
from flexsites.view.opened import Opened
from flexsites.view.tables import names_of, page_of, title_of


def test_tables_are_paged_and_filtered(client: TestClient, run: Opened) -> None:
    sites = open_results(run.results.directory).table("sites")
    page = page_of(run.results, "sites", run.words["en"], offset=10, limit=5)
    assert (page.total, len(page.view.rows)) == (len(sites), 5)
    assert [row[0] for row in page.view.rows] == sites["site_id"].tolist()[10:15]
    told = client.get(
        "/tables/sites", params={"f": "json", "c.verdict": "ELIG", "c.buildable_area_m2": ">=5000"}
    ).json()
    wanted = sites[sites["verdict"].eq("eligible") & sites["buildable_area_m2"].ge(5000)]
    assert told["total"] == len(wanted)
    flagged = page_of(run.results, "sites", run.words["en"], filters={"flags": "zoning"})
    assert flagged.total == sites["flags"].map(lambda rules: "zoning" in rules).sum() > 0
    assert 'href="/?lang=nl#map&amp;site=' in client.get("/tables/sites").text
    for name in names_of(run.results):
        assert client.get(f"/tables/{name}").status_code == 200, name
    with pytest.raises(NotFoundError, match="no column nothing"):
        page_of(run.results, "sites", run.words["nl"], filters={"nothing": "x"})
    with pytest.raises(NotFoundError, match="is no number"):
        page_of(run.results, "sites", run.words["nl"], filters={"buildable_area_m2": "much"})
    assert client.get("/tables/../manifest").status_code == 404


def test_beyond_the_end_the_last_page_is_shown_and_of_no_rows_it_is_told(client: TestClient) -> None:
    """It said "rij 100.000 t/m 2.857"."""
    for lang, told, none in (("nl", "Rij 101 t/m 120 van 120.", "Er zijn geen rijen"),
                             ("en", "Rows 101 to 120 of 120.", "There are no rows")):  # fmt: skip
        asked = {"lang": lang, "offset": 99999, "limit": 50}
        page = client.get("/tables/sites", params=asked).text
        assert told in page
        assert "offset=50" in page
        assert 'rel="next"' not in page
        assert none in client.get("/tables/sites", params=asked | {"c.site_id": "nowhere"}).text


def test_every_table_has_a_name_in_the_language_of_its_page(client: TestClient, run: Opened) -> None:
    """A Dutch page was headed "totals", and listed files by the names of their columns' makers."""
    found = names_of(run.results)
    assert len(found) > 20
    for lang in LANGUAGES:
        named = load_texts(lang)["names"]["table"]
        listed = client.get("/tables", params={"lang": lang}).text
        for name in found:
            own = named[name.rpartition("/")[2]]
            assert f'href="/tables/{name}?lang={lang}">{own}' in listed
            assert f"<h1>{own}" in client.get(f"/tables/{name}", params={"lang": lang}).text
        assert len({title_of(name, run.words[lang]) for name in found}) == len(found)


def test_an_area_is_told_by_its_name_and_found_by_its_code(run: Opened) -> None:
    code = open_results(run.results.directory).table("sites")["gemeente_code"].dropna().iloc[0]
    words = Words("nl", {("area", code): "Waterdam"})
    page = page_of(run.results, "sites", words, filters={"gemeente_code": code})
    assert page.total > 0
    assert {row[page.columns.index("gemeente_code")] for row in page.view.rows} == {f"Waterdam ({code})"}
    unnamed = page_of(run.results, "sites", Words("nl"), filters={"gemeente_code": code})
    assert {row[page.columns.index("gemeente_code")] for row in unnamed.view.rows} == {code}
