"""The documentation builds without a fault, leads nowhere wrong, and tells every table, column, key and command."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
import yaml
from pydantic import TypeAdapter

from flexsites import tables
from flexsites.cli.app import app
from flexsites.config.rules import Rule
from flexsites.config.schemas import MODELS
from flexsites.config.suitability import TargetGroup
from flexsites.docs.checks import faults_of
from flexsites.docs.page import Page
from flexsites.docs.rendering import render
from flexsites.docs.site import PAGES
from flexsites.tables import Table
from tests.conftest import PROJECT
from tests.pipelines.small_run import told_by

WRITTEN = {path.stem: path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.md"))}


class Reader(HTMLParser):
    """The ids and links of a page, and what it would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.add(str(value))
            elif name == "href" and tag == "a":
                self.links.append(str(value))
            elif name in ("src", "href"):
                self.fetched.append(str(value))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def told(home: Path) -> str:
    """What `flexsites docs --path` tells, of a user without a cache as yet; building the pages raises on any fault."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
            patch.setenv(name, str(home))
        return told_by("docs", "--path")


@pytest.fixture(scope="module")
def folder(told: str) -> Path:
    """The pages as they are opened."""
    return Path(told.strip()).parent


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, Reader]:
    return {path.name: Reader(path.read_text(encoding="utf-8")) for path in folder.glob("*.html")}


def test_every_page_is_written_and_can_be_reached_from_the_first(pages: dict[str, Reader]) -> None:
    assert {f"{name}.html" for name in WRITTEN} <= set(pages)
    assert {link.partition("#")[0] for link in pages["index.html"].links} >= set(pages)


def test_every_link_leads_to_a_page_and_a_place_on_it(pages: dict[str, Reader]) -> None:
    broken = []
    for name, page in pages.items():
        for link in page.links:
            if link.startswith(("http://", "https://")):
                continue
            target, _, anchor = link.partition("#")
            there = pages.get(target or name)
            if there is None or (anchor and anchor not in there.ids):
                broken.append(f"{name}: {link}")
    assert sum(len(page.links) for page in pages.values()) > 1000
    assert not broken


def test_pages_need_no_internet(folder: Path, pages: dict[str, Reader]) -> None:
    fetched = {one for page in pages.values() for one in page.fetched}
    assert fetched
    assert not [one for one in fetched if not (folder / one).is_file()], "pictures come with the pages, or not at all"
    assert not [path.name for path in folder.glob("*.html") if "<script" in path.read_text(encoding="utf-8")]


def _tables() -> Iterator[Table]:
    for info in pkgutil.iter_modules(tables.__path__):
        module = importlib.import_module(f"{tables.__name__}.{info.name}")
        yield from (one for one in vars(module).values() if isinstance(one, Table))


def test_every_column_of_every_table_is_told(pages: dict[str, Reader]) -> None:
    told = set().union(*(page.ids for page in pages.values()))
    asked = {f"{one.name.lower()}.{column}" for one in _tables() for column in one.columns}
    assert len(asked) > 400
    assert asked <= told


def test_every_key_of_the_configuration_is_told(pages: dict[str, Reader]) -> None:
    told = set().union(*(page.ids for page in pages.values()))
    asked = set()
    for model in MODELS.values():
        schema = model.model_json_schema()
        for name, part in {model.__name__: schema, **schema.get("$defs", {})}.items():
            asked |= {f"{name.lower()}.{key}" for key in part.get("properties", {})}
    assert len(asked) > 300
    assert asked <= told


def _commands(group: object, above: str = "") -> Iterator[tuple[str, list[str]]]:
    """Give every command as the command line has it, with its options."""
    for name, one in group.commands.items():  # type: ignore[attr-defined]
        if hasattr(one, "commands"):
            yield from _commands(one, f"{above}{name} ")
        else:
            yield f"{above}{name}", [opt for parameter in one.params for opt in parameter.opts if opt.startswith("-")]


def test_every_command_and_option_is_told(folder: Path) -> None:
    text = (folder / "commands.html").read_text(encoding="utf-8")
    commands = dict(_commands(typer.main.get_command(app)))
    assert {"run", "docs"} <= set(commands)
    for name, options in commands.items():
        anchor = f'id="flexsites-{name.replace(" ", "-")}"'
        assert anchor in text
        part = text.split(anchor)[1].split("<h2")[0]
        assert [one for one in options if f"<code>{one}</code>" not in part] == []


def test_every_function_that_a_page_names_can_be_imported() -> None:
    named = {one for text in WRITTEN.values() for one in re.findall(r"`((?:flexsites|pipelines)[\w.]*:[\w.]+)`", text)}
    assert len(named) > 80
    for one in sorted(named):
        module, _, name = one.partition(":")
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)


def test_every_section_of_the_method_that_the_source_names_is_there() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (PROJECT / "flexsites").rglob("*.py")]
    named = {int(one) for text in sources for one in re.findall(r"METHOD (\d+)", text)}
    sections = {int(one) for one in re.findall(r"^## (\d+)\. ", WRITTEN["method"], flags=re.MULTILINE)}
    assert len(named) > 3
    assert named <= sections


def test_the_glossary_has_the_words_of_verdicts_and_failed_tests_as_reports_say_them() -> None:
    folder = PROJECT / "flexsites/reporting/labels"
    nl, en = (yaml.safe_load((folder / f"{one}.yaml").read_text(encoding="utf-8"))["names"] for one in ("nl", "en"))
    rows = [line.strip("| ").split(" | ") for line in WRITTEN["glossary"].splitlines() if line.startswith("| ")][1:]
    told = {(dutch, english) for row in rows for dutch in row[0].split(", ") for english in row[1].split(", ")}
    kinds = ("verdict", "failed_test")
    assert {(nl[kind][code], en[kind][code]) for kind in kinds for code in nl[kind]} <= told
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), key=str.lower)


def _examples(kind: str) -> list[object]:
    blocks = re.findall(rf"^```yaml {kind}\n(.*?)^```", WRITTEN["add"], flags=re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(block) for block in blocks]


def test_the_examples_of_how_to_add_something_are_read_as_they_stand() -> None:
    rules, groups = _examples("rule"), _examples("target_group")
    assert rules
    assert groups
    for rule in rules:
        TypeAdapter(Rule).validate_python(rule)
    for group in groups:
        TargetGroup.model_validate(group)
    assert re.findall(r"^```yaml(?! rule| target_group).*$", WRITTEN["add"], flags=re.MULTILINE) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("see [there](nowhere.md)", "the link nowhere.md leads nowhere"),
        ("see [there](#no-heading)", "the link #no-heading leads nowhere"),
        ("see [there](other.md#no-row)", "the link other.md#no-row leads nowhere"),
        ("see [there](other.html)", "the link other.html leads nowhere"),
        ("in `flexsites.exclusion.pieces:leave_peaces`", "there is no flexsites.exclusion.pieces:leave_peaces"),
        ("in `flexsites.no_module:name`", "there is no flexsites.no_module:name"),
        ("in `configs/rules/exclusion/pbl_1920.yaml`", "there is no configs/rules/exclusion/pbl_1920.yaml"),
        ("type `flexsites shorten`", "there is no command 'flexsites shorten'"),
        ("## Twice\n\n## Twice", "the anchor twice is there 2 times"),
        ("| a | b |\n|---|---|\n| `x` | |", "a cell of a table without a word"),
    ],
)
def test_what_would_mislead_a_reader_is_a_fault(text: str, what: str) -> None:
    rendered = [render(Page("page", "Page", "", text)), render(Page("other", "Other", "", "# Other\n\n## Heading"))]
    assert [fault.what for fault in faults_of(rendered, ["run"])] == [what]


def test_what_is_there_is_no_fault() -> None:
    text = "# A page\n\n[up](#a-page), [row](other.md#heading.x), `flexsites.errors:Fault`, `configs/`, `flexsites run`"
    other = "## Heading\n\n| key | what |\n|---|---|\n| `x` | a word |"
    assert faults_of([render(Page("page", "", "", text)), render(Page("other", "", "", other))], ["run"]) == []


def test_flexsites_docs_prints_where_the_first_page_is(told: str, home: Path) -> None:
    first = Path(told.strip())
    assert first.is_relative_to(home)
    assert "flexsites" in first.read_text(encoding="utf-8")
    assert len(list(first.parent.glob("*.html"))) > 15
