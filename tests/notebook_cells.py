"""The cells of the documentation's notebooks, executed as a notebook executes them, without Jupyter.

``python -m tests.notebook_cells DIRECTORY`` executes both in a directory below which `flexsites run demo` wrote its
results, and writes what they gave into them.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from flexsites.docs.notebook import NOTEBOOKS


def read(name: str) -> dict[str, Any]:
    """Return a notebook."""
    found: dict[str, Any] = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    return found


def execute(notebook: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Return the notebook with what its code gives in a directory; a cell that fails raises."""
    names: dict[str, Any] = {}
    cells = []
    with contextlib.chdir(directory):
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                number = sum(one["cell_type"] == "code" for one in cells) + 1
                outputs = _outputs("".join(cell["source"]), names, number)
                cells.append(cell | {"execution_count": number, "outputs": outputs})
            else:
                cells.append(cell)
    return notebook | {"cells": cells}


def _outputs(source: str, names: dict[str, Any], number: int) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)  # noqa: S102 - our own notebooks
        shown = None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if shown is not None:
        kinds = {"text/plain": repr(shown)}
        if hasattr(shown, "to_frame") or hasattr(shown, "to_html"):
            kinds["text/html"] = shown._repr_html_()
        told = {kind: text.splitlines(keepends=True) for kind, text in kinds.items()}
        outputs.append({"output_type": "execute_result", "execution_count": number, "data": told, "metadata": {}})
    return outputs


if __name__ == "__main__":
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        told = json.dumps(execute(read(path.stem), Path(sys.argv[1])), indent=1, ensure_ascii=False)
        path.write_text(told + "\n", encoding="utf-8")
