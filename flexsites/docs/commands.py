"""The page of the command line: every command with its arguments and options, as its function says them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from flexsites.docs.page import NOTHING, Page, code, first_sentence, one_of, table

_TYPES: dict[object, str] = {str: "text", int: "whole number", float: "number", Path: "path"}


def command_page(app: typer.Typer) -> Page:
    """Return the page of all commands of an app."""
    parts = ["# Commands", "Every command tells what it takes with `--help`; `flexsites --version` prints the version."]
    for name, function in commands_of(app).items():
        parts += [f"## flexsites {name}", first_sentence(inspect.getdoc(function)), _parameters(function)]
    return Page("commands", "Commands", "Reference", "\n\n".join(part for part in parts if part) + "\n")


def commands_of(app: typer.Typer, above: str = "") -> dict[str, Callable[..., Any]]:
    """Return the function of each command of an app, by what is typed: `run`, and `config show` of a group."""
    functions = [(one.name, one.callback) for one in app.registered_commands if one.callback is not None]
    found = {f"{above}{name or function.__name__.replace('_', '-')}": function for name, function in functions}
    for group in app.registered_groups:
        if group.typer_instance is not None:
            found |= commands_of(group.typer_instance, f"{above}{group.name} ")
    return found


def _parameters(function: Callable[..., Any]) -> str:
    rows = list(_rows(function))
    return table(("argument or option", "value", "left out", "what it is"), rows) if rows else ""


def _rows(function: Callable[..., Any]) -> Iterator[tuple[str, ...]]:
    """Give a row for each parameter: its name, the type of its value, what it is that is left out, and its help."""
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        annotation, *infos = get_args(hints[name])
        info = next(one for one in infos if isinstance(one, ArgumentInfo | OptionInfo))
        is_required = parameter.default is inspect.Parameter.empty
        left_out = "required" if is_required else _default(parameter.default)
        yield ", ".join(map(code, _names(name, info))), _value(annotation), left_out, info.help or ""


def _names(name: str, info: ArgumentInfo | OptionInfo) -> list[str]:
    """Return what is typed for a parameter.

    Examples
    --------
    >>> _names("min_units", OptionInfo()), _names("n", OptionInfo(default="-n")), _names("site_id", ArgumentInfo())
    (['--min-units'], ['-n'], ['SITE_ID'])
    """
    if isinstance(info, ArgumentInfo):
        return [info.metavar or name.upper()]
    # Within Annotated the first name stands where a default would.
    given = [one for one in (info.default, *(info.param_decls or ())) if isinstance(one, str)]
    # `--this/--not-this` are two options of one parameter.
    return [part for one in given for part in one.split("/")] or [f"--{name.replace('_', '-')}"]


def _value(annotation: Any) -> str:  # noqa: ANN401 - whatever a parameter is annotated with
    """Return the type of a value in words.

    Examples
    --------
    >>> _value(int | None), _value(list[str] | None), _value(bool)
    ('whole number', 'text, may be repeated', '–')
    """
    kinds = [one for one in get_args(annotation) if one is not type(None)]
    if getattr(annotation, "__origin__", None) is list:
        return f"{_value(kinds[0])}, may be repeated"
    if kinds:
        return _value(kinds[0])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return one_of(one.value for one in annotation)
    return _TYPES.get(annotation, NOTHING)


def _default(value: object) -> str:
    """Return what an option is that is left out.

    Examples
    --------
    >>> _default(False), _default(2), _default(None)
    ('–', '`2`', '–')
    """
    shown = value.value if isinstance(value, Enum) else value
    return NOTHING if shown is None or shown is False else code(shown)
