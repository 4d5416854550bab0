"""Who may ask the viewer what, and what it never serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flexsites.view.downloads import files_of
from flexsites.view.guard import refusal
from flexsites.view.opened import Opened

WHAT_IF = "/api/what_if"
QUESTION = b'{"changes": {"estimate": "low"}}'
HERE = {"origin": "http://127.0.0.1:8040", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("method", "host", "origin", "fetched_from", "status"),
    [
        ("GET", "127.0.0.1:8040", None, None, None),
        ("HEAD", "localhost:8040", "http://localhost:8040", "same-origin", None),
        ("GET", "127.0.0.1.evil.example", None, None, 403),
        ("GET", "", None, None, 403),
        ("GET", "[", None, None, 403),
        ("GET", "127.0.0.1:8040", "http://127.0.0.1:9999", None, 403),
        ("GET", "127.0.0.1:8040", "null", None, 403),
        ("GET", "127.0.0.1:8040", None, "cross-site", 403),
        ("POST", "127.0.0.1:8040", None, None, 405),
    ],
)
def test_only_this_machine_may_ask(
    method: str, host: str, origin: str | None, fetched_from: str | None, status: int | None
) -> None:
    refused = refusal(method, host, origin, fetched_from)
    assert (None if refused is None else refused[0]) == status


def test_what_is_refused_gives_nothing_away(client: TestClient) -> None:
    elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=elsewhere | {"sec-fetch-dest": "document"}).status_code == 200  # a link
    assert client.get("/", headers=elsewhere | {"sec-fetch-dest": "iframe"}).status_code == 403
    for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
        answer = client.get("/api/settings", headers=headers)
        assert answer.status_code == 403
        assert "verdict" not in answer.text
    assert client.post("/api/settings").status_code == 405


def test_no_file_outside_the_run_is_served(client: TestClient, run: Opened, tmp_path: Path) -> None:
    place = run.results.directory
    secret = tmp_path / "secret.parquet"
    secret.write_text("secret", encoding="utf-8")
    (place / "link.parquet").symlink_to(secret)
    (place / ".hidden.csv").write_text("secret", encoding="utf-8")
    for name in (
        "link.parquet",
        ".hidden.csv",
        "../secret.parquet",
        "run.yaml",
        str(secret),
        "canonical/streets.parquet",
    ):
        answer = client.get(f"/files/{name}")
        assert answer.status_code == 404, name
        assert "secret\n" not in answer.text
    listed = [one.as_posix() for one in files_of(place)]
    assert "sites.parquet" in listed
    assert not {"link.parquet", ".hidden.csv"} & set(listed)
    assert not [one for one in listed if one.startswith(("canonical/", "view/"))]
    assert client.get("/files/sites.parquet").content == (place / "sites.parquet").read_bytes()


def test_a_question_is_taken_from_a_page_of_this_address_alone(client: TestClient) -> None:
    """Of a question that is allowed the run itself is the limit: this one has no resolved run to be asked again."""
    refused = [
        ({"content-type": "application/json"}, 403),
        (HERE | {"origin": "http://evil.example"}, 403),
        (HERE | {"sec-fetch-site": "cross-site"}, 403),
        (HERE | {"host": "evil.example"}, 403),
        (HERE | {"content-type": "text/plain"}, 415),
    ]
    for headers, status in refused:
        assert client.post(WHAT_IF, content=QUESTION, headers=headers).status_code == status, headers
    assert client.post(WHAT_IF, content=b" " * 70_000, headers=HERE).status_code == 413
    assert client.post("/api/parcels", content=QUESTION, headers=HERE).status_code == 405
    assert client.put(WHAT_IF, content=QUESTION, headers=HERE).status_code == 405
    told = client.post(WHAT_IF, content=QUESTION, headers=HERE)
    assert told.status_code == 400
    assert "run it again with this version" in told.json()["faults"][0]
    assert client.post(WHAT_IF, content=b"{", headers=HERE).json()["faults"][0].startswith("question: no JSON")
    in_dutch = client.post(WHAT_IF, content=b"{", headers=HERE, params={"lang": "nl"}).json()
    assert in_dutch["faults"][0].startswith("question: geen JSON. Wat te doen: stuur JSON")
    form = client.get(WHAT_IF, params={"lang": "en"})
    assert (form.status_code, "run it again" in form.json()["description"]) == (400, True)


def test_an_address_holds_only_questions_that_can_be_asked(client: TestClient) -> None:
    """A link of another's may say anything: ``__proto__`` is no kind of change, and no latitude lies beyond a pole."""
    assert "/^((limits|replace|effects):.+|estimate|vetoes)=/" in client.get("/assets/what_if.js").text
    assert "Math.abs(lat) <= 90" in client.get("/assets/map.js").text
