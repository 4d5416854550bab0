"""Tell what extras of the package ask for, a requirement a line: ``python .ci/extras.py NAME...``."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
asked = [one for name in sys.argv[1:] for one in project["optional-dependencies"][name]]
sys.stdout.write("\n".join(asked) + "\n")
