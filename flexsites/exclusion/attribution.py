"""The stage that writes the ledger: what each rule covers, what it takes first, and what only it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, FloatArray, IntArray
from flexsites.config.rule_sets import PIECE_TESTS
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.kernels.ledger import Account, settle
from flexsites.exclusion.kernels.spoken import COVERAGES, Spoken
from flexsites.exclusion.pieces import FAILURES, covers_of, position_of, takes_area
from flexsites.tables import (
    Faces,
    Frame,
    Parcels,
    Pieces,
    Reasons,
)
from flexsites.tables.stage import stage


@stage(takes=(Parcels, Faces, Pieces), gives=Reasons)
def attribute(
    parcels: Frame, faces: Frame, pieces: Frame, *, spoken: Spoken, rules: tuple[ExclusionRule, ...]
) -> Frame:
    """Write the ledger: per site and rule what it covers, what it takes first, and what only it takes.

    Layer rules come first in their order, then the piece tests in theirs. A row stands where a rule covers area. A
    rule without a row covers nothing there; whether that is known is told once for all parcels that are alike in it,
    see :func:`tell_coverage`. Per site the buildable area and the attributed areas sum to the area of the site.

    Parameters
    ----------
    parcels, faces, pieces
        The parcels asked, and theirs.
    spoken
        Where the rules' sources speak, of the parcels, in their order.
    rules
        The rules as the reading has them, in order.

    Examples
    --------
    >>> import numpy as np
    >>> from flexsites.exclusion.attribution import attribute
    >>> from flexsites.exclusion.kernels.spoken import Spoken
    >>> from flexsites.tables import Faces, Parcels
    >>> from flexsites.worlds.plain import inside, plain, plain_pieces, plot
    >>> parcels = plain(Parcels, [plot()], site_id=["a"])
    >>> faces = plain(Faces, [plot(width_m=80), plot(80, width_m=20)], site_id="a", rules=[(), ("water",)])
    >>> spoken = Spoken.of(["water"], np.zeros((1, 1), dtype=np.int8), np.ones((1, 1)))
    >>> reasons = attribute(
    ...     parcels, faces, plain_pieces(plot(width_m=80)), spoken=spoken, rules=(inside("water"),)
    ... )
    >>> reasons[["site_id", "rule_id", "attributed_area_m2"]].to_numpy().tolist()
    [['a', 'water', 1000.0]]
    """
    layer_rules = settle(
        position_of(parcels, faces),
        faces["face_area_m2"].to_numpy(),
        covers_of(faces, rules),
        takes_area(rules),
        len(parcels),
    )
    piece_tests = settle(*_tested(parcels, pieces), np.ones(len(PIECE_TESTS), dtype=bool), len(parcels))
    account = Account(
        *(
            np.hstack([getattr(layer_rules, name), getattr(piece_tests, name)])
            for name in ("covered_m2", "attributed_m2", "unique_m2")
        )
    )
    return _reasons(parcels, spoken.among(names_of(rules)), rules, account)


def names_of(rules: tuple[ExclusionRule, ...]) -> list[str]:
    """Return the rules of the ledger in order: those of layers, then the tests of pieces."""
    return [rule.rule_id for rule in rules] + list(PIECE_TESTS)


def tell_coverage(spoken: Spoken, *, rules: tuple[ExclusionRule, ...]) -> Frame:
    """Tell of each combination of coverage among the parcels which rules are not covered in full by their source.

    A rule without a row is covered in full, and so is every rule of a combination without rows.
    """
    among = spoken.among(names_of(rules))
    row, rule = np.nonzero(among.told())
    return pd.DataFrame(
        {
            "rule_coverage_id": _texts(among.ids(), row),
            **_about(rules, rule),
            "coverage": _texts(COVERAGES, among.codes[row, rule]),
            "covered_share": among.share[row, rule],
        }
    )


def _about(rules: tuple[ExclusionRule, ...], place: NDArray[np.integer[Any]]) -> dict[str, pd.Series[Any]]:
    """Return what the rules at places are."""
    effects = [rule.effect for rule in rules] + ["test"] * len(PIECE_TESTS)
    hardness = [rule.hardness for rule in rules] + [None] * len(PIECE_TESTS)
    return {
        "rule_id": _texts(names_of(rules), place),
        "effect": _texts(effects, place),
        "hardness": _texts(hardness, place),
    }


def _tested(parcels: Frame, pieces: Frame) -> tuple[IntArray, FloatArray, BoolArray]:
    """Return what the tests take of pieces: the parcel of each part, its area, and which test it fails.

    A piece with a core part has two parts: that, and the rest, which is too thin.
    """
    mine = pieces[pieces["is_with_consent"].to_numpy()]
    site, whole = position_of(parcels, mine), mine["piece_area_m2"].to_numpy(dtype=np.float64)
    core = mine["core_area_m2"].to_numpy(dtype=np.float64)
    test = pd.Index(FAILURES).get_indexer(pd.Index(mine["failed_test"]))
    rest = np.where(core > 0, whole - core, 0.0)
    thin = np.full(len(mine), FAILURES.index("too_thin"))
    part, fails = np.where(core > 0, core, whole), np.concatenate([test, thin])
    is_failing = fails[:, None] == np.arange(len(PIECE_TESTS))
    return np.concatenate([site, site]), np.concatenate([part, np.maximum(rest, 0.0)]), is_failing


def _reasons(parcels: Frame, spoken: Spoken, rules: tuple[ExclusionRule, ...], account: Account) -> Frame:
    row, rule = np.nonzero(account.covered_m2 > 0)
    combination = spoken.combination[row]
    return pd.DataFrame(
        {
            "site_id": parcels["site_id"].take(row).reset_index(drop=True),
            **_about(rules, rule),
            "covered_area_m2": account.covered_m2[row, rule],
            "attributed_area_m2": account.attributed_m2[row, rule],
            "unique_area_m2": account.unique_m2[row, rule],
            "coverage": _texts(COVERAGES, spoken.codes[combination, rule]),
            "covered_share": spoken.share[combination, rule],
        }
    )


def _texts(words: Sequence[str | None], place: NDArray[np.integer[Any]]) -> pd.Series[Any]:
    """Return the word at each place, without making a Python text per row."""
    taken = pa.DictionaryArray.from_arrays(pa.array(place, pa.int32()), pa.array(list(words), pa.large_string()))
    return pd.Series(pd.array(taken.cast(pa.large_string()), dtype="str"))
