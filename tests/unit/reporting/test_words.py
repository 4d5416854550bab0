from __future__ import annotations

import json
import math
import re
import shutil
import string
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import flexsites.reporting
from flexsites.errors import ConfigError
from flexsites.reporting.names import names_in_content
from flexsites.reporting.words import LANGUAGES, Words, load_texts


def _leaves(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, item in node.items():
        assert isinstance(key, str), f"{path}{key!r} is not a text: quote it"
        if isinstance(item, Mapping):
            yield from _leaves(item, f"{path}{key}.")
        else:
            assert isinstance(item, str), f"{path}{key} is not a text"
            yield f"{path}{key}", item


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_languages_have_the_same_texts_with_the_same_placeholders() -> None:
    nl, en = (dict(_leaves(load_texts(lang))) for lang in LANGUAGES)
    assert set(nl) == set(en)
    assert {key for key in nl if _placeholders(nl[key]) != _placeholders(en[key])} == set()
    assert all(text.strip() for text in (*nl.values(), *en.values()))


def test_a_text_without_its_values_is_an_error_and_is_not_shown_with_its_placeholders() -> None:
    """Labels in QGIS and a click on a building told "{n} {n:home|homes}"."""
    with pytest.raises(KeyError, match="n"):
        Words("en").text("homes")


_COUNTED = re.compile(r"\{(\w+)\} (?:\w+ )?\{\1:[^|}]*\|([\w-]+)[^}]*\}")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_of_one_thing_no_text_tells_as_of_many(lang: str) -> None:
    """A map told "1 percelen". What is counted anywhere is looked for everywhere, with one word between or none."""
    texts, words = dict(_leaves(load_texts(lang))), Words(lang)
    many = {plural for text in texts.values() for _, plural in _COUNTED.findall(text)}
    assert len(many) > 20
    of_one = re.compile(rf"(?<![–\w.,] )\b1 (?:\w+(?:e|ing|al|able|ed) )?({'|'.join(many)})\b")
    found = {}
    for key, text in texts.items():
        named = _placeholders(text) - {"shortage"}  # hundreds of thousands
        told = words.text(key, **dict.fromkeys(named, "1"), shortage="330.000") if named else text
        if clash := of_one.findall(told):
            found[key] = clash
    assert found == {}


def test_a_word_follows_its_number_in_the_browser_as_in_python() -> None:
    """The map fills the same texts, and has no other way to."""
    scripts = Path(flexsites.reporting.__file__).parents[1].rglob("templates/**/*.js")
    assert [path.name for path in scripts if re.search(r"replace\([\"']\{", path.read_text(encoding="utf-8"))] == []
    store = (Path(flexsites.reporting.__file__).parent / "templates" / "map" / "store.js").read_text(encoding="utf-8")
    filled = re.search(r"^flexsites\.filled = .*?^\}\);\n", store, re.DOTALL | re.MULTILINE)
    assert filled is not None
    values = [{"n": n, "seconds": "3"} for n in ("1", "1.200", 1, 12345)]
    if (node := shutil.which("node")) is None:
        pytest.skip("no node")
    for lang, n in (("nl", "12.345"), ("en", "12,345")):
        text = load_texts(lang)["view"]["foreseen"]
        asked = ", ".join(f"flexsites.filled({json.dumps(text)}, {json.dumps(one)})" for one in values)
        page = f"const flexsites = {{}}, document = {{ documentElement: {{ lang: '{lang}' }} }};"
        script = f"{page} {filled[0]} console.log(JSON.stringify([{asked}]))"
        said = json.loads(subprocess.run([node, "-e", script], capture_output=True, check=True, text=True).stdout)
        assert said == [Words(lang).text("view.foreseen", **one) for one in values]
        assert n in said[-1]


def test_every_text_that_templates_and_code_ask_for_is_there() -> None:
    folder = Path(flexsites.reporting.__file__).parent
    texts = dict(_leaves(load_texts("nl")))
    asked = set()
    for path in (*folder.glob("*.py"), *folder.glob("templates/*.j2")):
        source = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r'words\.text\(\s*"([a-z_]+\.[a-z_0-9]+)"', source))
        asked |= set(re.findall(r'\bt\(["\']([a-z_]+\.[a-z_0-9]+)["\'][,)]', source))
    assert len(asked) > 60
    assert asked - set(texts) == set()


@pytest.mark.parametrize(
    ("value", "decimals", "nl", "en"),
    [
        (1234567.5, 1, "1.234.567,5", "1,234,567.5"),
        (0, 0, "0", "0"),
        (-0.2, 0, "0", "0"),
        (-1500, 0, "-1.500", "-1,500"),
        (None, 0, "onbekend", "unknown"),
        (math.nan, 2, "onbekend", "unknown"),
        (pd.NA, 0, "onbekend", "unknown"),
    ],
)
def test_numbers(value: object, decimals: int, nl: str, en: str) -> None:
    assert Words("nl").number(value, decimals) == nl
    assert Words("en").number(value, decimals) == en


def test_sentences_round_and_shares_do_not_hide() -> None:
    words = Words("nl")
    assert [words.about(n) for n in (999, 1004, 15_237, 2_345_678, 0)] == ["999", "1.000", "15.200", "2.350.000", "0"]
    assert words.percent(0.0) == "0%"
    assert words.percent(0.0004) == "<1%"
    assert words.percent(None) == "onbekend"
    assert words.yes_no(pd.NA) == "onbekend"


def test_another_language_is_refused() -> None:
    with pytest.raises(ConfigError, match="choose one of nl, en"):
        Words("de")


def test_a_name_falls_back_to_its_readable_id() -> None:
    assert Words("nl").name("rule", "own_veto_area") == "own veto area"


def test_own_rules_win_over_the_rule_set() -> None:
    def label(text: str) -> dict[str, str]:
        return {"nl": text, "en": text}

    content = {
        "run": {"own_rules": [{"rule_id": "in_use", "label": label("ours")}]},
        "rule_set": {
            "rules": [{"rule_id": "in_use", "label": label("theirs")}, {"rule_id": "nnn", "label": label("n")}]
        },
        "target_groups": {
            "students": {"id": "students", "label": label("S"), "requirements": [{"id": "bus", "label": label("B")}]}
        },
    }
    names = names_in_content(content, "nl")
    assert names[("rule", "in_use")] == "ours"
    assert names[("rule", "nnn")] == "n"
    assert names[("criterion", "bus")] == "B"
