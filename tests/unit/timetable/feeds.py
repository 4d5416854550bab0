"""Small feeds written by hand."""

from __future__ import annotations

import zipfile
from pathlib import Path

# Four stops around Amersfoort: B1 and B2 are the two sides of station S; C is 2 km east, D lies nowhere near a line.
STOPS = """stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station
A,Aa,52.1600,5.3700,0,
S,Station,52.1600,5.3900,1,
B1,Station perron 1,52.1600,5.3899,0,S
B2,Station perron 2,52.1600,5.3901,0,S
C,Cee,52.1600,5.4200,,
D,Dee,52.2000,5.5000,0,
"""
ROUTES = """route_id,route_short_name,route_type
r1,1,3
r2,2,3
t1,IC,2
x1,taxi,1501
"""
CALENDAR = """service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
wk,1,1,1,1,1,0,0,20260105,20260111
we,0,0,0,0,0,1,1,20260105,20260111
"""
CALENDAR_DATES = """service_id,date,exception_type
wk,20260106,2
extra,20260107,1
"""
TRIPS = """route_id,service_id,trip_id
r1,wk,east
r1,wk,west
r2,extra,late
t1,we,train
"""
STOP_TIMES = """trip_id,arrival_time,departure_time,stop_id,stop_sequence
east,08:00:00,08:00:00,A,1
east,08:05:00,08:06:00,B1,2
east,08:15:00,08:15:00,C,3
west,17:30:00,17:30:00,C,10
west,17:40:00,17:41:00,B2,20
west,17:50:00,17:50:00,A,30
late,23:50:00,23:50:00,A,1
late,24:10:00,24:11:00,B1,2
late,25:30:00,25:30:00,C,3
train,12:00:00,12:00:00,B1,1
train,12:30:00,12:30:00,C,2
"""
FILES = {
    "stops.txt": STOPS,
    "routes.txt": ROUTES,
    "calendar.txt": CALENDAR,
    "calendar_dates.txt": CALENDAR_DATES,
    "trips.txt": TRIPS,
    "stop_times.txt": STOP_TIMES,
}


def write_zip(folder: Path, name: str = "feed.zip", **changed: str | None) -> Path:
    """Write the feed as a zip; ``stops_txt=...`` replaces a file, None leaves it out, ``inside`` is a subfolder."""
    inside = changed.pop("inside", None)
    files = FILES | {key.replace("_txt", ".txt"): text for key, text in changed.items()}
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            if text is not None:
                archive.writestr(f"{inside}/{file}" if inside else file, text)
    return path


def write_folder(folder: Path) -> Path:
    """Write the feed as a folder of files."""
    path = folder / "feed"
    path.mkdir()
    for file, text in FILES.items():
        (path / file).write_text(text, encoding="utf-8")
    return path
