"""The import layers of pyproject.toml leave no module out."""

import ast
import tomllib
from pathlib import Path

import flexsites

PACKAGE = Path(flexsites.__file__).parent
STAGE_FOLDERS = ("exclusion", "accessibility", "capacity", "suitability")
TABLE_SIDE = ("pandas", "geopandas", "flexsites.tables", "flexsites.config", "flexsites.stages")


def kernels() -> set[str]:
    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return set(next(one["source_modules"] for one in contracts if one["name"].startswith("kernels")))


def imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return named | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


def test_a_module_of_a_stage_is_a_kernel_or_on_the_side_of_the_tables():
    listed = kernels()
    paths = [path for folder in STAGE_FOLDERS for path in (PACKAGE / folder).glob("*.py") if path.stem != "__init__"]
    names = {f"flexsites.{path.parent.name}.{path.stem}": path for path in paths}
    unplaced = [
        name
        for name, path in names.items()
        if name not in listed and not any(one.startswith(TABLE_SIDE) for one in imported_by(path))
    ]
    assert not unplaced, "list them as kernels in pyproject.toml"
    assert listed - set(names) == {"flexsites.geometry"}, "listed as a kernel, and not there"
