"""What misbehaves on the web is told, and nothing of it is taken for a file: on loopback."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from flexsites.config.addresses import known_by, said_without_secrets, without_keys
from flexsites.errors import InputError
from flexsites.inputs.formats import download as downloads
from flexsites.inputs.formats import web as asking
from flexsites.inputs.formats.download import ask_edition, download, fetch_file
from flexsites.inputs.formats.kinds import require_kind
from flexsites.inputs.formats.web import get_json, open_session, require_same_reach
from tests.unit.inputs.web import Web, serving

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(Web(files={"/a.bin": CONTENT})) as held:
        yield held


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.nl/a", "http://169.254.169.254/latest"])
def test_a_redirect_elsewhere_is_refused(web: Web, tmp_path: Path, target: str) -> None:
    web.redirects["/a.bin"] = target
    with pytest.raises(InputError, match="leads to"):
        fetch_file(f"{web.url}/a.bin", tmp_path / "a.bin")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("origin", "target", "is_refused"),
    [
        ("https://1.1.1.1/a", "http://1.1.1.1/a", True),
        ("http://1.1.1.1/a", "https://1.1.1.1/a", False),
        ("https://1.1.1.1/a", "https://127.0.0.1/a", True),
        ("https://1.1.1.1/a", "https://[::1]/a", True),
        ("https://1.1.1.1/a", "https://[::ffff:10.0.0.1]/a", True),
        ("https://1.1.1.1/a", "https://2130706433/a", True),
        ("https://1.1.1.1/a", "https://8.8.8.8/a", False),
        ("http://127.0.0.1/a", "http://127.0.0.2/a", False),
        ("http://127.0.0.1/a", "http://10.0.0.1/a", True),
    ],
)
def test_where_an_answer_may_lead(origin: str, target: str, *, is_refused: bool) -> None:
    if is_refused:
        with pytest.raises(InputError, match="leads to"):
            require_same_reach(origin, target)
    else:
        require_same_reach(origin, target)


def test_a_name_that_leads_into_this_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"inside.example": "192.168.1.1", "outside.example": "8.8.8.8"}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_: [(2, 1, 6, "", (known[host], 0))])
    with pytest.raises(InputError, match="private network"):
        require_same_reach("https://outside.example/a", "https://inside.example/a")


def test_a_drip_is_left(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LEAST_TIME_S", 0.3)
    web.drips = True
    with pytest.raises(InputError, match="too slowly"):
        fetch_file(f"{web.url}/a.bin", tmp_path / "a.bin")
    web.files["/a.json"] = b'{"a": "' + b"b" * 1000 + b'"}'
    with pytest.raises(InputError, match="too slowly"):
        get_json(open_session(), f"{web.url}/a.json")


def test_a_service_that_takes_a_question_and_never_answers_is_asked_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked six times, a minute each."""
    monkeypatch.setattr(downloads, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listens:
        address = f"http://127.0.0.1:{listens.getsockname()[1]}/a.bin"
        with pytest.raises(InputError, match="cannot be fetched"):
            fetch_file(address, tmp_path / "a.bin")
        listens.settimeout(0.2)
        n_asked = 0
        with suppress(TimeoutError):
            while True:
                listens.accept()[0].close()
                n_asked += 1
    assert n_asked == 2


def test_a_connection_that_breaks_goes_on_by_itself(web: Web, tmp_path: Path) -> None:
    web.cuts = 40_000
    assert fetch_file(f"{web.url}/a.bin", tmp_path / "a.bin").read_bytes() == CONTENT
    assert len(web.asked) == 3


def test_the_rest_of_another_edition_is_not_taken(web: Web, tmp_path: Path) -> None:
    web.cuts, other = 40_000, CONTENT[::-1]

    def change(n: int) -> str:
        web.files["/a.bin"] = other  # from the next answer on
        return '"old"' if n == 1 else '"new"'

    web.etag = change
    assert fetch_file(f"{web.url}/a.bin", tmp_path / "a.bin").read_bytes() == other


def test_a_part_that_nobody_asked_is_not_taken_for_the_whole(web: Web, tmp_path: Path) -> None:
    web.says_part = True
    with pytest.raises(InputError, match=r"a part came \(206\) where the whole file was asked"):
        fetch_file(f"{web.url}/a.bin", tmp_path / "a.bin")
    assert not (tmp_path / "a.bin").exists()


def test_a_file_without_a_length_ends_somewhere(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.is_chunked = True
    assert fetch_file(f"{web.url}/a.bin", tmp_path / "a.bin").read_bytes() == CONTENT
    monkeypatch.setattr(downloads, "MOST_UNTOLD_BYTES", 1_000)
    with pytest.raises(InputError, match="and no end"):
        fetch_file(f"{web.url}/a.bin", tmp_path / "b.bin")


@pytest.mark.parametrize("said", ["-5", "many"])
def test_a_length_that_is_none_is_told_at_once(web: Web, tmp_path: Path, said: str) -> None:
    """Until the connection was closed, nobody knew that nothing more would come."""
    web.headers = {"Content-Length": said}
    with pytest.raises(InputError, match=f"the length that the service says is none .'{said}'"):
        fetch_file(f"{web.url}/a.bin", tmp_path / "a.bin")
    assert web.asked == ["GET /a.bin"]
    assert not (tmp_path / "a.bin").exists()
    web.headers = {"Content-Length": f"{len(CONTENT)}, {len(CONTENT)}"}  # said twice
    assert fetch_file(f"{web.url}/a.bin", tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_page_for_people_is_no_file(web: Web, tmp_path: Path) -> None:
    web.files["/a.gpkg"] = b"<!DOCTYPE html><html><title>Log in</title></html>"
    with pytest.raises(InputError, match=r"web page \(HTML\).*Log in"):
        fetch_file(f"{web.url}/a.gpkg", tmp_path / "a.gpkg")
    with pytest.raises(InputError, match=r"web page \(HTML, status 200\)"):
        get_json(open_session(), f"{web.url}/a.gpkg")
    assert not list(tmp_path.iterdir())


def test_what_was_packed_unasked_is_unpacked_whole(web: Web, tmp_path: Path) -> None:
    web.headers, web.files["/a.bin"] = {"Content-Encoding": "gzip"}, gzip.compress(CONTENT)
    assert fetch_file(f"{web.url}/a.bin", tmp_path / "a.bin").read_bytes() == CONTENT
    web.files["/a.bin"] = gzip.compress(CONTENT)[:-20]
    with pytest.raises(InputError, match="has no end"):
        fetch_file(f"{web.url}/a.bin", tmp_path / "b.bin")
    web.files["/a.json"] = gzip.compress(b'{"a": 1}')
    assert get_json(open_session(), f"{web.url}/a.json")[0] == {"a": 1}


def test_a_bomb_is_not_unpacked(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_UNTOLD_BYTES", 100_000)
    web.headers, web.files["/a.bin"] = {"Content-Encoding": "gzip"}, gzip.compress(bytes(10_000_000))
    with pytest.raises(InputError, match="unpacks to more than"):
        fetch_file(f"{web.url}/a.bin", tmp_path / "a.bin")


def test_an_edition_is_asked_without_the_file(web: Web) -> None:
    edition = ask_edition(f"{web.url}/a.bin", session=open_session())
    assert (edition.etag, edition.n_bytes) == ('"one"', len(CONTENT))


def test_json_that_breaks_off_is_told(web: Web) -> None:
    web.files["/a.json"] = b'{"a": [1, 2, 3]}'
    web.cuts = 8
    with pytest.raises(InputError, match="broke off 3 times"):
        get_json(open_session(), f"{web.url}/a.json")
    web.is_chunked = True
    with pytest.raises(InputError, match="breaks off after 8 bytes"):
        get_json(open_session(), f"{web.url}/a.json")


def test_a_file_replaces_another_when_it_is_whole(web: Web, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"old")
    web.files["/a.bin"] = b""
    with pytest.raises(InputError, match="empty"):
        download(f"{web.url}/a.bin", tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    web.files["/a.bin"] = CONTENT
    assert download(f"{web.url}/a.bin", tmp_path / "a.bin").n_bytes == len(CONTENT)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.zip", b"nothing of the kind", "no zip"),
        ("a.zip", b"PK\x03\x04 and no more", "breaks off"),
        ("a.parquet", b"PAR1 and no more", "breaks off"),
        ("a.gpkg", b"SQLite format 3\x00\x10\x00" + bytes(10) + b"\x00\x00\x00\x09" * 4, "breaks off"),
        ("a.osm.pbf", b"nothing of the kind", "no OpenStreetMap"),
        ("a.geojson", b"id;name", "no GeoJSON"),
    ],
)
def test_a_file_of_another_kind_than_its_name_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=told):
        require_kind(tmp_path / name, name, where="parcels")


def test_no_key_is_kept_or_shown() -> None:
    address = "https://me:geheim@example.nl/wfs?map=a&token=sleutel"
    content = without_keys({"url": address, "paths": [address]})
    assert "geheim" not in str(content)
    assert "sleutel" not in str(content)
    assert known_by("https://example.nl/wfs?map=a") != known_by("https://example.nl/wfs?map=b")
    said = said_without_secrets(f"refused: '/wfs?map=a&token=sleutel' for me, geheim, at {address}", address)
    assert not any(secret in said for secret in ("geheim", "sleutel"))
