"""An Overpass service on loopback: it answers what is asked of a small map, and misbehaves as the real one does."""

from __future__ import annotations

import gzip
import re
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import quoteattr

import osmium

from tests.unit.inputs.web import answered_by

LINE = re.compile(r"^\s*(node|way|relation)((?:\[[^\]]*\])+)\(([-\d.,]+)\);$", re.MULTILINE)
TAG = re.compile(r'\["([^"]+)"(?:(~)"([^"]*)"(,i)?)?\]')
BUSY = (
    "<html><body><p><strong>Error</strong>: runtime error: open64: 0 Success /osm3s_osm_base "
    "Dispatcher_Client::request_read_and_idx::timeout. The server is probably too busy to handle your request.</p>"
)


@dataclass
class Map:
    """The objects of a file of OpenStreetMap."""

    nodes: dict[int, tuple[float, float, dict[str, str]]] = field(default_factory=dict)
    ways: dict[int, tuple[list[int], dict[str, str]]] = field(default_factory=dict)
    relations: dict[int, tuple[list[tuple[str, int, str]], dict[str, str]]] = field(default_factory=dict)


def read_map(path: Path) -> Map:
    held = Map()
    for item in osmium.FileProcessor(str(path)):
        tags = {tag.k: tag.v for tag in item.tags}
        if item.is_node():
            held.nodes[item.id] = (item.location.lon, item.location.lat, tags)
        elif item.is_way():
            held.ways[item.id] = ([node.ref for node in item.nodes], tags)
        elif item.is_relation():
            held.relations[item.id] = ([(m.type, m.ref, m.role) for m in item.members], tags)
    return held


@dataclass
class Overpass:
    """What the service holds, how it misbehaves, and what it was asked.

    `statuses` are answered in turn before anything else; `most_degrees` is how wide a window may be before the service
    gives up, as `gives_up` says: with a remark and status 200, or with status 504.
    """

    map: Map
    port: int = 0
    asked: list[str] = field(default_factory=list)
    n_status: int = 0
    status: str = "Connected as: 1\nRate limit: 2\n2 slots available now.\n"
    statuses: list[int] = field(default_factory=list)
    busy_after: int | None = None
    most_degrees: float = 90.0
    gives_up: str = "timed out"
    page: str | None = None
    prologue: str = ""
    redirect: str | None = None
    is_cut: int = 0
    says_length: bool = True
    drips: bool = False
    loses_nodes: bool = False
    packs: bool = True
    base: str = "2026-11-27T06:00:00Z"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/interpreter"


class _Handler(BaseHTTPRequestHandler):
    web: Overpass
    protocol_version = "HTTP/1.0"

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        self.web.n_status += 1
        self._send(200 if self.path == "/api/status" else 404, self.web.status.encode())

    def do_POST(self) -> None:
        web = self.web
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["data"][0]
        web.asked.append(asked)
        south, west, north, east = boxes_in(asked)[0]
        is_too_much = max(north - south, east - west) > web.most_degrees
        if web.redirect:
            self._send(302, b"", {"Location": web.redirect})
        elif web.statuses:
            self._send(web.statuses.pop(0), BUSY.encode())
        elif web.busy_after is not None and len(web.asked) > web.busy_after:
            self._send(429, BUSY.encode())
        elif web.page:
            self._send(200, web.page.encode())
        elif is_too_much and web.gives_up == "504":
            self._send(504, BUSY.encode())
        elif is_too_much:
            remark = f'runtime error: Query {web.gives_up} in "query" at line 3 after 181 seconds.'
            self._send(200, document(Map(), web, remark).encode())
        else:
            self._answer(document(answer_of(web, asked), web).encode())

    def _answer(self, content: bytes) -> None:
        web = self.web
        if web.is_cut:
            web.is_cut -= 1
            self._send(200, content[: len(content) // 2], length=len(content) if web.says_length else None)
        elif web.packs and "gzip" in self.headers.get("Accept-Encoding", ""):
            self._send(200, gzip.compress(content), {"Content-Encoding": "gzip"})
        else:
            self._send(200, content)

    def _send(self, status: int, content: bytes, more: dict[str, str] | None = None, length: int | None = -1) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(len(content) if length < 0 else length))
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if not self.web.drips:
            self.wfile.write(content)
            return
        with suppress(BrokenPipeError, ConnectionResetError):
            for i in range(len(content)):
                self.wfile.write(content[i : i + 1])
                time.sleep(0.02)


def boxes_in(asked: str) -> list[tuple[float, ...]]:
    return [tuple(map(float, found[3].split(","))) for found in LINE.finditer(asked)]


def answer_of(web: Overpass, asked: str) -> Map:
    """Return what is asked, the members of relations, and the nodes of ways; a statement without a box is refused."""
    assert re.match(r"\[out:xml\]\[timeout:\d+\]\[maxsize:\d+\];\n\(\n", asked)
    assert asked.endswith(");\n(._;>;);\nout body;")
    held, found = web.map, Map()
    lines = list(LINE.finditer(asked))
    assert len(lines) == asked.count("\n  ")
    for line in lines:
        south, west, north, east = map(float, line[3].split(","))
        tests = TAG.findall(line[2])

        def fits(tags: dict[str, str], tests: list[tuple[str, str, str, str]] = tests) -> bool:
            return all(
                key in tags and (not how or re.search(words, tags[key], re.IGNORECASE if any_case else 0) is not None)
                for key, how, words, any_case in tests
            )

        def is_in(refs: list[int], box: Any = (south, west, north, east)) -> bool:
            places = [held.nodes[ref] for ref in refs]
            lon, lat = [p[0] for p in places], [p[1] for p in places]
            return min(lat) <= box[2] and max(lat) >= box[0] and min(lon) <= box[3] and max(lon) >= box[1]

        if line[1] == "node":
            found.nodes |= {n: one for n, one in held.nodes.items() if fits(one[2]) and is_in([n])}
        elif line[1] == "way":
            found.ways |= {n: one for n, one in held.ways.items() if fits(one[1]) and is_in(one[0])}
        else:
            found.relations |= {
                n: one for n, one in held.relations.items()
                if fits(one[1]) and any(t == "w" and is_in(held.ways[r][0]) for t, r, _ in one[0])
            }  # fmt: skip
    for members, _ in found.relations.values():
        found.ways |= {ref: held.ways[ref] for kind, ref, _ in members if kind == "w"}
    if not web.loses_nodes:
        found.nodes |= {ref: held.nodes[ref] for refs, _ in found.ways.values() for ref in refs}
    return found


def document(found: Map, web: Overpass, remark: str = "") -> str:
    def tags(one: dict[str, str]) -> str:
        return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in one.items())

    lines = [
        f'<?xml version="1.0" encoding="UTF-8"?>{web.prologue}\n<osm version="0.6" generator="Overpass API 0.7.62.4">',
        "<note>The data is made available under ODbL.</note>",
        f'<meta osm_base="{web.base}"/>',
    ]
    for n, (lon, lat, one) in sorted(found.nodes.items()):
        lines.append(f'<node id="{n}" lat="{lat:.7f}" lon="{lon:.7f}">{tags(one)}</node>')
    for n, (refs, one) in sorted(found.ways.items()):
        nds = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{n}">{nds}{tags(one)}</way>')
    words = {"n": "node", "w": "way", "r": "relation"}
    for n, (members, one) in sorted(found.relations.items()):
        inner = "".join(f'<member type="{words[t]}" ref="{r}" role="{role}"/>' for t, r, role in members)
        lines.append(f'<relation id="{n}">{inner}{tags(one)}</relation>')
    if remark:
        lines.append(f"<remark> {remark.replace(chr(34), '&quot;')} </remark>")
    return "\n".join([*lines, "</osm>", ""])


def serving_overpass(web: Overpass) -> AbstractContextManager[Overpass]:
    """Serve it on a port of its own."""
    return answered_by(_Handler, web)
