"""Factsheets as PDF: a page for each place, from the page itself; and what comes next at a place."""

from __future__ import annotations

import ctypes.util
import sys
from pathlib import Path

import pandas as pd
import pytest

from flexsites.errors import MissingExtraError
from flexsites.reporting import open_results, write_factsheets, write_pdf
from flexsites.reporting.names import words_of
from flexsites.reporting.report.next_steps import next_steps

needs_pango = pytest.mark.skipif(
    ctypes.util.find_library("pangoft2-1.0") is None, reason="Pango is not installed on this system"
)


@needs_pango
@pytest.mark.parametrize("lang", ["nl", "en"])
def test_each_place_has_one_page(lang: str, run_directory: Path) -> None:
    import weasyprint  # noqa: PLC0415 - it needs Pango

    ids = open_results(run_directory).table("sites")["site_id"].head(3).tolist()
    page = write_factsheets(run_directory, ids, lang)
    path = write_pdf(page)
    assert path.name == page.with_suffix(".pdf").name
    assert path.read_bytes().startswith(b"%PDF-")
    assert len(weasyprint.HTML(string=page.read_text(encoding="utf-8")).render().pages) == len(ids)


@needs_pango
def test_it_fetches_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    page = tmp_path / "factsheets.html"
    page.write_text(f'<link rel="attachment" href="{secret.as_uri()}"><img src="{secret.as_uri()}"><p>a place</p>')
    assert b"EmbeddedFile" not in write_pdf(page).read_bytes()


def test_without_the_extra_or_pango_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "factsheets.html"
    page.write_text("<p>a place</p>")
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MissingExtraError, match=r"flexsites\[pdf\]"):
        write_pdf(page)

    def fails(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("flexsites.reporting.report.pdf.require_extra", fails)
    with pytest.raises(MissingExtraError, match="Pango"):
        write_pdf(page)


def test_what_comes_next_hangs_on_what_is_known(run_directory: Path) -> None:
    words = words_of(open_results(run_directory), "en")
    known = pd.Series({
        "verdict": "eligible", "owner_class": "gemeente", "available_years_expected": 15.0, "restrictions": [],
        "unchecked_rules": [],
    })  # fmt: skip

    def told(**other: object) -> list[str]:
        return next_steps(pd.Series({**known, **other}), words)

    assert told() == [words.text("next.owner_own"), words.text("next.permit")]
    assert told(verdict="excluded") == []
    assert told(verdict="unknown")[0] == words.text("next.verdict")
    assert words.text("next.permit") not in told(verdict="unknown")
    assert told(owner_class=None)[0] == words.text("next.owner_unknown")
    assert told(owner_class="corporatie")[0] == words.text("next.owner_other", owner=words.name("owner", "corporatie"))
    assert words.text("next.plans") in told(available_years_expected=None)
    assert any(words.name("rule", "noise") in one for one in told(verdict="conditional", restrictions=["noise"]))
    assert any("and 2 more" in one for one in told(unchecked_rules=["a", "b", "c", "d", "e"]))
