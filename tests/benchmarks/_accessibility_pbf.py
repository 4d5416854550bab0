"""Peak memory of reading a town's pbf with ever more buildings: streets, amenities and stops, each in its own process.

python -m tests.benchmarks._accessibility_pbf make TARGET TIMES     # Kampen, its buildings written TIMES more
python -m tests.benchmarks._accessibility_pbf read FILE streets     # or amenities, or stops
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import osmium

from flexsites.inputs.osm.amenities import amenities_from_pbf, stops_from_pbf
from flexsites.inputs.osm.streets_pbf import read_pbf_streets
from tests.conftest import real_data
from tests.unit.accessibility.places import categories, rules

_FIRST_ID = 20_000_000_000


def make(target: Path, times: int) -> None:
    """Write the town with copies of its buildings, each copy with nodes of its own and a name."""
    source = str(real_data("kampen/kampen.osm.pbf"))
    buildings = [
        [node.ref for node in way.nodes]
        for way in osmium.FileProcessor(source, osmium.osm.WAY)
        if "building" in way.tags
    ]
    needed = {ref for refs in buildings for ref in refs}
    nodes = {n.id: (n.lon, n.lat) for n in osmium.FileProcessor(source, osmium.osm.NODE) if n.id in needed}
    number = {ref: i for i, ref in enumerate(sorted(nodes))}
    tags = {"building": "yes", "name": "Huis"}
    with osmium.SimpleWriter(str(target), header=osmium.io.Reader(source).header(), overwrite=True) as writer:
        for node in osmium.FileProcessor(source, osmium.osm.NODE):
            writer.add(node)
        for copy in range(times):
            for ref, i in number.items():
                own = _FIRST_ID + copy * len(number) + i
                writer.add_node(osmium.osm.mutable.Node(id=own, location=nodes[ref]))
        for way in osmium.FileProcessor(source, osmium.osm.WAY):
            writer.add(way)
        for i in range(times * len(buildings)):
            copy, which = divmod(i, len(buildings))
            refs = [_FIRST_ID + copy * len(number) + number[ref] for ref in buildings[which] if ref in number]
            writer.add_way(osmium.osm.mutable.Way(id=_FIRST_ID + i, nodes=refs, tags=tags))
        for relation in osmium.FileProcessor(source, osmium.osm.RELATION):
            writer.add(relation)


def read(path: Path, what: str) -> None:
    """Read one kind of thing and tell how many, how long, and the peak before and after."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    began = time.process_time()
    if what == "streets":
        n = read_pbf_streets(path, rules=rules()).graph.n_edges
    elif what == "amenities":
        n = len(amenities_from_pbf(path, categories=categories(), walkable=np.array([], dtype=object))[0])
    else:
        n = len(stops_from_pbf(path, categories=categories())[0])
    told = {"file": path.name, "what": what, "n": n, "cpu_s": round(time.process_time() - began, 1)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps(told | {"before_mib": before, "peak_mib": peak}) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        read(Path(sys.argv[2]), sys.argv[3])
