"""A place on the web, on loopback: files, a WFS and a download API, that answer as the real ones do, and misbehave."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, urlparse

import geopandas as gpd
import shapely


class Served(Protocol):
    """What answers at a port."""

    port: int


ServedT = TypeVar("ServedT", bound=Served)


@dataclass
class Web:
    """What it holds, how it misbehaves, and what it was asked and gave."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    frame: gpd.GeoDataFrame | None = None
    asked: list[str] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)
    n_sent: int = 0
    statuses: list[int] = field(default_factory=list)
    etag: Callable[[int], str | None] = lambda _: '"one"'
    gives_ranges: bool = True
    says_part: bool = False
    cuts: int | None = None
    drips: bool = False
    is_chunked: bool = False
    redirects: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    obeys_start: bool = True
    hits: str | None = None
    most_page: int = 1_000_000
    prologue: str = ""
    most_area_m2: float = 1e12
    states: list[str] = field(default_factory=lambda: ["PENDING", "RUNNING", "COMPLETED"])
    member: str = "kadastralekaart_perceel.gml"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self, part: str) -> int:
        return sum(part in asked for asked in self.asked)


class _Handler(BaseHTTPRequestHandler):
    web: Web
    protocol_version = "HTTP/1.0"

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        web = self.web
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        web.posted.append(body)
        if web.statuses:
            return self._send(web.statuses.pop(0), b"busy", {"Retry-After": "0"})
        if shapely.from_wkt(body["geofilter"]).area > web.most_area_m2:
            return self._send(400, b'{"message": "Area too large"}', {})
        number = len(web.posted) - 1
        links = {"status": {"href": f"/full/custom/{number}/status"}}
        return self._send(202, json.dumps({"downloadRequestId": str(number), "_links": links}).encode(), {})

    def do_GET(self) -> None:
        web, url = self.web, urlparse(self.path)
        web.asked.append(f"{self.command} {self.path}")
        if web.statuses:
            return self._send(web.statuses.pop(0), b"busy", {"Retry-After": "0"})
        if url.path in web.redirects:
            return self._send(302, b"", {"Location": web.redirects[url.path]})
        if found := re.fullmatch(r"/full/custom/(\d+)/status", url.path):
            return self._status(int(found[1]))
        if url.path.endswith("/wfs"):
            return self._wfs({key.lower(): values[0] for key, values in parse_qs(url.query).items()})
        if url.path not in web.files:
            return self._send(404, b"nothing here", {})
        return self._file(web.files[url.path])

    def _status(self, number: int) -> None:
        web = self.web
        state = web.states[min(web.count(f"/{number}/status"), len(web.states)) - 1]
        content: dict[str, Any] = {"status": state}
        if state == "COMPLETED":
            content["_links"] = {"download": {"href": f"/download/{number}.zip"}}
            shape = shapely.from_wkt(web.posted[number]["geofilter"])
            web.files[f"/download/{number}.zip"] = zipped(web.member, self._page(self._within(shape)))
        self._send(201 if state == "COMPLETED" else 200, json.dumps(content).encode(), {})

    def _wfs(self, query: dict[str, str]) -> None:
        web = self.web
        found = web.frame
        if "bbox" in query:
            west, south, east, north = map(float, query["bbox"].split(",")[:4])
            found = found[found.intersects(shapely.box(west, south, east, north))]
        total = web.hits if web.hits is not None else str(len(found))
        if query.get("resulttype") == "hits":
            return self._send(200, self._page(found[:0], total), {})
        if "outputformat" in query:
            return self._send(200, web.files["/geojson"], {})
        start = int(query["startindex"]) if web.obeys_start else 0
        page = found[start : start + min(int(query["count"]), web.most_page)]
        return self._send(200, web.prologue.encode() + self._page(page, total), {})

    def _within(self, shape: shapely.Geometry) -> gpd.GeoDataFrame:
        return self.web.frame[self.web.frame.intersects(shape)]

    def _page(self, frame: gpd.GeoDataFrame, total: str | None = None) -> bytes:
        return gml(frame, total)

    def _file(self, content: bytes) -> None:
        web, first, end = self.web, 0, len(content)
        etag = web.etag(len(web.asked))
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        is_part = bool(asked) and web.gives_ranges and self.headers.get("If-Range") in (None, etag)
        if asked and is_part:
            first = int(asked[1]) if asked[1] else len(content) - int(asked[2])
            end = int(asked[2]) + 1 if asked[1] and asked[2] else len(content)
        headers = {"ETag": etag} if etag else {}
        if is_part:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(content)}"
        self._send(206 if is_part or web.says_part else 200, content[first:end], headers | web.headers)

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        web = self.web
        self.send_response(status)
        if not web.is_chunked:
            headers = {"Content-Length": str(len(content)), **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        content = content if web.cuts is None else content[: web.cuts]
        try:
            for i in range(0, len(content), 1) if web.drips else (0,):
                self.wfile.write(content[i : i + 1] if web.drips else content)
                if web.drips:
                    time.sleep(0.02)
            web.n_sent += len(content)
        except (BrokenPipeError, ConnectionResetError):
            pass


def gml(frame: gpd.GeoDataFrame, total: str | None = None) -> bytes:
    """Return features as a WFS gives them."""
    members = []
    for row in frame.itertuples():
        ring = " ".join(f"{x:.12g} {y:.12g}" for x, y in row.geometry.exterior.coords)
        members.append(
            f'<wfs:member><t:Perceel gml:id="perceel.{row.id}"><t:id>{row.id}</t:id><t:use>{row.use}</t:use>'
            '<t:geom><gml:Polygon srsName="urn:ogc:def:crs:EPSG::28992" gml:id="g.{0}"><gml:exterior><gml:LinearRing>'
            "<gml:posList>{1}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></t:geom>"
            "</t:Perceel></wfs:member>".format(row.id, ring)
        )
    spaces = (
        'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" '
        'xmlns:t="http://example.org/t"'
    )
    said = f'timeStamp="{time.monotonic_ns()}" numberMatched="{total or len(frame)}" numberReturned="{len(frame)}"'
    root = f"<wfs:FeatureCollection {spaces} {said}>{''.join(members)}</wfs:FeatureCollection>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{root}'.encode()


def zipped(name: str, content: bytes) -> bytes:
    """Return a zip of one file."""
    import io  # noqa: PLC0415
    import zipfile  # noqa: PLC0415

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return held.getvalue()


def serving(web: Web) -> AbstractContextManager[Web]:
    """Serve it on a port of its own."""
    return answered_by(_Handler, web)


@contextmanager
def answered_by(handler: type[BaseHTTPRequestHandler], web: ServedT) -> Iterator[ServedT]:
    """Let a handler, which knows it as ``web``, answer on a port of its own, which it is told as ``port``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (handler,), {"web": web}))
    server.daemon_threads = True
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
