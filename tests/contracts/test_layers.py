"""What a module of a stage is shows in its folder: kernels know arrays, the others know tables or configuration."""

import ast
from pathlib import Path

import flexsites

PACKAGE = Path(flexsites.__file__).parent
STAGE_FOLDERS = ("exclusion", "accessibility", "capacity", "suitability", "exploitation")
TABLE_SIDE = ("pandas", "geopandas", "flexsites.tables", "flexsites.config")


def imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return named | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


def test_a_module_beside_the_kernels_is_on_the_side_of_the_tables():
    """Else it is a kernel, and belongs among them."""
    beside = [path for folder in STAGE_FOLDERS for path in (PACKAGE / folder).glob("*.py") if path.stem != "__init__"]
    unplaced = [path.name for path in beside if not any(one.startswith(TABLE_SIDE) for one in imported_by(path))]
    assert len(beside) > 20
    assert not unplaced


def test_the_house_stays_small():
    """At most 22 packages at the top two levels, and no module loose that belongs to one."""
    packages = [path.parent for path in PACKAGE.rglob("__init__.py") if len(path.relative_to(PACKAGE).parts) <= 2]
    assert len(packages) <= 22
    loose = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    alone = {"answer", "api", "arrays", "assess", "compiled", "digest", "errors", "held", "supply", "surroundings"}
    assert loose == alone
