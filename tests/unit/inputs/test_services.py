"""A service on loopback that answers as PDOK and ArcGIS do, well and badly."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
import shapely
from urllib3.util import retry

from flexsites.config.sources import ArcgisFeatures, OgcFeatures
from flexsites.config.study import resolve
from flexsites.errors import CrsError, InputError
from flexsites.inputs.formats.download import fetch_file
from flexsites.inputs.formats.facts import facts_of
from flexsites.inputs.formats.files import fetch
from flexsites.inputs.formats.services import fetch_features
from flexsites.inputs.formats.web import open_session
from flexsites.inputs.prepare import prepare
from flexsites.runs.prepare import not_asked
from tests.unit.inputs.makers import ABOUT, sources, squares

RD = "http://www.opengis.net/def/crs/EPSG/0/28992"


@dataclass
class Service:
    """What the fake service holds, how it misbehaves, and what it was asked."""

    port: int = 0
    n: int = 25
    edition: str | None = None
    faults: list[int] = field(default_factory=list)
    pause: str = "0"
    breaks_at_page: int | None = None
    ignores_filter: bool = False
    crs: str | None = RD
    in_degrees: bool = False
    matched: int | None = None
    repeats: bool = False
    asked: list[str] = field(default_factory=list)
    file: bytes = bytes(range(256)) * 40
    cuts_file: bool = False
    answer: dict[str, Any] = field(default_factory=dict)
    obeys_offset: bool = True
    is_endless: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    circles: bool = False
    knows_degrees_alone: bool = False
    repeated: dict[str, str] = field(default_factory=dict)
    instead: dict[str, Any] | None = None
    names_next: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def features(self) -> list[dict[str, Any]]:
        frame = squares(self.n)
        if self.in_degrees:
            frame = frame.to_crs(4326)
        return [
            {"type": "Feature", "id": f"f-{i}", "properties": {"id": row.id, "use": row.use},
             "geometry": json.loads(shapely.to_geojson(row.geometry))}
            for i, row in enumerate(frame.itertuples())
        ]  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    service: Service

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        service, url = self.service, urlparse(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        service.asked.append(self.path)
        if service.faults:
            return self._send(service.faults.pop(0), b"busy", {"Retry-After": service.pause})
        if service.instead is not None and "returnCountOnly" not in query:
            return self._send(200, json.dumps(service.instead).encode(), {})
        if url.path.endswith("/items"):
            return self._items(query)
        if url.path.endswith("/query"):
            return self._query(query)
        return self._file()

    def _items(self, query: dict[str, str]) -> None:
        service = self.service
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 10))
        if service.breaks_at_page is not None and start // limit == service.breaks_at_page:
            service.breaks_at_page = None
            return self._send(404, b"{}", {})
        found = service.features()
        if "filter" in query and not service.ignores_filter:
            found = [f for f in found if f["properties"]["use"] == "road"]
        if service.knows_degrees_alone and "bbox-crs" in query:
            found = []
        for name, use in service.repeated.items():
            first = next(one for one in found if one["id"] == name)
            found = [*found, {**first, "properties": {**first["properties"], "use": use}}]
        page: dict[str, Any] = {"type": "FeatureCollection", "features": found[start : start + limit], "links": []}
        if service.matched is not None:
            page["numberMatched"] = service.matched
        page |= service.answer
        if service.is_endless:
            page["features"] = [{**found[0], "id": f"f-{start}"}]
            page["links"].append({"rel": "next", "href": f"{self.path.split('?')[0]}?cursor={start + 1}"})
        elif start + limit < len(found) and not service.answer and service.names_next:
            kept = "&".join(f"{key}={value}" for key, value in query.items() if key in ("limit", "filter", "f"))
            cursor = start if service.repeats and start else start + limit
            cursor = 0 if service.circles and start else cursor
            page["links"].append({"rel": "next", "href": f"{self.path.split('?')[0]}?cursor={cursor}&{kept}"})
        headers = {} if service.crs is None else {"Content-Crs": f"<{service.crs}>"}
        return self._send(200, json.dumps(page).encode(), headers)

    def _query(self, query: dict[str, str]) -> None:
        found = self.service.features()
        if query["where"] == "broken":
            return self._send(200, b'{"error": {"code": 400, "message": "Invalid query"}}', {})
        if self.service.answer:
            return self._send(200, json.dumps(self.service.answer).encode(), {})
        if "returnCountOnly" in query:
            return self._send(200, json.dumps({"count": self.service.matched or len(found)}).encode(), {})
        start, limit = int(query["resultOffset"]), min(int(query["resultRecordCount"]), 10)
        start = start if self.service.obeys_offset else 0
        page = {"type": "FeatureCollection", "features": found[start : start + limit]}
        return self._send(200, json.dumps(page).encode(), {})

    def _file(self) -> None:
        content, first = self.service.file, 0
        edition = self.service.edition
        if "Range" in self.headers and self.headers.get("If-Range") in (None, edition):
            first = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        if "Range" in self.headers and self.service.status == 416:
            return self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(content) - first))
        for name, value in self.service.headers.items() if first else ():
            self.send_header(name, value)
        if first and "Content-Range" not in self.service.headers:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if edition is not None:
            self.send_header("ETag", edition)
        self.end_headers()
        self.wfile.write(content[first : len(content) // 2] if self.service.cuts_file else content[first:])

        return None

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def service() -> Iterator[Service]:
    held = Service()
    handler = type("Handler", (_Handler,), {"service": held})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    held.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


def ogc(service: Service, **more: object) -> OgcFeatures:
    row = {"reader": "ogc_features", "about": ABOUT, "url": service.url, "collection": "percelen", "limit": 10}
    return OgcFeatures.model_validate(row | more)


def ids(path: Path) -> list[str]:
    return [feature["id"] for feature in json.loads(path.read_text(encoding="utf-8"))["features"]]


def test_pages_are_followed_to_the_end(service: Service, tmp_path: Path) -> None:
    path = fetch_features("parcels", ogc(service), tmp_path, bounds=(1.0, 2.0, 3.0, 4.0))
    assert ids(path) == [f"f-{i}" for i in range(25)]
    assert len(service.asked) == 3
    first = parse_qs(urlparse(service.asked[0]).query)
    assert first["crs"] == first["bbox-crs"] == [RD]
    assert first["bbox"] == ["1.000,2.000,3.000,4.000"]
    assert fetch_features("parcels", ogc(service), tmp_path, bounds=(1.0, 2.0, 3.0, 4.0)) == path
    assert len(service.asked) == 3


def test_a_busy_service_is_asked_again(service: Service, tmp_path: Path) -> None:
    service.faults = [503, 429, 502]
    session = open_session()
    assert len(ids(fetch_features("parcels", ogc(service), tmp_path, bounds=None, session=session))) == 25


def test_a_fetch_that_broke_off_goes_on(service: Service, tmp_path: Path) -> None:
    service.breaks_at_page = 2
    with pytest.raises(InputError, match="the service cannot be used"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)
    n_before = len(service.asked)
    assert len(ids(fetch_features("parcels", ogc(service), tmp_path, bounds=None))) == 25
    assert len(service.asked) == n_before + 1


def test_another_crs_than_asked(service: Service, tmp_path: Path) -> None:
    service.crs = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    with pytest.raises(CrsError, match=r"the service gave .*CRS84"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)


def test_degrees_without_a_word(service: Service, tmp_path: Path) -> None:
    service.crs, service.in_degrees = None, True
    with pytest.raises(CrsError, match="coordinates in degrees"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)


def test_fewer_features_than_said(service: Service, tmp_path: Path) -> None:
    service.matched = 30
    with pytest.raises(InputError, match="said 30 features and gave 25"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)


def test_the_same_page_again_and_again(service: Service, tmp_path: Path) -> None:
    service.repeats = True
    with pytest.raises(InputError, match="the same page again"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)


@pytest.mark.parametrize("content", [b"[1, 2]", b"<html>log in</html>", b'{"features": ['])
def test_what_is_no_answer_at_all_names_its_source(service: Service, tmp_path: Path, content: bytes) -> None:
    service.file = content
    row = ogc(service).model_copy(update={"url": f"{service.url}/feed?"})
    with pytest.raises(InputError, match=r"^layers\.nnn \(http://127.* answered no JSON"):
        fetch_features("layers.nnn", row, tmp_path, bounds=None)


def test_no_json(service: Service, tmp_path: Path) -> None:
    row = ogc(service).model_copy(update={"url": f"{service.url}/feed?"})
    with pytest.raises(InputError, match="answered no JSON"):
        fetch_features("parcels", row, tmp_path, bounds=None)


def test_nobody_is_there(tmp_path: Path) -> None:
    row = OgcFeatures.model_validate(
        {"reader": "ogc_features", "about": ABOUT, "url": "http://127.0.0.1:9", "collection": "x"}
    )
    with pytest.raises(InputError, match="the service cannot be used"):
        fetch_features("x", row, tmp_path, bounds=None, session=open_session(n_retries=0))


@pytest.mark.parametrize("ignores", [False, True])
def test_a_filter_that_is_ignored_is_found_out(service: Service, tmp_path: Path, *, ignores: bool) -> None:
    service.ignores_filter = ignores
    row = ogc(service, cql_filter="use = 'road'", where={"use": ["road"]}, id_column="id")
    given = sources(parcels=row.model_dump(exclude_unset=True))
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path)
    assert len(prepared.parcels()) == 12
    assert ("ignored its filter" in prepared.records[0].notes) is ignores


def test_a_filter_without_a_check_is_refused(service: Service) -> None:
    with pytest.raises(ValueError, match="say the same in `where`"):
        ogc(service, cql_filter="use = 'road'")


def arcgis(service: Service, **more: object) -> ArcgisFeatures:
    row = {"reader": "arcgis_features", "about": ABOUT, "url": f"{service.url}/FeatureServer/0", "limit": 1000}
    return ArcgisFeatures.model_validate(row | more)


def test_arcgis_pages_shorter_than_asked(service: Service, tmp_path: Path) -> None:
    path = fetch_features("ibis", arcgis(service), tmp_path, bounds=(0, 0, 1, 1))
    assert ids(path) == [f"f-{i}" for i in range(25)]
    assert all("outSR=28992" in asked for asked in service.asked)


def test_an_arcgis_error_is_an_error(service: Service, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="400: Invalid query"):
        fetch_features("ibis", arcgis(service, query="broken"), tmp_path, bounds=None)


def test_arcgis_that_stops_early(service: Service, tmp_path: Path) -> None:
    service.matched = 40
    with pytest.raises(InputError, match="said 40 features and gave 25"):
        fetch_features("ibis", arcgis(service), tmp_path, bounds=None)


def test_a_file_goes_on_where_it_broke_off(service: Service, tmp_path: Path) -> None:
    target = tmp_path / "bag.gpkg"
    service.cuts_file = True
    with pytest.raises(InputError, match="goes on where it broke off"):
        fetch_file(f"{service.url}/bag.gpkg", target)
    assert not target.exists()
    service.cuts_file = False
    assert fetch_file(f"{service.url}/bag.gpkg", target).read_bytes() == service.file


def test_a_file_that_changed_meanwhile_is_not_pieced_together(service: Service, tmp_path: Path) -> None:
    target = tmp_path / "bag.gpkg"
    service.cuts_file, service.edition = True, '"monday"'
    with pytest.raises(InputError, match="goes on where it broke off"):
        fetch_file(f"{service.url}/bag.gpkg", target)
    service.cuts_file, service.edition, service.file = False, '"tuesday"', service.file[::-1]
    assert fetch_file(f"{service.url}/bag.gpkg", target).read_bytes() == service.file
    assert [path.name for path in tmp_path.iterdir()] == ["bag.gpkg"]


def test_a_file_in_a_zip_in_an_object_store(tmp_path: Path) -> None:
    import fsspec  # noqa: PLC0415

    squares().to_file(tmp_path / "p.gpkg", driver="GPKG")
    with fsspec.open("memory://bucket/both.zip", "wb") as sink, zipfile.ZipFile(sink, "w") as packed:
        packed.write(tmp_path / "p.gpkg", "2025/p.gpkg")
        packed.write(tmp_path / "p.gpkg", "2024/p.gpkg")
    row = {"reader": "vector", "about": ABOUT, "path": "memory://bucket/both.zip/2025/p.gpkg", "id_column": "id"}
    prepared = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path)
    assert len(prepared.parcels()) == 4


def test_a_file_of_another_hash_is_refused(service: Service, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its SHA-256 is"):
        fetch_file(f"{service.url}/bag.gpkg", tmp_path / "bag.gpkg", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_run_reads_a_file_from_the_web(service: Service, tmp_path: Path) -> None:
    frame = squares()
    frame.to_file(tmp_path / "p.gpkg", driver="GPKG")
    service.file = (tmp_path / "p.gpkg").read_bytes()
    row = {"reader": "vector", "about": ABOUT, "path": f"{service.url}/parcels.gpkg", "id_column": "id"}
    prepared = prepare(sources(parcels=row), directory=tmp_path / "out", base=tmp_path)
    assert len(prepared.parcels()) == 4


BAD_ANSWERS: dict[str, dict[str, Any]] = {
    "no features": {"features": None},
    "a count of words": {"numberMatched": "many"},
    "links that are none": {"links": None},
    "a link without an address": {"links": [{"rel": "next"}]},
    "a shape of no kind": {"features": [{"type": "Feature", "geometry": {"type": "Foo", "coordinates": []}}]},
    "features of texts": {"features": ["a", "b"]},
    "a shape of texts": {"features": [{"geometry": {"type": "Point", "coordinates": ["a", "b"]}}]},
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_an_answer_that_is_not_as_it_should_be_is_told(service: Service, tmp_path: Path, name: str) -> None:
    service.answer = BAD_ANSWERS[name]
    with pytest.raises(InputError, match=r"parcels \(http://127.*answer is not as it should be"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)


@pytest.mark.parametrize("answer", [{"features": []}, {"count": "many"}, {"error": "no"}, {"count": -1}])
def test_an_arcgis_answer_that_is_not_as_it_should_be_is_told(
    service: Service, tmp_path: Path, answer: dict[str, Any]
) -> None:
    service.answer = answer
    with pytest.raises(InputError, match=r"ibis \(http://127"):
        fetch_features("ibis", arcgis(service), tmp_path, bounds=None)


REFUSED = {"code": "InvalidParameterValue", "description": "bbox is wrong"}


def test_an_error_that_comes_as_an_ordinary_answer_is_no_empty_collection(service: Service, tmp_path: Path) -> None:
    service.instead = REFUSED
    for row in (ogc(service), arcgis(service)):
        with pytest.raises(InputError, match=r"gave no features, but: .*bbox is wrong"):
            fetch_features("parcels", row, tmp_path, bounds=(1.0, 2.0, 3.0, 4.0))


@pytest.mark.parametrize("limit", [10, 24, 25, 1000])
def test_one_page_of_a_service_that_says_not_where_the_next_is_may_be_all_or_not(
    service: Service, tmp_path: Path, limit: int
) -> None:
    assert limit < 25 or len(ids(fetch_features("parcels", ogc(service, limit=limit), tmp_path, bounds=None))) == 25
    service.names_next, row = False, ogc(service, limit=limit, parameters={"other": "1"})
    with pytest.raises(InputError, match=rf"{min(limit, 25)} features came, and the service says neither how many"):
        fetch_features("parcels", row, tmp_path, bounds=None)
    service.matched = 25
    if limit < 25:
        with pytest.raises(InputError, match=rf"said 25 features and gave {limit}"):
            fetch_features("parcels", row, tmp_path, bounds=None)
    else:
        assert len(ids(fetch_features("parcels", row, tmp_path, bounds=None))) == 25


def test_an_arcgis_server_that_says_itself_that_there_are_more_is_believed(service: Service, tmp_path: Path) -> None:
    service.n, service.matched = 10, 10
    service.instead = {"features": service.features(), "properties": {"exceededTransferLimit": True}}
    with pytest.raises(InputError, match="said 10 features, and more and more come"):
        fetch_features("ibis", arcgis(service), tmp_path, bounds=None)
    service.instead["properties"] = None
    assert len(ids(fetch_features("ibis", arcgis(service), tmp_path, bounds=None))) == 10


def test_a_service_that_goes_on_beyond_what_it_said_is_left(service: Service, tmp_path: Path) -> None:
    service.is_endless, service.matched = True, 3
    with pytest.raises(InputError, match="said 3 features, and more and more come"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)


def test_an_arcgis_server_that_gives_the_first_page_again_is_refused(service: Service, tmp_path: Path) -> None:
    service.obeys_offset = False
    with pytest.raises(InputError, match="the same page again"):
        fetch_features("ibis", arcgis(service), tmp_path, bounds=None)


def test_features_that_come_again_are_not_counted_for_others(service: Service, tmp_path: Path) -> None:
    service.n, service.matched = 12, 20
    service.obeys_offset = False
    with pytest.raises(InputError, match=r"the same page again|some of them again"):
        fetch_features("ibis", arcgis(service), tmp_path, bounds=None)


@pytest.mark.parametrize(
    ("edition", "status", "headers"),
    [(None, None, {}), ("one", 416, {}), ("one", None, {"Content-Range": "bytes 0-999/1000"})],
)
def test_what_is_not_certainly_the_rest_of_the_same_file_is_fetched_again(
    service: Service, tmp_path: Path, edition: str | None, status: int | None, headers: dict[str, str]
) -> None:
    """No validator, a file that became shorter, a range that begins elsewhere: half old and half new is no file."""
    service.edition, service.status, service.headers = edition, status, headers
    part = tmp_path / "file.part"
    part.write_bytes(b"old" * 100)
    if edition is not None:
        (tmp_path / "file.part.edition").write_text(edition, encoding="utf-8")
    assert fetch_file(f"{service.url}/file", tmp_path / "file").read_bytes() == service.file


def test_a_key_in_an_address_is_shown_nowhere(service: Service, tmp_path: Path) -> None:
    address = service.url.replace("http://", "http://me:geheim@")
    service.faults = [404]
    with pytest.raises(InputError) as caught:
        fetch(f"{address}/file.gpkg?token=sleutel", tmp_path, where="parcels")
    assert not any(secret in str(caught.value) for secret in ("geheim", "sleutel"))
    found = fetch(f"{address}/{'x' * 300}.gpkg?token=sleutel", tmp_path, where="parcels")
    assert "sleutel" not in found.name
    assert found.name.endswith(".gpkg")


@pytest.mark.parametrize("pause", ["100000", "Fri, 31 Dec 2100 23:59:59 GMT"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_asks_for_a_day_of_rest_is_left_at_once(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, pause: str
) -> None:
    service.faults, service.pause = [status], pause
    with pytest.raises(InputError, match="asks to be left alone for longer than is waited"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)
    assert len(service.asked) == 1
    slept: list[float] = []
    monkeypatch.setattr(retry.time, "sleep", slept.append)
    service.faults, service.pause = [status], "1"
    assert len(ids(fetch_features("parcels", ogc(service), tmp_path, bounds=None))) == 25
    assert 1.0 in slept


def test_a_service_that_goes_in_a_circle_is_left(service: Service, tmp_path: Path) -> None:
    """Not the same page twice running: three pages, and the first again."""
    service.circles = True
    with pytest.raises(InputError, match="the same page again"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)


def test_a_window_that_is_ignored_is_told_and_loses_nothing(service: Service, tmp_path: Path) -> None:
    west, south, _, north = squares(1).total_bounds
    path = fetch_features("parcels", ogc(service), tmp_path, bounds=(west, south, west + 450.0, north))
    facts = facts_of(path)
    assert facts is not None
    assert facts.notes == ("the service ignored the window: 20 features lie outside it",)
    assert len(ids(path)) == 25


def test_nothing_in_metres_and_something_in_degrees_is_refused(service: Service, tmp_path: Path) -> None:
    service.knows_degrees_alone = True
    with pytest.raises(CrsError, match="something does of the same window in degrees"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=(180_000.0, 500_000.0, 181_000.0, 501_000.0))


def test_a_feature_that_comes_twice_counts_once_if_it_is_the_same(service: Service, tmp_path: Path) -> None:
    service.repeated = {"f-4": "grass"}
    path = fetch_features("parcels", ogc(service), tmp_path, bounds=None)
    assert sorted(ids(path)) == sorted(f"f-{i}" for i in range(25))
    service.repeated = {"f-3": "changed"}
    with pytest.raises(InputError, match="f-3 came twice and is not the same"):
        fetch_features("parcels", ogc(service, limit=11), tmp_path, bounds=None)


def test_a_page_with_other_features_than_it_says_is_refused(service: Service, tmp_path: Path) -> None:
    service.answer = {"numberReturned": 9}
    with pytest.raises(InputError, match="says 9 features and holds 10"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)


def test_a_next_page_elsewhere_is_not_asked(service: Service, tmp_path: Path) -> None:
    service.answer = {"links": [{"rel": "next", "href": "file:///etc/passwd"}]}
    with pytest.raises(InputError, match=r"leads to another scheme \(file:\)"):
        fetch_features("parcels", ogc(service), tmp_path, bounds=None)


def test_what_a_check_does_not_read_is_named(tmp_path: Path) -> None:
    """Nobody is asked: what a service would answer is not known, and is not shown as read."""
    file = {"reader": "vector", "about": ABOUT, "path": "p.gpkg"}
    natura = {"reader": "ogc_features", "about": ABOUT, "url": "http://127.0.0.1:9", "collection": "c"}
    content = {
        "name": "small", "title": {"nl": "t", "en": "t"}, "pipeline": "provincial_sweep",
        "reference_date": "2026-01-06", "sources": {"parcels": file, "layers": {"natura2000": natura}},
    }  # fmt: skip
    path = tmp_path / "small.yaml"
    path.write_text(json.dumps(content))
    assert not_asked(resolve(str(path))) == ["layers.natura2000"]
