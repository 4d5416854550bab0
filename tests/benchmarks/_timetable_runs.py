"""The timetable benchmark's searches alone in a process, in CPU and wall seconds.

    python -m tests.benchmarks._timetable_runs make EVENTS
    python -m tests.benchmarks._timetable_runs run EVENTS
    python -m tests.benchmarks._timetable_runs feed EVENTS
    python -m tests.benchmarks._timetable_runs read EVENTS

``make`` draws and saves a day of about so many stop events; ``run`` memory-maps it, as a worker does, and searches it.
``feed`` writes the same day as a GTFS zip; ``read`` reads that and counts the service of every stop.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable

from flexsites.accessibility.kernels.connection_scan import latest_departures
from flexsites.accessibility.kernels.timetable import Timetable
from flexsites.config.load import configs_directory, read_model
from flexsites.config.transit import Transit
from flexsites.inputs.transit.timetable import read_service
from flexsites.worlds.gtfs_zip import write_trips
from tests.benchmarks.timetable import (
    DAY_END_S,
    N_CENTRES,
    N_ORIGINS,
    N_SITES,
    backward,
    centres,
    opportunities,
    saved,
    window,
    world,
)

REPEATS = 7


def make(size: int) -> None:
    """Draw a day, save it, and tell what it holds."""
    began = time.process_time()
    *_, timetable, notes = world(size)
    timetable.save(saved(size))
    sys.stdout.write(json.dumps(notes | {"cpu_s": round(time.process_time() - began, 1)}) + "\n")


def seconds_of(search: Callable[[], object], repeats: int = REPEATS) -> dict[str, float]:
    """Run a search once to compile and touch what it needs, then take medians."""
    search()
    wall, cpu = [], []
    for _ in range(repeats):
        began, began_cpu = time.perf_counter(), time.process_time()
        search()
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    return {"wall_s": statistics.median(wall), "cpu_s": statistics.median(cpu), "least_wall_s": min(wall)}


def run(size: int) -> None:
    """Search: backward from all centres for all stops, over a window for sites, and summed opportunities."""
    opened: list[float] = []

    def whole() -> None:
        began = time.process_time()
        timetable = Timetable.open(saved(size))
        compiled, egress = timetable.compiled, centres(timetable)
        opened.append(time.process_time() - began)
        latest_departures(compiled, egress, DAY_END_S, 0)

    told: dict[str, object] = {"stop_events": size, "opened_and_searched": seconds_of(whole)}
    timetable = Timetable.open(saved(size))
    told["opening_cpu_s"] = statistics.median(opened)
    told[f"backward from {N_CENTRES} centres, whole day, all stops"] = seconds_of(lambda: backward(timetable))
    told["peak_mib_of_backward"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told[f"median and 80th percentile 7-9 h, {N_SITES} sites"] = seconds_of(lambda: window(timetable), 3)
    told[f"opportunities, {N_ORIGINS} sites"] = seconds_of(lambda: opportunities(timetable), 3)
    sys.stdout.write(json.dumps(told) + "\n")


def feed(size: int) -> None:
    """Write the day as a GTFS zip of four weeks."""
    stops, trips, *_ = world(size)
    period = {"start_date": dt.date(2026, 1, 5), "end_date": dt.date(2026, 2, 1)}
    write_trips(saved(size).with_suffix(".zip"), stops, trips, version="synthetic", **period)


def read(size: int) -> None:
    """Read the zip and count departures, lines, directions and hubs."""
    transit = read_model(configs_directory() / "transit.yaml", Transit)
    began, began_cpu = time.perf_counter(), time.process_time()
    service = read_service(saved(size).with_suffix(".zip"), transit=transit)
    told = {"wall_s": time.perf_counter() - began, "cpu_s": time.process_time() - began_cpu}
    told |= {"stops": len(service.stops), "stop_events": len(service.trips.stop)}
    sys.stdout.write(json.dumps(told | {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}) + "\n")


if __name__ == "__main__":
    {"make": make, "run": run, "feed": feed, "read": read}[sys.argv[1]](int(sys.argv[2]))
