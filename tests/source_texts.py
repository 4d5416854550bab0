"""What texts an expression in the source may be: literals, and f-strings of which a run fills in the placeholders.

Simple indirections are followed: a name that was given a text in the same function or module, both sides of a
condition, a table of texts, a list that is joined, and a function of the same module that returns a text.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_DEEPEST = 6
_MOST = 16
"""Texts that one f-string may be, by the conditions in it."""
_FEW = 4
_COUNTED = "counted"
"""The function that returns a number with what it counts: a text for one, and one for more."""
_SAME_TEXT = ("removeprefix", "removesuffix", "rstrip", "strip")


@dataclass(frozen=True, slots=True)
class Text:
    """The parts of a text, and the names of the placeholders between them."""

    literals: tuple[str, ...]
    names: tuple[str, ...] = ()

    def __add__(self, other: Text) -> Text:
        joined = (*self.literals[:-1], self.literals[-1] + other.literals[0], *other.literals[1:])
        return Text(joined, self.names + other.names)

    def __str__(self) -> str:
        """The text as a catalogue writes it."""
        others = zip(self.names, self.literals[1:], strict=True)
        return self.literals[0] + "".join(f"{{{name}}}{literal}" for name, literal in others)


NOTHING = Text(("",))


@dataclass
class Module:
    """One file of source, with the functions in it and which of them every node lies in."""

    path: Path
    tree: ast.Module
    functions: dict[str, list[ast.FunctionDef]] = field(default_factory=dict)
    owner: dict[ast.AST, ast.FunctionDef | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._enter(self.tree, None)

    def _enter(self, node: ast.AST, inside: ast.FunctionDef | None) -> None:
        for child in ast.iter_child_nodes(node):
            self.owner[child] = inside
            if isinstance(child, ast.FunctionDef):
                self.functions.setdefault(child.name, []).append(child)
            self._enter(child, child if isinstance(child, ast.FunctionDef) else inside)

    def given(self, name: str, inside: ast.FunctionDef | None) -> list[ast.expr]:
        """Return what a name is given in a function, or else in the module."""
        around = list(ast.iter_child_nodes(self.tree))
        found = list(_given(name, list(ast.walk(inside)), around)) if inside is not None else []
        return found or list(_given(name, around, around))


class Reader(ast.NodeVisitor):
    """Reads the texts that an expression of a module may be; what is no text is one placeholder."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.inner: list[Text] = []
        """Texts that stand in a placeholder of another: each is a text of its own."""
        self._depth = 0

    def visit(self, node: ast.AST) -> list[Text]:
        """Return the texts of a node."""
        if self._depth > _DEEPEST and not isinstance(node, ast.Constant):
            return self.generic_visit(node)
        self._depth += 1
        try:
            return list(super().visit(node)) or self.generic_visit(node)
        finally:
            self._depth -= 1

    def generic_visit(self, node: ast.AST) -> list[Text]:
        """Return a placeholder, named after the expression."""
        return [Text(("", ""), (placeholder(node),))]

    def visit_Constant(self, node: ast.Constant) -> list[Text]:
        return [Text((node.value,))] if isinstance(node.value, str) else []

    def visit_IfExp(self, node: ast.IfExp) -> list[Text]:
        return self.visit(node.body) + self.visit(node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> list[Text]:
        return [text for value in node.values for text in self.visit(value)]

    def visit_BinOp(self, node: ast.BinOp) -> list[Text]:
        if not isinstance(node.op, ast.Add):
            return []
        return [left + right for left in self.visit(node.left) for right in self.visit(node.right)][:_MOST]

    def visit_Name(self, node: ast.Name) -> list[Text]:
        values = self.module.given(node.id, self.module.owner.get(node))
        return [text for value in values for text in self.visit(value)]

    def visit_Dict(self, node: ast.Dict) -> list[Text]:
        return [text for value in node.values for text in self.visit(value)]

    def visit_List(self, _: ast.List) -> list[Text]:
        return []

    def visit_Subscript(self, node: ast.Subscript) -> list[Text]:
        return self._in_table(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> list[Text]:
        found = [NOTHING]
        for part in node.values:
            found = [left + right for left, right in itertools.product(found, self._part(part))][:_MOST]
        return found

    def _part(self, part: ast.expr) -> list[Text]:
        if not isinstance(part, ast.FormattedValue):
            return self.visit(part)
        texts = self.visit(part.value)
        is_counted = isinstance(part.value, ast.Call) and called(part.value.func) == _COUNTED
        if isinstance(part.value, ast.IfExp) or is_counted or (NOTHING in texts and len(texts) <= _FEW):
            return texts  # what may be left out changes the sentence
        self.inner += texts
        return self.generic_visit(part.value)

    def visit_Call(self, node: ast.Call) -> list[Text]:
        name = called(node.func)
        if name == _COUNTED:
            n, *words = node.args
            return [Text(("", " "), (placeholder(n),)) + text for word in words for text in self.visit(word)]
        if name == "join" and node.args:
            self.inner += [text for item in self._items(node.args[0]) for text in self.visit(item)]
            return []
        if isinstance(node.func, ast.Attribute) and name in _SAME_TEXT:
            return self.visit(node.func.value)
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and name == "get":
            return self._in_table(node.func.value) + [text for one in node.args[1:] for text in self.visit(one)]
        functions = self.module.functions.get(name or "", ())
        return [text for function in functions for value in returned(function) for text in self.visit(value)]

    def _in_table(self, table: ast.expr) -> list[Text]:
        if not isinstance(table, ast.Name):
            return []
        values = self.module.given(table.id, self.module.owner.get(table))
        return [text for value in values if isinstance(value, ast.Dict) for text in self.visit(value)]

    def _items(self, value: ast.expr) -> list[ast.expr]:
        """Return what a list holds, or one that is made on the spot, or that a name is given."""
        if isinstance(value, ast.List | ast.Tuple):
            return value.elts
        if isinstance(value, ast.IfExp):
            return self._items(value.body) + self._items(value.orelse)
        if isinstance(value, ast.GeneratorExp | ast.ListComp):
            return [value.elt]
        if isinstance(value, ast.Name):
            given = self.module.given(value.id, self.module.owner.get(value))
            return [item for one in given if not isinstance(one, ast.Name) for item in self._items(one)]
        return []


def called(node: ast.expr) -> str | None:
    """Return the last name of what is called: `Fault`, `append`."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Return what a function returns; of several values each."""
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield from node.value.elts if isinstance(node.value, ast.Tuple) else (node.value,)


def placeholder(node: ast.AST) -> str:
    """Return a name for what stands in a text, after the expression that gives it.

    Examples
    --------
    >>> [placeholder(ast.parse(one).body[0].value) for one in ("len(rows)", "self.path.name", "', '.join(names)")]
    ['n_rows', 'path_name', 'names']
    """
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[one, *_]):
            name = f"n_{placeholder(one)}"
        case ast.Name(id=found):
            name = found
        case ast.Attribute(value=ast.Name(id="self" | "one"), attr=found):
            name = found
        case ast.Attribute(value=value, attr=found):
            name = f"{placeholder(value)}_{found}"
        case ast.Call(func=ast.Name(id="map" | "getattr"), args=[_, one, *_]):
            name = placeholder(one)
        case ast.Call(args=[one, *_]) | ast.Call(func=ast.Attribute(value=one)):
            name = placeholder(one)
        case ast.Subscript(value=one) | ast.BoolOp(values=[one, *_]) | ast.IfExp(body=one) | ast.BinOp(left=one):
            name = placeholder(one)
        case _:
            name = "what"
    return name.strip("_").lower()


def _given(name: str, nodes: list[ast.AST], around: list[ast.AST]) -> Iterator[ast.expr]:
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _paired(name, target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                yield from _paired(name, target, value)
            case ast.AugAssign(target=target, value=value):
                yield from _paired(name, target, value)
            case ast.For(target=target, iter=over) | ast.comprehension(target=target, iter=over):
                for value in _each(over, [*nodes, *around]):
                    yield from _paired(name, target, value)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="append"), args=args) if found == name:
                yield ast.List(args)


def _paired(name: str, target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    """Return what a name is given where a target is given a value; of several together the one in its place."""
    match target, value:
        case ast.Name(id=found), _ if found == name:
            yield value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, its in zip(targets, values, strict=True):
                yield from _paired(name, one, its)
        case ast.Tuple(), ast.IfExp(body=body, orelse=orelse):
            yield from _paired(name, target, body)
            yield from _paired(name, target, orelse)


def _each(over: ast.expr, nodes: list[ast.AST]) -> Iterator[ast.expr]:
    """Return what a loop goes over: a list that is written out, or the rows of a table that is."""
    match over:
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            yield from elements
        case ast.Name(id=name):
            for node in nodes:
                match node:
                    case ast.Assign(targets=[ast.Name(id=found)], value=ast.Tuple() | ast.List() as value):
                        yield from value.elts if found == name else ()
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="items")):
            for node in nodes:
                match node:
                    case ast.Assign(targets=[ast.Name(id=found)], value=ast.Dict() as value) if found == name:
                        yield from _rows(value)
                    case ast.AnnAssign(target=ast.Name(id=found), value=ast.Dict() as value) if found == name:
                        yield from _rows(value)


def _rows(table: ast.Dict) -> Iterator[ast.expr]:
    for key, value in zip(table.keys, table.values, strict=True):
        if key is not None:
            yield ast.Tuple([key, value])
