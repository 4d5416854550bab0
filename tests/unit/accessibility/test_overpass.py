"""A place straight through osmnx: Nominatim and Overpass are played on loopback, in their own formats."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import osmnx as ox
import pytest

from flexsites.accessibility.kernels.network import build_network
from flexsites.config.load import configs_directory, read_model
from flexsites.config.openstreetmap import AmenityCategories
from flexsites.errors import InputError
from flexsites.inputs.osm.graph import amenities_from_place, streets_from_place
from flexsites.inputs.osm.streets_pbf import read_pbf_streets
from tests.unit.accessibility.places import rules
from tests.unit.accessibility.test_street_readers import NODES, WAYS, write

OUTLINE = [[5.89, 52.54], [5.94, 52.54], [5.94, 52.57], [5.89, 52.57], [5.89, 52.54]]
PLACE = {
    "place_id": 1, "osm_type": "relation", "osm_id": 1, "lat": "52.55", "lon": "5.9", "class": "boundary",
    "type": "administrative", "place_rank": 16, "importance": 0.5, "addresstype": "town", "name": "Stadje",
    "display_name": "Stadje, Nederland", "boundingbox": ["52.54", "52.57", "5.89", "5.94"],
    "geojson": {"type": "Polygon", "coordinates": [OUTLINE]},
}  # fmt: skip


def elements() -> list[dict[str, object]]:
    nodes = [{"type": "node", "id": i, "lon": x, "lat": y} for i, (x, y) in NODES.items()]
    ways = [{"type": "way", "id": i, "nodes": refs, "tags": tags} for i, (refs, tags) in WAYS.items()]
    return [*nodes, *ways, *amenity_elements()]


def amenity_elements() -> list[dict[str, object]]:
    corners = [(5.9100, 52.5500), (5.9110, 52.5500), (5.9110, 52.5506), (5.9100, 52.5506)]
    shop = [{"type": "node", "id": 9101 + i, "lon": x, "lat": y} for i, (x, y) in enumerate(corners)]
    outline = {"type": "way", "id": 9200, "nodes": [9101, 9102, 9103, 9104, 9101], "tags": {"shop": "supermarket"}}
    doctor = {"type": "node", "id": 9300, "lon": 5.92, "lat": 52.551, "tags": {"amenity": "doctors", "name": "Dokter"}}
    bench = {"type": "node", "id": 9301, "lon": 5.92, "lat": 52.552, "tags": {"amenity": "bench"}}
    return [*shop, outline, doctor, bench]


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer([] if "Nergens" in self.path else [PLACE])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer({"version": 0.6, "generator": "test", "elements": elements()})

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/"
    for name, value in {
        "nominatim_url": address, "overpass_url": address + "api", "overpass_rate_limit": False, "use_cache": False,
    }.items():  # fmt: skip
        monkeypatch.setattr(ox.settings, name, value)
    monkeypatch.setattr("osmnx._nominatim.time.sleep", lambda _: None)  # Nominatim asks for a second between questions
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("services")
def test_a_place_gives_the_network_of_its_map(tmp_path: Path) -> None:
    before = list(ox.settings.useful_tags_way)
    graph = streets_from_place("Stadje", rules=rules()).graph
    assert ox.settings.useful_tags_way == before
    wanted = read_pbf_streets(write(tmp_path / "town.osm.pbf"), rules=rules()).graph
    for mode in ("walk", "bicycle"):
        ours, theirs = (build_network(g, mode=mode, min_component_m=0.0).graph for g in (graph, wanted))
        np.testing.assert_allclose(np.sort(ours.edge_length), np.sort(theirs.edge_length), atol=1e-6)
        assert sorted(ours.edge_flags) == sorted(theirs.edge_flags)


@pytest.mark.usefixtures("services")
def test_a_place_that_nobody_knows_is_one_clear_error() -> None:
    with pytest.raises(InputError, match="Nergens: cannot be read from Overpass"):
        streets_from_place("Nergens", rules=rules())


@pytest.mark.usefixtures("services")
def test_a_place_gives_its_amenities_and_where_they_are_complete() -> None:
    categories = read_model(configs_directory() / "amenities.yaml", AmenityCategories)
    amenities, extent, _ = amenities_from_place("Stadje", categories=categories, walkable=np.array([], dtype=object))
    assert set(zip(amenities["category"], amenities["amenity_id"], strict=True)) >= {
        ("supermarket", "supermarket/w9200"),
        ("gp", "gp/n9300"),
    }
    assert not amenities["amenity_id"].str.contains("9301").any()
    assert amenities.crs.to_epsg() == 28992
    assert amenities.geometry.within(extent).all()
