"""Every text that the package says to people when something is wrong or worth knowing, read from its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import flexsites
from tests.source_texts import Module, Reader, Text, called, returned

PACKAGE = Path(flexsites.__file__).parent
_ROOTS = (PACKAGE, PACKAGE.parent / "pipelines")
_SAYS = {"Fault": ("what", "where", "remedy"), "Wrong": ("rows", "column", "remedy")}
"""Classes that hold what is said, with their fields in order: a reader of lists says what it finds wrong elsewhere."""
SET_APART = "set apart"
"""As what it is said why rows of a source are set apart, which the warnings of a run tell."""
_AS_WHAT = ("what", "where", "remedy")
_SAYING = {"_say", "say", "said", "_leave"}
_NOTING = {"notes", "warnings", "doubts"}
_NOTES = {"notes", "_notes", "_place_notes", "told", "_extent"}
"""Functions of readers that return notes on what they read."""
_TELLING = {
    "cli/start.py": {"_why_unwanted"},
    "config/base.py": {"_wrong"},
    "config/dwellings.py": {"programme_faults"},
    "config/load.py": {"_told"},
    "config/places.py": {"number_unit_faults"},
    "config/unchecked.py": {"uncovered", "checked", "unread"},
    "config/unreached.py": {"unreached"},
    "inputs/fetch/door_overpass.py": {"size_of_overpass"},
    "inputs/fetch/door_tiles.py": {"size_of_tiles"},
    "inputs/fetch/plan.py": {"_of_many", "_size", "_through", "_said", "_bytes_at", "_unreached"},
    "inputs/formats/kinds.py": {"remedy_of_nothing"},
    "inputs/osm/margins.py": {"short_margins"},
    "runs/make_ready.py": {"_far"},
    "runs/added.py": {"_differing", "_not_answered"},
}
"""Functions that return what others say."""
_CONSTANTS = {
    "config/load.py": {"_WRONG_YAML", "_TOLD", "_NO_LIST", "_NO_KEYS"},
    "config/unreached.py": {"_NOT_GIVEN"},
    "inputs/rows/numbers.py": {"OF_A_MAPPING"},
    "inputs/rows/options.py": {"_STATES_NOTHING", "_OF_REGISTER", "_MAKES_NOTHING", "_HAS_KEY"},
    "inputs/rows/validity.py": {"_REMEDIES", "_OTHER_KIND", "_SET_APART"},
}
"""Constants of which every text is said by others."""
_BY_OTHERS = {"_WRONG_YAML", "_TOLD", "_NOT_GIVEN"}
"""Constants of which only the values are said: the keys are what others say."""
_OTHER_ERRORS = {"_WrongError", "ClosedError", "NotInPartsError", "_TooLargeError", "_CutOffError"}
"""Errors of which the text becomes part of a fault."""
_WORDS = re.compile(r"[A-Za-z]{2,} [a-z]{2,}| [a-z]{3,} |[a-z]{3,}: $|^[a-z]{2,} $")


@dataclass(frozen=True, slots=True)
class Said:
    """One text, as what it is said (`what`, `remedy`, `noted`...), and the first place where it is."""

    text: Text
    kind: str
    place: str


@cache
def all_said() -> tuple[Said, ...]:
    """Return every text once, in the order of the files."""
    found: dict[tuple[str, ...], Said] = {}
    for root in _ROOTS:
        for path in sorted(root.rglob("*.py")):
            module = Module(path, ast.parse(path.read_text(encoding="utf-8")))
            for kind, expression in _expressions(module, path.relative_to(root).as_posix()):
                reader = Reader(module)
                place = f"{path.relative_to(PACKAGE.parent)}:{expression.lineno}"
                said = [Said(text, kind, place) for text in reader.visit(expression)]
                said += [Said(text, kind if kind == SET_APART else "inner", place) for text in reader.inner]
                for one in said:
                    if _is_for_people(one) and (kind == SET_APART or one.text.literals not in found):
                        found[one.text.literals] = one
    return tuple(found.values())


def _is_for_people(said: Said) -> bool:
    """Return whether a text is words, and not the bare name of a thing, which stays as it is."""
    told = "".join(said.text.literals)
    if said.kind in ("where", "inner"):
        return _WORDS.search(told) is not None
    return re.search(r"[A-Za-z]{2,}", told) is not None


def _expressions(module: Module, name: str) -> Iterator[tuple[str, ast.expr]]:
    """Return every expression of a module that is said, with what it is."""
    passing = _passing(module)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield from _arguments(node, module, passing)
        elif isinstance(node, ast.Assign | ast.AugAssign) and name.startswith("inputs/"):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(called(one) in _NOTING for one in targets):
                yield from (("noted", one) for one in _each_of(node.value))
            elif _is_reason(targets) and not name.startswith("inputs/stock/"):  # a table tells those, in its words
                yield SET_APART, node.value
    for function in sorted(_NOTES & set(module.functions)) if name.startswith("inputs/") else ():
        yield from (("noted", each) for one in _told_by(module.functions[function][0]) for each in _each_of(one))
    for function in sorted(_TELLING.get(name, ())):
        yield from (("inner", one) for one in _told_by(module.functions[function][0]))
    for constant in sorted(_CONSTANTS.get(name, ())):
        for value in module.given(constant, None):
            said = value.values if isinstance(value, ast.Dict) and constant in _BY_OTHERS else [value]
            yield from (("inner", one) for each in said for one in ast.walk(each) if isinstance(one, ast.Constant))


def _is_reason(targets: list[ast.expr]) -> bool:
    return any(called(one.value) == "reason" for one in targets if isinstance(one, ast.Subscript))


def _each_of(value: ast.expr) -> list[ast.expr]:
    """Return what is in a list or tuple of texts, or in one that is made on the spot; else the text itself."""
    match value:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [each for one in elements for each in _each_of(one)]
        case ast.ListComp(elt=one) | ast.GeneratorExp(elt=one) | ast.Starred(value=one):
            return _each_of(one)
        case ast.IfExp(body=body, orelse=orelse):
            return _each_of(body) + _each_of(orelse)
        case ast.Call(func=ast.Name(id="tuple" | "list"), args=[one]):
            return _each_of(one)
        case ast.BinOp(left=left, right=right, op=ast.Add()):
            return _each_of(left) + _each_of(right)
        case _:
            return [value]


def _told_by(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Return what a function that tells returns, yields or gathers."""
    yield from returned(function)
    for node in ast.walk(function):
        match node:
            case ast.Yield(value=ast.expr() as value) | ast.ListComp(elt=value):
                yield value
            case ast.Call(func=ast.Attribute(attr="append"), args=args):
                yield from args


def _arguments(node: ast.Call, module: Module, passing: dict[tuple[str, str], str]) -> Iterator[tuple[str, ast.expr]]:
    """Return the arguments of a call that are said."""
    name = called(node.func)
    given = {one.arg: one.value for one in node.keywords if one.arg}
    if "notes" in given and any(module.path.is_relative_to(PACKAGE / one) for one in ("inputs", "runs")):
        yield from (("noted", one) for one in _each_of(given["notes"]))
    if name == "StreetReading":
        yield from (("noted", one) for each in node.args[1:] for one in _each_of(each))
    if name in _SAYS:
        given |= dict(zip(_SAYS[name], node.args, strict=False))
        yield from ((kind, given[kind]) for kind in _AS_WHAT if kind in given)
    elif node.args:
        match node.func:
            case ast.Name(id=found) if found in _SAYING - ({"said"} & set(module.functions)):
                yield "said", node.args[0]
            case ast.Attribute(attr="print"):
                yield "said", node.args[0]
            case ast.Attribute(attr="append", value=of) if called(of) in _NOTING:
                yield "noted", node.args[0]
            case ast.Name(id=found) if found in _errors() | _OTHER_ERRORS or _is_of_config(found, module):
                yield "raised", node.args[0]
    yield from _passed_on(node, given, module, passing)


def _passed_on(
    node: ast.Call, given: dict[str, ast.expr], module: Module, passing: dict[tuple[str, str], str]
) -> Iterator[tuple[str, ast.expr]]:
    """Return what a call gives to a function of the module that says it."""
    name = called(node.func)
    for (function, parameter), kind in passing.items():
        for one in module.functions.get(function, ()) if function == name else ():
            passed = dict(zip(_parameters(one), node.args, strict=False)) | given
            if parameter in passed:
                yield kind, passed[parameter]


def _passing(module: Module) -> dict[tuple[str, str], str]:
    """Return, by function and parameter, as what a function of a module says what it is given."""
    found: dict[tuple[str, str], str] = {}
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    while True:
        before = dict(found)
        for node in calls:
            if (inside := module.owner.get(node)) is not None:
                for kind, said in _arguments(node, module, before):
                    for parameter, as_what in _parameters_in(said, kind):
                        if parameter in _parameters(inside):
                            found.setdefault((inside.name, parameter), as_what)
        if found == before:
            return found


def _parameters_in(said: ast.expr, kind: str) -> Iterator[tuple[str, str]]:
    """Return the names that are said as they are, or stand in a text."""
    if isinstance(said, ast.Name):
        yield said.id, kind
    for part in said.values if isinstance(said, ast.JoinedStr) else ():
        if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
            yield part.value.id, "inner"


def _parameters(function: ast.FunctionDef) -> list[str]:
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return [one.arg for one in arguments if one.arg not in ("self", "cls")]


def _is_of_config(error: str, module: Module) -> bool:
    """Return whether an error is one that a model of the configuration raises for a value."""
    return error == "ValueError" and module.path.is_relative_to(PACKAGE / "config")


@cache
def _errors() -> frozenset[str]:
    tree = ast.parse((PACKAGE / "errors.py").read_text(encoding="utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name.endswith("Error"))
