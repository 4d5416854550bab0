"""Small files as registers deliver them: in each naming of each door, with the traps that are known of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely

from flexsites.worlds.openstreetmap import OsmContent, write_pbf

ORIGIN = (180_000.0, 456_000.0)
SIDE_M = 40.0


def squares(n: int) -> list[shapely.Polygon]:
    """Return n squares in a row, in RD New."""
    x = ORIGIN[0] + np.arange(n) * SIDE_M
    return list(shapely.box(x, ORIGIN[1], x + SIDE_M, ORIGIN[1] + SIDE_M))


def frame(shapes: list[Any] | None = None, **columns: list[Any]) -> gpd.GeoDataFrame:
    """Return a layer with these columns; squares unless shapes are given."""
    n = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=squares(n) if shapes is None else shapes, crs=28992)


def gpkg(path: Path, **layers: gpd.GeoDataFrame) -> Path:
    """Write a GeoPackage of these layers."""
    for name, one in layers.items():
        one.to_file(path, driver="GPKG", layer=name)
    return path


def parquet(path: Path, one: gpd.GeoDataFrame) -> Path:
    """Write GeoParquet."""
    one.to_parquet(path)
    return path


def geojson(path: Path, one: gpd.GeoDataFrame) -> Path:
    """Write what an OGC API gave in RD New, as it is kept: the reference system is said in the file."""
    content = json.loads(one.to_json())
    content["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    path.write_text(json.dumps(content))
    return path


def ring(shape: shapely.Polygon) -> str:
    """Return a polygon in GML."""
    numbers = " ".join(f"{x:.3f} {y:.3f}" for x, y in shape.exterior.coords)
    exterior = f"<gml:exterior><gml:LinearRing><gml:posList>{numbers}</gml:posList></gml:LinearRing></gml:exterior>"
    return f'<gml:Polygon srsName="urn:ogc:def:crs:EPSG::28992">{exterior}</gml:Polygon>'


def point(shape: shapely.Polygon) -> str:
    """Return a label's place in GML."""
    position = f"<gml:pos>{shape.centroid.x} {shape.centroid.y}</gml:pos>"
    return f'<gml:Point srsName="urn:ogc:def:crs:EPSG::28992">{position}</gml:Point>'


def brk_gml(path: Path, n: int = 3) -> Path:
    """Write parcels as the download gives them: nested, a label point beside the polygon, in a zip of several files."""
    members = "".join(
        f"""<kk:perceelMember><oz:Perceel gml:id="NL.IMKAD.KadastraalObject.{i}">
        <ko:identificatie domein="NL.IMKAD.KadastraalObject">8492022987{i:04d}</ko:identificatie>
        <oz:historie><h:statusHistorie><h:StatusHistorie><t:code>G</t:code><t:waarde>Geldig</t:waarde></h:StatusHistorie>
        </h:statusHistorie></oz:historie>
        <oz:kadastraleAanduiding><oz:TypeKadastraleAanduiding><oz:sectie>B</oz:sectie></oz:TypeKadastraleAanduiding>
        </oz:kadastraleAanduiding><oz:begrenzingPerceel>{ring(shape)}</oz:begrenzingPerceel>
        <oz:kadastraleGrootte><oz:TypeOppervlak><oz:waarde>1600</oz:waarde><oz:soortGrootte><oz:SoortGrootte>
        <t:code>1</t:code><t:waarde>Vastgesteld</t:waarde></oz:SoortGrootte></oz:soortGrootte></oz:TypeOppervlak>
        </oz:kadastraleGrootte><oz:plaatscoordinaten>{point(shape)}</oz:plaatscoordinaten></oz:Perceel></kk:perceelMember>"""
        for i, shape in enumerate(squares(n))
    )
    spaces = " ".join(f'xmlns:{name}="http://www.kadaster.nl/{name}"' for name in ("oz", "h", "t", "ko", "kk"))
    text = f'<kk:DKK xmlns:gml="http://www.opengis.net/gml/3.2" {spaces}>{members}</kk:DKK>'
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("kadastralekaart_perceel.gml", text)
        packed.writestr("kadastralekaart_kwaliteit.gml", '<kk:DKK xmlns:kk="http://www.kadaster.nl/kk"></kk:DKK>')
    return path


def bgt_gml(path: Path, without: tuple[str, ...] = ()) -> Path:
    """Write the BGT as the download gives it: a file a kind, history in it, the label of a pand beside its polygon."""
    shapes = squares(3)
    root = (
        '<CityModel xmlns="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml"'
        ' xmlns:imgeo="http://www.geostandaarden.nl/imgeo/2.1">{}</CityModel>'
    )

    def member(kind: str, geometry: str, i: int, more: str, ended: str = "") -> str:
        identity = (
            f"<imgeo:identificatie><imgeo:NEN3610ID><imgeo:namespace>NL.IMGeo</imgeo:namespace>"
            f"<imgeo:lokaalID>G0228.{kind}{i}</imgeo:lokaalID></imgeo:NEN3610ID></imgeo:identificatie>"
        )
        polygon = ring(shapes[i]).replace(' srsName="urn:ogc:def:crs:EPSG::28992"', "")
        polygon = polygon.replace("<gml:posList>", '<gml:posList srsDimension="2">')
        drawn = f"<imgeo:{geometry}>{polygon}</imgeo:{geometry}>"
        return (
            f'<cityObjectMember><imgeo:{kind} gml:id="b{kind}{i}{len(ended)}">{identity}{ended}'
            f"<imgeo:bgt-status>bestaand</imgeo:bgt-status>{more}{drawn}</imgeo:{kind}></cityObjectMember>"
        )

    gone = "<imgeo:eindRegistratie>2018-11-13T19:18:13</imgeo:eindRegistratie>"
    ground, kind = "geometrie2dOnbegroeidTerreindeel", "OnbegroeidTerreindeel"
    yards = [
        member(kind, ground, 0, "<imgeo:bgt-fysiekVoorkomen>erf</imgeo:bgt-fysiekVoorkomen>"),
        member(kind, ground, 0, "<imgeo:bgt-fysiekVoorkomen>erf</imgeo:bgt-fysiekVoorkomen>", gone),
        member(kind, ground, 1, "<imgeo:bgt-fysiekVoorkomen>zand</imgeo:bgt-fysiekVoorkomen>"),
    ]
    place = f"<imgeo:plaatsingspunt>{point(shapes[2])}</imgeo:plaatsingspunt>"
    label = f"<imgeo:nummeraanduidingreeks>{place}</imgeo:nummeraanduidingreeks>"
    panden = [
        member(
            "BuildingPart",
            "geometrie2dGrondvlak",
            i,
            f"<imgeo:identificatieBAGPND>022810000000000{i}</imgeo:identificatieBAGPND>",
        )
        + (label and "")
        for i in (0, 1)
    ]
    panden[1] = panden[1].replace("</imgeo:BuildingPart>", f"{label}</imgeo:BuildingPart>")
    water = [member("Waterdeel", "geometrie2dWaterdeel", 2, "<imgeo:class>waterloop</imgeo:class>")]
    banks = [
        member("OndersteunendWaterdeel", "geometrie2dOWaterdeel", 1, "<imgeo:class>oever, slootkant</imgeo:class>")
    ]
    ways = [
        member(
            "TrafficArea", "geometrie2dWegdeel", i,
            f"<imgeo:relatieveHoogteligging>{level}</imgeo:relatieveHoogteligging><imgeo:function>{what}</imgeo:function>"
            "<imgeo:wegdeelOpTalud>false</imgeo:wegdeelOpTalud>",
        )
        for i, (what, level) in enumerate([("rijbaan lokale weg", 0), ("parkeervlak", 0), ("fietspad", -1)])
    ]  # fmt: skip
    kinds = {
        "onbegroeidterreindeel": yards, "ondersteunendwaterdeel": banks, "pand": panden, "waterdeel": water,
        "wegdeel": ways, "spoor": [],
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as packed:
        for name, members in kinds.items():
            packed.writestr(f"bgt_{name}.gml", root.format("" if name in without else "".join(members)))
    return path


def imro_gml(path: Path) -> Path:
    """Write a zoning plan: zones, and how high one may build, of one area several dimensions."""
    kinds = ["wonen", "bedrijf", "gemengd"]
    members = "".join(
        f"""<imro:featureMember><imro:Enkelbestemming gml:id="NL.IMRO.{i}"><imro:identificatie><imro:NEN3610ID>
        <imro:namespace>NL.IMRO</imro:namespace><imro:lokaalID>EP{i}</imro:lokaalID></imro:NEN3610ID></imro:identificatie>
        <imro:naam>naam</imro:naam><imro:bestemmingshoofdgroep>{kind}</imro:bestemmingshoofdgroep>
        <imro:geometrie>{ring(shape)}</imro:geometrie></imro:Enkelbestemming></imro:featureMember>"""
        for i, (kind, shape) in enumerate(zip(kinds, squares(3), strict=True))
    )
    told = [
        {"maximum goothoogte (m)": "4", "maximum bouwhoogte (m)": "7"},
        {"maximum bouwhoogte (m)": "10,5", "maximum bebouwingspercentage (%)": "80"},
        {"maximum aantal bouwlagen": "3"},
    ]
    members += "".join(
        f"""<imro:featureMember><imro:Maatvoering gml:id="NL.IMRO.M{i}"><imro:identificatie><imro:NEN3610ID>
        <imro:namespace>NL.IMRO</imro:namespace><imro:lokaalID>MP{
            i
        }</imro:lokaalID></imro:NEN3610ID></imro:identificatie>
        <imro:typePlanobject>maatvoering</imro:typePlanobject><imro:naam>{", ".join(pairs)}</imro:naam>{
            "".join(
                f"<imro:maatvoeringInfo><imro:WaardeEnType><imro:waarde>{value}</imro:waarde>"
                f"<imro:waardeType>{kind}</imro:waardeType></imro:WaardeEnType></imro:maatvoeringInfo>"
                for kind, value in pairs.items()
            )
        }<imro:geometrie>{ring(shape)}</imro:geometrie></imro:Maatvoering></imro:featureMember>"""
        for i, (pairs, shape) in enumerate(zip(told, squares(3), strict=True))
    )
    area = (
        '<imro:featureMember><imro:Bestemmingsplangebied gml:id="NL.IMRO.P">'
        "<imro:typePlan>bestemmingsplan</imro:typePlan>"
        f"<imro:planstatus>vastgesteld</imro:planstatus><imro:geometrie>{ring(squares(1)[0])}</imro:geometrie>"
        "</imro:Bestemmingsplangebied></imro:featureMember>"
    )
    root = (
        '<imro:FeatureCollectionIMRO xmlns:imro="http://www.geonovum.nl/imro/2012/1.1"'
        ' xmlns:gml="http://www.opengis.net/gml/3.2">{}</imro:FeatureCollectionIMRO>'
    )
    path.write_text(root.format(members + area))
    return path


def nnn_gml(path: Path, shapes: list[shapely.Polygon] | None = None) -> Path:
    """Write the nature network as INSPIRE protected sites."""
    members = "".join(
        f"""<gml:featureMember><ps:ProtectedSite gml:id="nnn.{i}"><ps:geometry>{ring(shape)}</ps:geometry>
        <ps:inspireID><base:Identifier><base:localId>PV25.{i}</base:localId><base:namespace>NL.PS</base:namespace>
        </base:Identifier></ps:inspireID><ps:legalFoundationDate>2014-01-01T00:00:00</ps:legalFoundationDate>
        </ps:ProtectedSite></gml:featureMember>"""
        for i, shape in enumerate(squares(2) if shapes is None else shapes)
    )
    spaces = 'xmlns:ps="http://inspire.ec.europa.eu/schemas/ps/4.0" xmlns:base="http://inspire.ec.europa.eu/schemas/base/3.3"'
    path.write_text(
        f'<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2" {spaces}>{members}</gml:FeatureCollection>'
    )
    return path


def lvbag(path: Path) -> Path:
    """Write an extract of the BAG: zips in a zip, each with numbered parts."""

    def pand(i: int, shape: shapely.Polygon) -> str:
        numbers = " ".join(f"{x} {y} 0.0" for x, y in shape.exterior.coords)
        return f"""<sl-bag-extract:bagObject><Objecten:Pand>
        <Objecten:identificatie domein="NL.IMBAG.Pand">02281000000000{i:02d}</Objecten:identificatie>
        <Objecten:geometrie><gml:Polygon srsName="urn:ogc:def:crs:EPSG::28992" srsDimension="3"><gml:exterior>
        <gml:LinearRing><gml:posList>{numbers}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>
        </Objecten:geometrie><Objecten:oorspronkelijkBouwjaar>1970</Objecten:oorspronkelijkBouwjaar>
        <Objecten:status>Pand in gebruik</Objecten:status><Objecten:geconstateerd>N</Objecten:geconstateerd>
        <Objecten:documentdatum>2010-01-01</Objecten:documentdatum><Objecten:documentnummer>A</Objecten:documentnummer>
        <Objecten:voorkomen><Historie:Voorkomen><Historie:voorkomenidentificatie>1</Historie:voorkomenidentificatie>
        <Historie:beginGeldigheid>2010-01-01</Historie:beginGeldigheid>
        <Historie:tijdstipRegistratie>2010-01-01T00:00:00</Historie:tijdstipRegistratie></Historie:Voorkomen>
        </Objecten:voorkomen></Objecten:Pand></sl-bag-extract:bagObject>"""

    spaces = (
        'xmlns:gml="http://www.opengis.net/gml/3.2"'
        ' xmlns:sl-bag-extract="http://www.kadaster.nl/schemas/lvbag/extract-deelbestand-lvc/v20200601"'
        ' xmlns:sl="http://www.kadaster.nl/schemas/standlevering-generiek/1.0"'
        ' xmlns:Objecten="www.kadaster.nl/schemas/lvbag/imbag/objecten/v20200601"'
        ' xmlns:Historie="www.kadaster.nl/schemas/lvbag/imbag/historie/v20200601"'
    )
    head = (
        "<sl:dataset>LVBAG</sl:dataset><sl:inhoud><sl:gebied>NLD</sl:gebied><sl:leveringsId>1</sl:leveringsId>"
        "<sl:objectTypen><sl:objectType>PND</sl:objectType></sl:objectTypen></sl:inhoud>"
    )
    inner = path.with_name("inner.zip")
    with zipfile.ZipFile(inner, "w") as packed:
        for part, shape in enumerate(squares(2), 1):
            stand = f"<sl:standBestand>{head}<sl:stand>{pand(part, shape)}</sl:stand></sl:standBestand>"
            body = f"<sl-bag-extract:bagStand {spaces}>{stand}</sl-bag-extract:bagStand>"
            packed.writestr(f"9999PND01012026-{part:06d}.xml", body)
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(inner, "9999PND01012026.zip")
        packed.writestr("Leveringsdocument-BAG-Extract.xml", "<x/>")
    inner.unlink()
    return path


def gtfs(path: Path, days: tuple[str, ...] = ("20260105",)) -> Path:
    """Write a timetable of one trip between two stops, on these days."""
    tables = {
        "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nA,A,https://a.example,Europe/Amsterdam\n",
        "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n1,Otterlo,52.10,5.77\n2,Ede,52.05,5.67\n",
        "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,1,R,3\n",
        "trips.txt": "route_id,service_id,trip_id\nR,S,T\n",
        "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "T,08:00:00,08:00:00,1,1\nT,08:20:00,08:20:00,2,2\n",
        "calendar_dates.txt": "service_id,date,exception_type\n" + "".join(f"S,{day},1\n" for day in days),
    }
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in tables.items():
            packed.writestr(name, text)
    return path


def raster(path: Path, value: float, side_m: float = 3_000.0) -> Path:
    """Write a grid of one number, cells of 100 m, around the squares."""
    cells = np.full((1, int(side_m // 100), int(side_m // 100)), value, dtype="float32")
    corner = rasterio.Affine(100, 0, ORIGIN[0] - side_m / 2, 0, -100, ORIGIN[1] + side_m / 2)
    form = {"driver": "GTiff", "height": cells.shape[1], "width": cells.shape[2], "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", crs="EPSG:28992", transform=corner, nodata=-9999, **form) as file:
        file.write(cells)
    return path


def streets(path: Path) -> Path:
    """Write an extract of OpenStreetMap: a street along the squares, one to the north, and a shop."""
    x, y = ORIGIN
    lines = [
        (shapely.LineString([(x - 2_000, y - 6), (x, y - 6), (x + 400, y - 6), (x + 2_000, y - 6)]), "residential"),
        (shapely.LineString([(x, y - 6), (x, y + 2_000)]), "residential"),
    ]
    tagged = [(line, {"highway": kind, "name": f"Straat {i}"}) for i, (line, kind) in enumerate(lines)]
    shop = [(shapely.Point(x + 100, y - 12), {"shop": "supermarket", "name": "Super"})]
    box = (x - 20_000, y - 20_000, x + 20_000, y + 20_000)
    write_pbf(path, OsmContent(box, points=shop, lines=tagged))
    return path


def table(path: Path, **columns: list[Any]) -> Path:
    """Write a text table."""
    pd.DataFrame(columns).to_csv(path, index=False)
    return path
