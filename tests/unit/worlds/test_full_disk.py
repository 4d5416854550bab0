"""A disk that fills up while the map of an invented place is written ends in words, not in an abort of the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import resource, sys
from pathlib import Path
import shapely
from flexsites.worlds.openstreetmap import OsmContent, write_pbf
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
content = OsmContent(bounds=(150_000, 450_000, 160_000, 460_000))
places = [shapely.Point(150_000 + 17 * i % 9_973, 450_000 + i % 9_967) for i in range(60_000)]
content.points = [(place, {"name": str(i * i)}) for i, place in enumerate(places)]
content.lines = [(shapely.LineString([(150_000, 450_000), (151_000, 450_000)]), {"highway": "path"})]
try:
    write_pbf(Path(sys.argv[1]), content)
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_full_disk_is_told_in_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "full.osm.pbf")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "RunError" in ended.stdout
    assert "make room" in ended.stdout
