"""Amenities and public transport of the synthetic municipality: what is where, which lines run and how often."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import shapely
from pyproj import Transformer

from flexsites.worlds import proofs
from flexsites.worlds.plan import CENTRE, INNER_RING_M, OUTER_RING_M, STATION, Plan, bend, spoke

if TYPE_CHECKING:
    from pathlib import Path

    from flexsites.worlds.ground import Ground

_TO_WGS84 = Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True)

SHOPS = ("supermarket", "bakery", "clothes", "butcher", "hairdresser", "greengrocer", "books", "chemist", "bicycle")
"""Kinds of shop, taken in turn; the first shop of every quarter is a supermarket."""


@dataclass(frozen=True)
class Line:
    """
    A line of public transport.

    Parameters
    ----------
    name
        Its number.
    route_type
        Of GTFS: 2 rail, 3 bus.
    stops
        Stop ids in order.
    minutes
        Running time between successive stops.
    headway_min
        Minutes between departures by band: peak, day, evening, saturday, sunday; null: none.
    """

    name: str
    route_type: int
    stops: tuple[str, ...]
    minutes: int
    headway_min: tuple[int | None, int | None, int | None, int | None, int | None]


@dataclass(frozen=True)
class _Feed:
    """Rows of trips.txt and stop_times.txt, and departures on a weekday per stop and line, as they come."""

    trips: list[tuple[str, str, str, int]] = field(default_factory=list)
    times: list[tuple[str, str, str, str, int]] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)


HOURS = {
    "peak": ((6.5, 9.0), (16.0, 18.5)),
    "day": ((9.0, 16.0),),
    "evening": ((18.5, 24.5),),
    "weekend": ((8.0, 24.0),),
}
"""Spans of the day in hours in which a headway holds; the last departures come after midnight."""


def stops(plan: Plan) -> dict[str, tuple[str, shapely.Point]]:
    """Return the stops by id: name and place in the plan's metres. One is served by nothing."""
    oosterweg, noorderweg = plan.main_roads["Oosterweg"], plan.main_roads["Noorderweg"]

    def ring(angle: float, radius: float = INNER_RING_M) -> shapely.Point:
        x, y = bend(shapely.Point(spoke(angle, 0, radius).coords[1])).coords[0]
        return shapely.Point(x + 3, y + 3)

    def along(line: shapely.LineString, share: float) -> shapely.Point:
        point = line.interpolate(share, normalized=True)
        return shapely.Point(point.x + 3, point.y + 3)

    station = bend(shapely.Point(STATION))
    return {
        "FXD": ("Flexdam", station),
        "B01": ("Flexdam, Station", shapely.Point(station.x + 5, station.y - 40)),
        "B02": ("Flexdam, Binnenring Noord", ring(90)), "B03": ("Flexdam, Vogelbuurt", ring(135)),
        "B04": ("Flexdam, Westpoort", ring(180)), "B05": ("Flexdam, Rivierenwijk", ring(225, OUTER_RING_M)),
        "B06": ("Flexdam, Nieuwland", ring(249, 1_640)), "B07": ("Flexdam, Noordrand", ring(45, OUTER_RING_M)),
        "B08": ("Flexdam, De Kom", ring(0, OUTER_RING_M)), "B09": ("Flexdam, Oosterpoort", ring(0)),
        "B10": ("Flexdam, Havenkwartier", ring(300)), "B11": ("Flexdam, De Dijk", ring(270, OUTER_RING_M)),
        "B12": ("Flexdam, De Kade West", along(oosterweg, 0.16)),
        "B13": ("Flexdam, De Kade Oost", along(oosterweg, 0.36)),
        "B14": ("Flexdam, Sterrenwijk", ring(135, OUTER_RING_M)), "B15": ("Flexdam, Markt", ring(90, 45)),
        "B16": ("Polderweg", along(noorderweg, 0.3)), "B17": ("Noorderweg", along(noorderweg, 0.58)),
        "B18": ("Noorderbuurt", along(plan.polder_roads[1], 0.236)),
        "B19": ("Overbroek", along(plan.polder_roads[1], 0.889)),
        "B20": ("Westerweg", along(plan.main_roads["Westerweg"], 0.7)),
        "B21": ("Zuiddorp", along(plan.polder_roads[4], 0.153)),
        "B22": ("Proefveld", proofs.BUS_STOP), "B23": ("Zuiderweg", along(plan.main_roads["Zuiderweg"], 0.72)),
        "B99": ("Oude halte", along(plan.polder_roads[2], 0.5)),
        "EVD": ("Elders", shapely.Point(-14_000, 6_000)), "VRD": ("Verderop", shapely.Point(23_000, 1_000)),
    }  # fmt: skip


LINES = (
    Line("Sprinter", 2, ("EVD", "FXD", "VRD"), 13, (15, 15, 30, 30, 30)),
    Line("1", 3, ("B01", "B02", "B15", "B04", "B05", "B06"), 3, (10, 15, 30, 15, 30)),
    Line("2", 3, ("B01", "B07", "B08", "B09", "B10", "B11"), 3, (15, 15, 30, 30, 30)),
    Line("3", 3, ("B01", "B14", "B03", "B04"), 3, (15, 30, 60, 30, 60)),
    Line("4", 3, ("B01", "B07", "B08", "B12", "B13"), 4, (30, 60, None, None, None)),
    Line("140", 3, ("B20", "B04", "B15", "B01", "B16", "B17", "B18"), 5, (30, 60, 60, 60, 120)),
    Line("150", 3, ("B01", "B08", "B13", "B19"), 7, (60, 60, None, 120, None)),
    Line("160", 3, ("B01", "B15", "B11", "B23", "B21"), 6, (60, 120, None, None, None)),
)
"""The lines, good and poor. The neighbourhood bus to the proving field runs twice a day and is written apart."""

TWICE_A_DAY = (9.25, 14.25)
"""Departures of the neighbourhood bus in hours, weekdays only."""


def write_gtfs(path: Path, plan: Plan, origin: tuple[float, float], year: int) -> dict[str, dict[str, int]]:
    """
    Write the timetable as a GTFS zip in the way Dutch feeds are: days as ``calendar_dates`` for the holidays.

    Returns
    -------
    dict
        Departures on an ordinary weekday per stop id and line: known by construction.
    """
    feed = _Feed()
    for line in LINES:
        for service, leaving in departures(line).items():
            _run(line, service, leaving, feed)
    neighbourhood = Line("641", 3, ("B01", "B11", "B23", "B22"), 8, (None,) * 5)
    _run(neighbourhood, "weekday", list(TWICE_A_DAY), feed)
    routes = [(line.name, "FLX", line.name, "", line.route_type) for line in (*LINES, neighbourhood)]
    files: dict[str, list[tuple[object, ...]]] = {
        "agency.txt": [("agency_id", "agency_name", "agency_url", "agency_timezone"),
                       ("FLX", "Flexdam vervoer (verzonnen)", "https://example.org", "Europe/Amsterdam")],
        "stops.txt": _stop_rows(plan, origin),
        "routes.txt": [("route_id", "agency_id", "route_short_name", "route_long_name", "route_type"), *routes],
        "trips.txt": [("route_id", "service_id", "trip_id", "direction_id"), *feed.trips],
        "stop_times.txt": [("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"), *feed.times],
        "calendar.txt": _calendar(year),
        "calendar_dates.txt": [("service_id", "date", "exception_type"), ("weekday", f"{year}1225", 2),
                               ("sunday", f"{year}1225", 1)],
    }  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in files.items():
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.getvalue())
    return feed.counts


def departures(line: Line) -> dict[str, list[float]]:
    """
    Return the departures of a line in hours from its first stop, by kind of day.

    Examples
    --------
    >>> hours = departures(Line("x", 3, ("a", "b"), 5, (30, 60, None, None, 120)))
    >>> len(hours["weekday"]), hours["saturday"], len(hours["sunday"])
    (17, [], 8)
    """
    peak, day, evening, saturday, sunday = line.headway_min
    bands = [*((span, peak) for span in HOURS["peak"]), *((span, day) for span in HOURS["day"])]
    bands += [(span, evening) for span in HOURS["evening"]]
    found: dict[str, list[float]] = {"weekday": sorted(hour for span, every in bands for hour in _between(span, every))}
    for name, every in (("saturday", saturday), ("sunday", sunday)):
        found[name] = [hour for span in HOURS["weekend"] for hour in _between(span, every)]
    return found


def _between(span: tuple[float, float], every_min: int | None) -> list[float]:
    if every_min is None:
        return []
    n_runs = round((span[1] - span[0]) * 60) / every_min
    return [span[0] + order * every_min / 60 for order in range(int(-(-n_runs // 1)))]


def _run(line: Line, service: str, leaving: list[float], feed: _Feed) -> None:
    """Add the trips of a line in both directions; the way back leaves at the same time from the other end."""
    for direction, calls in enumerate((line.stops, line.stops[::-1])):
        for order, hour in enumerate(leaving):
            trip = f"{line.name}-{service}-{direction}-{order}"
            feed.trips.append((line.name, service, trip, direction))
            for sequence, stop in enumerate(calls):
                clock = _clock(hour * 60 + sequence * line.minutes)
                feed.times.append((trip, clock, clock, stop, sequence + 1))
        if service == "weekday":
            for stop in calls[:-1]:
                per_line = feed.counts.setdefault(stop, {})
                per_line[line.name] = per_line.get(line.name, 0) + len(leaving)


def _clock(minutes: float) -> str:
    whole = round(minutes)
    return f"{whole // 60:02d}:{whole % 60:02d}:00"


def _stop_rows(plan: Plan, origin: tuple[float, float]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        ("stop_id", "stop_name", "stop_lat", "stop_lon", "location_type", "parent_station")
    ]
    for stop, (name, place) in stops(plan).items():
        lon, lat = _TO_WGS84.transform(place.x + origin[0], place.y + origin[1])
        parent = "ST" if stop in {"FXD", "B01"} else ""
        rows.append((stop, name, f"{lat:.7f}", f"{lon:.7f}", 0, parent))
        if stop == "FXD":
            rows.append(("ST", "Station Flexdam", f"{lat:.7f}", f"{lon:.7f}", 1, ""))
    return rows


def _calendar(year: int) -> list[tuple[object, ...]]:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    period = (f"{year}0101", f"{year}1231")
    return [
        ("service_id", *days, "start_date", "end_date"),
        ("weekday", 1, 1, 1, 1, 1, 0, 0, *period),
        ("saturday", 0, 0, 0, 0, 0, 1, 0, *period),
        ("sunday", 0, 0, 0, 0, 0, 0, 1, *period),
    ]


def amenities(ground: Ground) -> list[tuple[shapely.Point, dict[str, str]]]:
    """Return shops, schools, care and the like as points with OpenStreetMap's tags, in the plan's metres."""
    found: list[tuple[shapely.Point, dict[str, str]]] = []
    turn: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for use, quarter, shape in ground.parcels[["use", "quarter", "geometry"]].itertuples(index=False):
        if use not in {"winkel", "school", "zorg", "wijkcentrum", "park"}:
            continue
        order = turn[use] = turn.get(use, -1) + 1
        is_first = (use, quarter) not in seen
        seen.add((use, quarter))
        found.extend((shapely.point_on_surface(shape), tags) for tags in _tags(use, order, is_first=is_first))
    found.append((proofs.FARM_SHOP, {"shop": "farm", "name": "Landwinkel Proefveld"}))
    found.append((bend(shapely.Point(CENTRE[0] + 60, CENTRE[1] + 70)), {"amenity": "library", "name": "Bibliotheek"}))
    return found


def _tags(use: str, order: int, *, is_first: bool) -> list[dict[str, str]]:
    name = f"{use.capitalize()} {order + 1}"
    if use == "winkel":
        return [{"shop": "supermarket" if is_first else SHOPS[order % len(SHOPS)], "name": name}]
    if use == "school":
        level = {"isced:level": "2;3", "school": "secondary"} if order % 6 == 4 else {"isced:level": "0;1"}
        return [{"amenity": "school", "name": name, **level}, {"amenity": "kindergarten", "name": f"{name} opvang"}]
    if use == "zorg":
        practice = {"amenity": "doctors", "healthcare": "doctor", "name": name}
        return [practice, {"amenity": "pharmacy", "name": f"Apotheek {order + 1}"}][: 1 + order % 2]
    if use == "park":
        return [{"amenity": "college", "name": "Flexdam College"}]
    return [{"amenity": "community_centre", "name": name}]
