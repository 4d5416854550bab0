"""Every stage can be called on one's own frames, and its docstring shows how: copied as it stands, the example runs.

The examples themselves are run with all other doctests, where they stand.
"""

from __future__ import annotations

import ast
import builtins
import doctest
from collections.abc import Iterator

import pytest

from tests.conftest import PROJECT

WITHOUT: dict[str, str] = {}
"""The stages that no short example can show, and why."""


def _is_stage(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "stage"


def _stages() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in sorted((PROJECT / "flexsites").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(map(_is_stage, node.decorator_list)):
                yield f"{'.'.join(path.relative_to(PROJECT).with_suffix('').parts)}:{node.name}", node


STAGES = dict(_stages())


def _example_of(node: ast.FunctionDef) -> ast.Module:
    examples = doctest.DocTestParser().get_examples(ast.get_docstring(node) or "")
    return ast.parse("".join(one.source for one in examples))


def _names(tree: ast.Module, context: type[ast.expr_context]) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def _imported(tree: ast.Module) -> set[str]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {name.asname or name.name for node in imports for name in node.names}


def test_there_are_stages_and_what_has_no_example_is_one() -> None:
    assert len(STAGES) > 40
    assert set(WITHOUT) <= set(STAGES)


@pytest.mark.parametrize("stage", [one for one in STAGES if one not in WITHOUT])
def test_a_stage_has_an_example_that_calls_it_and_imports_all_that_it_needs(stage: str) -> None:
    tree, name = _example_of(STAGES[stage]), stage.partition(":")[2]
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert name in calls, f"{stage}: give its docstring an example that calls it, see flexsites/worlds/plain.py"
    lacks = _names(tree, ast.Load) - _names(tree, ast.Store) - _imported(tree) - set(dir(builtins))
    assert not lacks, f"{stage}: the example uses what it does not import or make"
    assert name in _imported(tree)
