"""The OGC API of the viewer."""

from __future__ import annotations

import geopandas as gpd
import shapely
from starlette.testclient import TestClient

from flexsites.reporting import open_results
from flexsites.tables import CRS
from flexsites.view.opened import Opened

_SITE = "WDM00A00004"


def test_items_follow_next_to_the_end_and_meet_their_box(client: TestClient, run: Opened) -> None:
    """Every parcel once, by its id, whatever the page; shapes are those of the run, in WGS84."""
    url, seen = "/ogc/collections/parcels/items?limit=50", []
    while url:
        answer = client.get(url)
        assert answer.headers["content-type"] == "application/geo+json"
        page = answer.json()
        assert page["numberMatched"] == 120
        assert page["numberReturned"] == len(page["features"])
        seen += page["features"]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    sites = open_results(run.results.directory).table("sites").sort_values("site_id")
    assert [one["id"] for one in seen] == sites["site_id"].tolist()
    back = gpd.GeoSeries([shapely.geometry.shape(one["geometry"]) for one in seen], crs=4326).to_crs(CRS)
    assert shapely.hausdorff_distance(back.to_numpy(), sites.geometry.to_numpy()).max() < 0.01
    assert seen[0]["properties"]["verdict"] == sites["verdict"].iloc[0]
    assert isinstance(seen[0]["properties"]["flags"], list)
    west, south, east, north = seen[5]["geometry"]["coordinates"][0][0] * 2
    near = client.get("/ogc/collections/parcels/items", params={"bbox": f"{west},{south},{east},{north}"}).json()
    assert seen[5]["id"] in [one["id"] for one in near["features"]]
    assert near["numberMatched"] < 120
    excluded = client.get("/ogc/collections/parcels/items", params={"verdict": "excluded"}).json()
    assert excluded["numberMatched"] == int(sites["verdict"].eq("excluded").sum())


def test_the_api_tells_what_it_is(client: TestClient) -> None:
    landing = client.get("/ogc").json()
    assert {link["rel"] for link in landing["links"]} == {"self", "service-desc", "conformance", "data"}
    for link in landing["links"]:
        assert client.get(link["href"]).status_code == 200
    assert any(one.endswith("/conf/core") for one in client.get("/ogc/conformance").json()["conformsTo"])
    known = client.get("/ogc/api").json()
    assert known["openapi"].startswith("3.0")
    for wrong in ("limit=0", "limit=x", "bbox=1,2,3", "bbox=5,53,6,52", "colour=red"):
        assert client.get(f"/ogc/collections/parcels/items?{wrong}").status_code == 400, wrong
    assert client.get("/ogc/collections/parcels/items/nowhere").status_code == 404
    assert client.get("/ogc/collections/roads").status_code == 404
    assert client.get(f"/ogc/collections/parcels/items/{_SITE}").json()["id"] == _SITE
