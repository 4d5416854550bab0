"""How the command line speaks, and in which language: what ``--lang`` says, else ``FLEXSITES_LANG``, else English.

The variable is the language of reports as well where no ``--lang`` says one.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from flexsites.errors import Fault, FlexsitesError, InputError

_VARIABLE = "FLEXSITES_LANG"
_out = Console()
_asked: ContextVar[str | None] = ContextVar("asked", default=None)


class Lang(StrEnum):
    """The languages of reports and messages."""

    nl = "nl"
    en = "en"


def _speaks(context: typer.Context, parameter: typer.CallbackParam, lang: str | None) -> str | None:
    """Keep the language of a command's ``--lang`` for its messages, when it was given and is no default.

    A default is the language of what is written (reports are in Dutch), not of what the command says.
    """
    source = context.get_parameter_source(str(parameter.name))
    _asked.set(str(lang) if lang and source is not None and source.name == "COMMANDLINE" else None)
    return lang


def lang_option(told: str) -> Any:  # noqa: ANN401 - as Typer says it of its options
    """Return the option ``--lang``; given, it is the language of messages too."""
    return typer.Option("--lang", envvar=_VARIABLE, callback=_speaks, help=told)


MessageLang = Annotated[Lang | None, lang_option("Language of messages; left out: English.")]
"""For a command that writes nothing in a language."""


def forget() -> None:
    """Begin a command: nobody asked for a language yet."""
    _asked.set(None)


def language() -> str:
    """Return the language of messages."""
    lang = _asked.get() or os.environ.get(_VARIABLE, "")
    return lang if lang in set(Lang) else "en"


def said(text: str) -> str:
    """Return a message in the language of the command."""
    lang = language()
    if lang == "en":
        return text
    from flexsites.reporting.told import translated  # noqa: PLC0415 - loading it takes time that English does not need

    return translated(text, lang, of="faults")


def said_error(error: FlexsitesError) -> str:
    """Return what an error says, in the language of the command."""
    return error.told(said)


def say(text: str) -> None:
    """Print a text as it is: brackets are no markup, and control signs steer nothing."""
    _out.print(Text("".join(sign for sign in said(text) if sign.isprintable())), highlight=False, soft_wrap=True)


def write_templates(wanted: dict[Path, str]) -> None:
    """Write tables to start from; a file that is there is left alone, and told.

    Raises
    ------
    InputError
        If one is there already: then none is written.
    """
    from flexsites.tables.whole_files import write_whole  # noqa: PLC0415 - tables take time to load

    if there := [str(path) for path in wanted if path.exists()]:
        raise InputError([Fault("there is a file already", path, "give another name") for path in there])
    for path, text in wanted.items():
        write_whole(path, text.encode())
        say(f"Written: {path}")
