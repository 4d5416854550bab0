"""What if of roofs: the figures of topping up that a visitor may change, and what the buildings then answer, live.

What is asked is a variant of the run file, as it is of parcels. All buildings are topped up anew.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from flexsites.config.base import Figure, collect_figures
from flexsites.config.roofs import FlagRules, TopUpRules
from flexsites.config.what_if import as_yaml, variant_asked
from flexsites.errors import Fault, FlexsitesError
from flexsites.finished.roofs import FinishedRoofs, ToppedUp, open_finished_roofs
from flexsites.reporting.parameters import parameter_name
from flexsites.reporting.report.roofs import ways_of
from flexsites.reporting.words import Words
from flexsites.tables.counting import AVAILABLE
from flexsites.view.what_if import changes_of, moved

__all__ = ["AskedRoofs"]

_SECTION = "optoppen"
_FIGURES = ("roof", "units", "lift", "age_rules")
"""Parts of the section with figures that the form has; the others are asked elsewhere (see `finished.roofs`)."""
_EFFECTS = tuple(one for one in FlagRules.model_fields if one.endswith("_effect"))
_NUMBERS = ("expected", "low", "high")


@dataclass
class AskedRoofs:
    """A run whose roofs are asked what if; it is opened the first time, and answers one question at a time."""

    directory: Path
    _opened: list[tuple[FinishedRoofs, ToppedUp]] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self) -> None:
        """Open what questions are answered with beside who looks; a question that comes sooner opens it itself."""
        threading.Thread(target=self._prepare, daemon=True).start()

    def _prepare(self) -> None:
        # What cannot be opened is told to who asks.
        with suppress(FlexsitesError):
            self._run()

    def form(self, words: Words) -> dict[str, Any]:
        """Return what may be changed, and what it is in the run.

        Raises
        ------
        InputError
            If the run has no roofs, or was made by an earlier version.
        """
        rules = self._run()[0].rules
        return {
            "milieus": [], "gemeenten": [], "order": {"path": "", "value": []},
            "sections": list(_sections(rules, words)),
            "rows": dict(_rows_of(rules, words)),
        }  # fmt: skip

    def answer(self, body: bytes) -> dict[str, Any]:
        """Answer a question: JSON with the ``changes`` of a variant.

        Raises
        ------
        ConfigError
            With every fault of what is asked.
        """
        begin = time.perf_counter()
        variant = variant_asked(changes_of(body))
        run, before = self._run()
        with self._turn:
            after = run.answer(variant)
        rows = [
            [key, *map(list, zip(was, now, strict=True))]
            for (key, was), (_, now) in zip(_counted(before), _counted(after), strict=True)
        ]
        told: dict[str, Any] = {
            "gemeente": None, "variant": variant.id, "yaml": as_yaml(variant), "rows": rows,
        }  # fmt: skip
        told |= moved(_ids(before)[0], *_ids(after))
        return told | {"seconds": round(time.perf_counter() - begin, 3)}

    def told(self, error: FlexsitesError, body: bytes, words: Words, said: Callable[[str], str]) -> list[str]:
        """Return what is wrong with a question, each fault under the label in the form of what it is about."""
        faults = [one for one in error.faults if isinstance(one, Fault)]
        try:
            asked = changes_of(body).get("replace")
            labels = {one["path"]: one["label"] for section in self.form(words)["sections"] for one in section["rows"]}
        except FlexsitesError:
            return [one.told(said) for one in faults]
        return [_told(one, asked if isinstance(asked, dict) else {}, labels, words, said) for one in faults]

    def _run(self) -> tuple[FinishedRoofs, ToppedUp]:
        with self._turn:
            if not self._opened:
                run = open_finished_roofs(self.directory)
                self._opened.append((run, run.own()))
        return self._opened[0]


def _told(
    fault: Fault, asked: Mapping[str, Any], labels: Mapping[str, str], words: Words, said: Callable[[str], str]
) -> str:
    """Return a fault without paths and files of the configuration: who fills in the form knows none."""
    at = fault.where.rpartition(": ")[2]
    # A rule is named by its id in a path, and by its place in a list where it is at fault.
    part = ".".join(at.split(".")[:2])
    there = [path for path in asked if path in labels and f"{path}.".startswith(f"{part}.")]
    named = [path for path in there if any(part in fault.what for part in path.split(".")[-2:])] or there
    remedy = words.text("view.remedy_otherwise") if fault.remedy == "correct it" else said(fault.remedy)
    place = "; ".join(labels[path] for path in named) or said(at)
    what = said(fault.what)
    for key in {key for path in named for key in path.split(".") if "_" in key}:
        what = re.sub(rf"\b{key}\b", f'"{parameter_name(words, key)}"', what)
    return f"{place}: {what}. {said('Remedy')}: {remedy}."


def _sections(rules: TopUpRules, words: Words) -> Iterator[dict[str, Any]]:
    """Give the parts of the form: a heading, and figures and choices below it."""
    ids = {"age_rule": [one.id for one in rules.age_rules], "roof_variant": [one.id for one in rules.variants]}
    of_first = [_choice(f"headline.{kind}", getattr(rules.headline, kind), ids[kind], kind, words) for kind in ids]
    yield {"legend": words.text("view.of_roofs.headline"), "rows": of_first}
    for part in _FIGURES:
        for legend, rows in _by_legend(collect_figures(getattr(rules, part), f"{_SECTION}.{part}"), words).items():
            yield {"legend": legend, "rows": rows}
    effects = [
        _choice(f"flags.{one}", getattr(rules.flags, one), get_args(FlagRules.model_fields[one].annotation), "", words)
        for one in _EFFECTS
    ]
    yield {"legend": words.text("view.of_roofs.flags"), "rows": effects}


def _by_legend(figures: Iterator[tuple[str, Figure]], words: Words) -> dict[str, list[dict[str, Any]]]:
    """Return figures by what they are of, as the report names both."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, figure in figures:
        legend, _, label = parameter_name(words, path).partition(": ")
        unit = None if figure.unit in (None, "year") else words.name("unit", figure.unit)
        row = {"path": path, "value": float(figure), "label": label, "unit": unit}
        found.setdefault(legend[:1].upper() + legend[1:], []).append(row)
    return found


def _choice(path: str, value: str, options: Any, kind: str, words: Words) -> dict[str, Any]:  # noqa: ANN401 - a sequence
    """Return one of several that stands: what they are called, or what a flag means."""
    name = path.rpartition(".")[2]
    called = {one: words.name(kind, one) if kind else words.text(f"view.effects_of.{one}") for one in options}
    label = words.text(f"view.of_roofs.{name}") if kind else words.name("rule", name.removesuffix("_effect"))
    return {"path": f"{_SECTION}.{path}", "value": value, "label": label,
            "options": [{"value": one, "label": text} for one, text in called.items()]}  # fmt: skip


def _rows_of(rules: TopUpRules, words: Words) -> Iterator[tuple[str, str]]:
    """Give what the rows of an answer are called: the headline, and every way of topping up."""
    for key in ("good", "conditional", "unknown", "homes"):
        yield key, words.text(f"view.of_roofs.{key}")
    for age_rule in rules.age_rules:
        for one in rules.variants:
            if one.adds_units:
                yield (
                    f"{age_rule.id}/{one.id}",
                    f"{words.name('age_rule', age_rule.id)}, {words.name('roof_variant', one.id)}",
                )


def _counted(asked: ToppedUp) -> Iterator[tuple[str, list[float | None]]]:
    """Give the rows of an answer: buildings, and homes expected, low and high; null where nobody knows."""
    told = ways_of(asked.totals).to_dict("records")
    rows = {(str(one["age_rule"]), str(one["roof_variant"])): one for one in told}
    headline = asked.rules.headline.age_rule, asked.rules.headline.roof_variant
    for key, column in (("good", "n_good"), ("conditional", "conditional"), ("unknown", "unknown")):
        yield key, [_number(rows[headline][column])]
    ways = [(one.id, other.id) for one in asked.rules.age_rules for other in asked.rules.variants if other.adds_units]
    for key, at in (("homes", headline), *(("/".join(way), way) for way in ways)):
        yield key, [_number(rows[at][f"n_units_{one}"]) for one in _NUMBERS]


def _number(value: Any) -> float | None:  # noqa: ANN401 - a number or null of pandas
    return None if pd.isna(value) else float(value)


def _ids(asked: ToppedUp) -> tuple[Any, Any]:
    """Return the buildings that qualify at the headline, and those of which it is unknown."""
    roofs = asked.tables["roofs"]
    verdict, ids = roofs["verdict"], roofs["bag_pand_id"]
    return ids[verdict.isin(AVAILABLE).to_numpy(dtype=bool)], ids[verdict.eq("unknown").to_numpy(dtype=bool)]
