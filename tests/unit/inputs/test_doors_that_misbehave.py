"""Every door x every way to misbehave: what is asked comes complete, each feature once, or it is told in words.

The table below is the whole matrix. After each cell the service behaves again, and what then comes is complete: nothing
of what went wrong stays behind.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

import geopandas as gpd
import pytest
import shapely

from flexsites.config.presets import Door
from flexsites.config.run import Area
from flexsites.config.sources import Vector
from flexsites.errors import InputError
from flexsites.inputs.fetch.cache import Cache
from flexsites.inputs.fetch.doors import make, require_fit, through
from flexsites.inputs.formats import web as asking
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.prepare import Request, prepare
from tests.unit.inputs import web as fakes
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares
from tests.unit.inputs.test_atom import entry, feed, link

TOWN: Bounds = (ORIGIN[0] + 250.0, ORIGIN[1], ORIGIN[0] + 750.0, ORIGIN[1] + 100.0)
WANTED = [f"p{i}" for i in range(2, 8)]
ROW = Vector.model_validate({"reader": "vector", "about": ABOUT, "path": "data/a.parquet"})
RD = "http://www.opengis.net/def/crs/EPSG/0/28992"
LONGEST_S = 30.0
LIES = {"says too few": -2, "says too many": 3}
"""How many features a service says there are more than it has."""
REFUSALS = {
    "wfs": b"<ExceptionReport><ExceptionText>No such type</ExceptionText></ExceptionReport>",
    "others": b'{"code": "InvalidParameterValue", "description": "No such type"}',
}


@dataclass
class Place(fakes.Web):
    """A place on the web that misbehaves in one way, from the request of that number on."""

    bad: str = ""
    n: int = 0
    n_files: int = 0


class _Handler(fakes._Handler):
    web: Place

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server asks
        web, url = self.web, urlparse(self.path)
        web.n += 1
        if self._strays():
            return None
        if f"{url.path}.next" in web.files and web.bad.startswith("another edition"):
            web.n_files += 1
            is_next = web.n_files > 1 if web.bad == "another edition" else web.n_files % 2 == 0
            web.files[url.path] = web.files[f"{url.path}.{'next' if is_next else 'first'}"]
            number = web.n_files if web.bad.endswith("each time") else int(is_next)
            web.etag = lambda _: f'"{number}"'
        if url.path.endswith("/items"):
            web.asked.append(self.path)
            return self._items({key: values[0] for key, values in parse_qs(url.query).items()})
        if url.path.endswith("/query"):
            web.asked.append(self.path)
            return self._arcgis({key: values[0] for key, values in parse_qs(url.query).items()})
        return super().do_GET()

    def do_POST(self) -> None:  # noqa: N802
        self.web.n += 1
        if not self._strays():
            super().do_POST()

    def _strays(self) -> bool:
        """Answer something else than what is asked, where the mood is so."""
        web, url, target = self.web, urlparse(self.path), None
        if web.bad in ("429 twice", "503 twice") and web.n <= 2:
            return self._instead(int(web.bad[:3]), b"busy", {"Retry-After": "0"})
        if web.bad in ("429", "503"):
            return self._instead(int(web.bad), b"busy", {"Retry-After": "0"})
        if web.bad == "refuses with a 200":
            return self._instead(200, REFUSALS["wfs" if url.path.endswith("/wfs") else "others"], {})
        if web.bad == "page for people":
            return self._instead(200, b"<!DOCTYPE html><html><body>Log in</body></html>", {"Content-Type": "text/html"})
        if web.bad == "redirect to a file":
            target = "file:///etc/passwd"
        if web.bad == "redirect inside":
            target = "http://169.254.169.254/latest"
        if web.bad == "redirect in a circle":
            target = f"http://localhost:{web.port}/elsewhere"
        return target is not None and self._instead(302, b"", {"Location": target})

    def _instead(self, status: int, content: bytes, headers: dict[str, str]) -> bool:
        if self.command == "POST":
            self.rfile.read(int(self.headers["Content-Length"]))
        self.web.asked.append(self.path)
        self._send(status, content, headers)
        return True

    def _items(self, query: dict[str, str]) -> None:
        web = self.web
        found = web.frame
        if "bbox" in query and web.bad != "window ignored":
            found = found[found.intersects(shapely.box(*map(float, query["bbox"].split(","))))]
        found = found.to_crs(4326) if web.bad == "another system" else found
        start, limit = int(query.get("cursor", 0)), 2
        features = json.loads(found.iloc[start : start + limit].to_json())["features"]
        page: dict[str, Any] = {"type": "FeatureCollection", "features": features, "links": []}
        if web.bad in LIES:
            page["numberMatched"] = len(found) + LIES[web.bad]
        if start + limit < len(found):
            cursor = start if web.bad == "the same page" and start else start + limit
            kept = {key: value for key, value in query.items() if key != "cursor"} | {"cursor": cursor}
            page["links"] = [{"rel": "next", "href": f"{urlparse(self.path).path}?{urlencode(kept)}"}]
        crs = "http://www.opengis.net/def/crs/OGC/1.3/CRS84" if web.bad == "another system" else RD
        return self._send(200, json.dumps(page).encode(), {"Content-Crs": f"<{crs}>"})

    def _arcgis(self, query: dict[str, str]) -> None:
        web = self.web
        found = self._within(shapely.box(*map(float, query["geometry"].split(","))))
        if "returnCountOnly" in query:
            return self._send(200, json.dumps({"count": len(found) + LIES.get(web.bad, 0)}).encode(), {})
        start = 0 if web.bad == "the same page" else int(query["resultOffset"])
        page = found.iloc[start : start + min(2, int(query["resultRecordCount"]))]
        content = json.loads((page.to_crs(4326) if web.bad == "another system" else page).to_json())
        content["properties"] = {"exceededTransferLimit": start + len(page) < len(found)}
        return self._send(200, json.dumps(content).encode(), {})

    def _wfs(self, query: dict[str, str]) -> None:
        if self.web.bad == "window ignored":
            query.pop("bbox", None)
        self.web.obeys_start = self.web.bad != "the same page"
        self.web.hits = str(len(WANTED) + LIES[self.web.bad]) if self.web.bad in LIES else None
        super()._wfs(query)

    def _within(self, shape: shapely.Geometry) -> gpd.GeoDataFrame:
        return self.web.frame if self.web.bad == "window ignored" else super()._within(shape)

    def _page(self, frame: gpd.GeoDataFrame, total: str | None = None) -> bytes:
        """Return features as GML: in degrees, latitude first, or metres that are called degrees, by its mood."""
        if self.web.bad == "another label":
            return fakes.gml(frame, total).replace(b"EPSG::28992", b"EPSG::4326")
        if self.web.bad != "another system":
            return fakes.gml(frame, total)
        turned = frame.to_crs(4326)
        turned = turned.set_geometry(shapely.transform(turned.geometry.to_numpy(), lambda xy: xy[:, ::-1]))
        return fakes.gml(turned, total).replace(b"EPSG::28992", b"EPSG::4326")

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        web = self.web
        is_file = f"{urlparse(self.path).path}.next" in web.files
        cuts = {
            "cut off once": web.n == 2,
            "cut off": True,
            "another edition": is_file and web.n_files == 1,
            "another edition each time": is_file,
        }.get(web.bad, False)
        web.cuts = len(content) * 2 // 3 if cuts and self.command != "HEAD" and len(content) > 1 else None
        super()._send(status, content, headers)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    held, frame = Place(frame=squares(25)), squares(25)
    frame.to_parquet(tmp_path / "a.parquet", write_covering_bbox=True, row_group_size=3)
    frame.assign(use="other").to_parquet(tmp_path / "b.parquet", write_covering_bbox=True, row_group_size=4)
    frame.to_file(tmp_path / "a.gpkg", layer="pand", driver="GPKG")
    frame.assign(use="other").to_file(tmp_path / "b.gpkg", layer="pand", driver="GPKG")
    for name in ("parquet", "gpkg"):
        first, other = ((tmp_path / f"{one}.{name}").read_bytes() for one in "ab")
        held.files |= {f"/a.{name}": first, f"/a.{name}.first": first, f"/a.{name}.next": other}
    halves = {"/west.gpkg": frame[:13], "/east.gpkg": frame[12:]}
    for name, half in halves.items():
        half.to_file(tmp_path / name[1:], layer="pand", driver="GPKG")
        held.files[name] = (tmp_path / name[1:]).read_bytes()
    boxes = [shapely.box(*half.total_bounds) for half in halves.values()]
    index = gpd.GeoDataFrame({"file": list(halves)}, geometry=boxes, crs=28992)
    index.to_file(tmp_path / "index.fgb", driver="FlatGeobuf")
    held.files["/index.fgb"] = (tmp_path / "index.fgb").read_bytes()
    held.files["/feed.xml"] = feed(entry("Panden (GeoPackage)", link("a.gpkg")))
    with fakes.answered_by(_Handler, held) as serves:
        yield serves


DOORS: dict[str, tuple[dict[str, Any], str]] = {
    "ogc_api": ({"address": "/ogc", "layers": ["percelen"], "format": "geojson"}, "a.parquet"),
    "wfs": ({"address": "/wfs", "layers": ["t:Perceel"], "format": "gml", "page_size": 2}, "a.parquet"),
    "download": ({"address": "/full/custom", "layers": ["perceel"], "format": "gml"}, "a.zip"),
    "geoparquet": ({"address": "/a.parquet", "format": "parquet"}, "a.parquet"),
    "atom": ({"address": "/feed.xml", "layers": ["pand"], "format": "gpkg", "crs": "EPSG:28992"}, "a.gpkg"),
    "file": ({"address": "/a.gpkg", "layers": ["pand"], "format": "gpkg"}, "a.gpkg"),
    "arcgis": ({"address": "/FeatureServer/0", "format": "geojson"}, "a.parquet"),
    "tiles": (
        {"address": "/index.fgb", "layers": ["pand"], "format": "gpkg", "parameters": {"column": "file", "id": "id"}},
        "a.gpkg",
    ),
}


def bring(place: Place, folder: Path, kind: str, *, refresh: bool = False) -> list[str]:
    """Bring what is asked through a door, as `fetch` does, and return the identifications in the file that is made."""
    said, name = DOORS[kind]
    door = Door.model_validate({"kind": kind, **said, "address": f"{place.url}{said['address']}"})
    target = folder / name
    require_fit(door, target)
    answers = through(door, "layers.a", {"layers.a": ROW}, TOWN, Cache(folder / "cache", refresh), asked={}, told=None)
    make(answers, target, scratch=folder / "scratch", where="layers.a", layer=None, window=TOWN)
    if name.endswith(".zip"):  # it comes as the download is: a run reads its window
        parcels = {"reader": "vector", "about": ABOUT, "path": str(target), "id_column": "id"}
        request = Request(area=Area(bbox=tuple(shapely.box(*TOWN).buffer(10).bounds)))
        return _sorted(
            prepare(sources(parcels=parcels), directory=folder / "out", base=folder, request=request).parcels()[
                "site_id"
            ]
        )
    frame = gpd.read_parquet(target) if name.endswith(".parquet") else gpd.read_file(target)
    frame = frame.to_crs(28992)
    assert frame["use"].isin(["other"]).sum() in (0, len(frame))  # of one edition
    inside = frame[frame.intersects(shapely.box(*TOWN).buffer(-1))]
    return _sorted(inside["id"])


def _sorted(found: Iterable[str]) -> list[str]:
    return sorted(found, key=lambda one: int(one[1:]))


WHOLE = "all comes, each feature once"
NOT = "no such thing"
"""Whole files have no pages, know of no window and are in the system that they are; services have no editions."""
BUSY = "429 each time|503 each time"
CUT = "broke off|breaks off|cut off|bytes"
MORE = "said 4 features, and more and more come"
EDITION = "IncompleteRead|edition|changes"
NO_EDITIONS = dict.fromkeys(("ogc_api", "wfs", "download", "arcgis", "tiles"), NOT)
"""Services have none, and tiles are held to their digests (test_tiles.py)."""


def row(every: str, **other: str) -> dict[str, str]:
    """Return what each door does; what is named does otherwise."""
    return {kind: other.get(kind, every) for kind in DOORS}


MATRIX: dict[str, dict[str, str]] = {
    # how a service misbehaves: per door the words that tell it, or WHOLE
    "429 twice": row(WHOLE),
    "503 twice": row(WHOLE),
    "429": row(BUSY),
    "503": row(BUSY),
    "cut off once": row(WHOLE),
    "cut off": row(CUT),
    "page for people": row("web page"),
    "refuses with a 200": row("No such type|cannot be read|answered no|what came is no|does not say where"),
    "says too few": row(NOT, ogc_api=MORE, wfs=MORE, arcgis=MORE),
    "says too many": row(NOT, ogc_api="said 9 features and gave 6", wfs="said 9", arcgis="said 9"),
    "redirect to a file": row(r"another scheme \(file:\)"),
    "redirect inside": row("private network"),
    "redirect in a circle": row("10 redirects"),
    "drip": row("too slowly"),
    "the same page": row(NOT, ogc_api="same page|again", wfs="again|same", arcgis="same page|again"),
    "another system": row(
        NOT, ogc_api="asked for http", wfs=WHOLE, download=WHOLE, arcgis="degrees, labelled EPSG:28992"
    ),
    "another label": row(NOT, wfs="degrees|label|CRS|metres", download="degrees|label|CRS|metres"),
    "window ignored": row(NOT, ogc_api=WHOLE, wfs=WHOLE, download=WHOLE, arcgis=WHOLE),
    "another edition": row(WHOLE, **NO_EDITIONS),
    "another edition each time": row(EDITION, **NO_EDITIONS),
}
CELLS = [(bad, kind) for bad, told in MATRIX.items() for kind in DOORS if told[kind] != NOT]


def test_no_cell_is_left_out() -> None:
    assert all(set(told) == set(DOORS) for told in MATRIX.values())
    assert len(CELLS) >= 104


@pytest.mark.parametrize(("bad", "kind"), CELLS)
def test_all_comes_or_it_is_told(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str, kind: str
) -> None:
    monkeypatch.setattr(asking, "LEAST_TIME_S", 0.1)
    place.bad, place.drips, began = bad, bad == "drip", time.monotonic()
    told = MATRIX[bad][kind]
    if told == WHOLE:
        assert bring(place, tmp_path, kind) == WANTED
    else:
        with pytest.raises(InputError, match=told):
            bring(place, tmp_path, kind)
    assert time.monotonic() - began < LONGEST_S
    place.bad, place.drips, place.cuts = "", False, None
    place.etag = lambda _: '"same"'
    # What is told only when it is read stays in the cache: it is asked anew with `--refresh`.
    assert bring(place, tmp_path, kind, refresh=bad == "another label") == WANTED
    assert threading.active_count() < 50
