"""Stage 5: which flexmilieus a site serves, how well, and its rank (METHOD 0 and 5).

A criterion is tested on every valid piece, because a piece has its own entrance. A site serves a flexmilieu if one of
its pieces does; its homes there are those of the pieces that decide: the suitable ones if there are any, else the
unknown ones, else all of them. Its score is that of the best deciding piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flexsites.arrays import lists
from flexsites.config.suitability import Criterion, Flexmilieu, TargetGroup, Threshold
from flexsites.suitability.kernels import criteria as c
from flexsites.tables import Accessibility, Frame, Pieces, PieceSuitability, Suitability, Units, empty, valid
from flexsites.tables.contract import is_true
from flexsites.tables.stage import stage

_UNITS = ["n_units_low", "n_units_expected", "n_units_high"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure over the pieces: values (NaN is null) and what a null or a truncated value means."""

    value: c.Floats
    is_unreached: c.Bools
    is_truncated: c.Bools
    complete_to: c.Floats


def requirements(flexmilieu: Flexmilieu, groups: Mapping[str, TargetGroup]) -> list[Criterion]:
    """Return all criteria that the flexmilieu's target groups require, each once, in config order."""
    found: dict[str, Criterion] = {}
    for group in flexmilieu.target_groups:
        for criterion in groups[group].requirements:
            found.setdefault(criterion.id, criterion)
    return list(found.values())


def measures_used(flexmilieus: Sequence[Flexmilieu], groups: Mapping[str, TargetGroup]) -> list[str]:
    """Return the ids of every measure that some flexmilieu requires or weighs, sorted."""
    used = {
        threshold.measure
        for flexmilieu in flexmilieus
        for criterion in requirements(flexmilieu, groups)
        for threshold in criterion.any_of
    }
    used |= {weighted.measure for flexmilieu in flexmilieus for weighted in flexmilieu.weighted}
    return sorted(used)


@stage(takes=(Pieces, Accessibility, Units), gives=PieceSuitability)
def judge_pieces(
    pieces: Frame,
    accessibility: Frame,
    units: Frame,
    *,
    flexmilieus: tuple[Flexmilieu, ...],
    groups: Mapping[str, TargetGroup],
) -> Frame:
    """Judge every valid piece against every flexmilieu.

    Parameters
    ----------
    pieces
        Pieces; the invalid ones are left out.
    accessibility
        What each piece reaches; a measure without a row is unknown.
    units
        Homes per piece and flexmilieu. A piece on which nothing fits (0 homes expected) does not serve it.
    flexmilieus, groups
        The flexmilieus and the target groups they name.

    Returns
    -------
    One row per valid piece and flexmilieu; ``is_suitable`` is null when a required criterion is unknown and none fails.
    """
    served = valid(pieces)[["piece_id", "site_id"]]
    if served.empty:
        return empty(PieceSuitability)
    measured = _measured(served, accessibility, measures_used(flexmilieus, groups))
    fitted = units.set_index(["flexmilieu", "piece_id"])
    frames = [_judge_one(served, measured, fitted, flexmilieu, groups) for flexmilieu in flexmilieus]
    return pd.concat(frames, ignore_index=True).sort_values(["piece_id", "flexmilieu"], ignore_index=True)


def _judge_one(
    valid: Frame,
    measured: Mapping[str, Measured],
    fitted: Frame,
    flexmilieu: Flexmilieu,
    groups: Mapping[str, TargetGroup],
) -> Frame:
    required = requirements(flexmilieu, groups)
    truths = np.stack(
        [_criterion_truth(criterion, measured) for criterion in required] or [np.full(len(valid), c.YES, dtype=np.int8)]
    )
    homes = fitted.loc[flexmilieu.id].reindex(valid["piece_id"])[_UNITS] if len(fitted) else None
    n_units = np.zeros((len(valid), 3)) if homes is None else homes.to_numpy(dtype="float64", na_value=0.0)
    holds_homes = np.where(n_units[:, 1] > 0, c.YES, c.NO).astype(np.int8)
    is_suitable = c.all_of(np.vstack([truths, holds_homes[None]]))
    failed, failed_by = _worst_failure(required, truths, measured, holds_homes)
    weights = np.array([float(weighted.weight) for weighted in flexmilieu.weighted])
    values = np.stack(
        [
            c.linear_value(
                measured[weighted.measure].value,
                measured[weighted.measure].is_unreached,
                full_at=float(weighted.full_at),
                zero_at=float(weighted.zero_at),
            )
            for weighted in flexmilieu.weighted
        ]
    )
    score, known = c.weighted_mean(values, weights)
    unknown = [
        tuple(criterion.id for criterion, truth in zip(required, column, strict=False) if truth == c.UNKNOWN)
        for column in truths.T
    ]
    return pd.DataFrame(
        {
            "piece_id": valid["piece_id"],
            "site_id": valid["site_id"],
            "flexmilieu": flexmilieu.id,
            "is_suitable": pd.arrays.BooleanArray(is_suitable == c.YES, is_suitable == c.UNKNOWN),
            "failed_criterion": failed,
            "failed_by": failed_by,
            "unknown_criteria": lists(unknown, len(unknown)),
            "score": score,
            "score_known_share": known,
            **{name: n_units[:, i].astype("int64") for i, name in enumerate(_UNITS)},
        }
    )


def _measured(valid: Frame, accessibility: Frame, names: Iterable[str]) -> dict[str, Measured]:
    """Lay each measure out over the pieces; a piece without a row for it is unknown."""
    result: dict[str, Measured] = {}
    by_measure = dict(iter(accessibility.groupby("measure", sort=True)))
    for name in names:
        if name not in by_measure:
            n = len(valid)
            no = np.zeros(n, dtype=bool)
            result[name] = Measured(np.full(n, np.nan), no, no, np.full(n, np.nan))
            continue
        rows = by_measure[name].set_index("piece_id").reindex(valid["piece_id"])
        result[name] = Measured(
            rows["value"].to_numpy(dtype="float64", na_value=np.nan),
            (rows["status"] == "unreached").to_numpy(),
            rows["is_truncated"].to_numpy(dtype=bool, na_value=False),
            rows["complete_to_m"].to_numpy(dtype="float64", na_value=np.nan),
        )
    return result


def _threshold_truth(threshold: Threshold, measured: Mapping[str, Measured]) -> c.Truth:
    one = measured[threshold.measure]
    return c.passes(
        one.value,
        one.is_unreached,
        one.is_truncated,
        one.complete_to,
        limit=threshold.limit,
        at_most=threshold.sense == "at_most",
    )


def _criterion_truth(criterion: Criterion, measured: Mapping[str, Measured]) -> c.Truth:
    return c.any_of(np.stack([_threshold_truth(threshold, measured) for threshold in criterion.any_of]))


def _worst_failure(
    required: Sequence[Criterion],
    truths: np.ndarray,
    measured: Mapping[str, Measured],
    holds_homes: c.Truth,
) -> tuple[pd.Series, c.Floats]:
    """Return the required criterion that fails by the largest share of its limit, and by how much.

    A criterion that was not reached at all is worse than any that was; its margin is null. ``homes`` stands for a
    piece on which no home of the programme fits, and is named only where every criterion is met.
    """
    n = len(holds_homes)
    name, margin, worst = np.full(n, None, dtype=object), np.full(n, np.nan), np.full(n, -np.inf)
    for criterion, truth in zip(required, truths, strict=False):
        nearest, share = _margin(criterion, measured)
        is_worse = (truth == c.NO) & (share > worst)
        name[is_worse], margin[is_worse], worst[is_worse] = criterion.id, nearest[is_worse], share[is_worse]
    lacks_homes = (holds_homes == c.NO) & np.array([one is None for one in name], dtype=bool)
    name[lacks_homes] = "homes"
    return pd.Series(name, dtype="str"), margin


def _margin(criterion: Criterion, measured: Mapping[str, Measured]) -> tuple[c.Floats, c.Floats]:
    """Return by how much the nearest threshold is missed: in its unit, and as share of its limit (inf: not reached)."""
    n = len(next(iter(measured.values())).value)
    by, share = np.full(n, np.nan), np.full(n, np.inf)
    for threshold in criterion.any_of:
        value = measured[threshold.measure].value
        missed = value - threshold.limit if threshold.sense == "at_most" else threshold.limit - value
        relative = missed / threshold.limit if threshold.limit else missed
        with np.errstate(invalid="ignore"):
            is_nearer = ~np.isnan(missed) & (missed >= 0) & (relative < share)
        by[is_nearer], share[is_nearer] = missed[is_nearer], relative[is_nearer]
    return by, share


@stage(takes=PieceSuitability, gives=Suitability)
def judge(piece_suitability: Frame) -> Frame:
    """Gather the pieces of each site: one row per site and flexmilieu, not ranked yet.

    A site is suitable if a piece is; unknown if none is and one is unknown. ``score``, ``failed_criterion`` and
    ``unknown_criteria`` are those of the deciding piece of the highest score (ties: most homes, then piece_id).
    """
    if piece_suitability.empty:
        return empty(Suitability)
    truth = piece_suitability["is_suitable"].astype("Int8").fillna(-1).map({1: 2, -1: 1, 0: 0})
    ordered = piece_suitability.assign(truth=truth, order=piece_suitability["score"].fillna(-1.0))
    key = ["site_id", "flexmilieu"]
    ordered = ordered.sort_values(
        [*key, "truth", "order", "n_units_expected", "piece_id"],
        ascending=[True, True, False, False, False, True],
        ignore_index=True,
    )
    best = ordered.drop_duplicates(key, ignore_index=True)
    deciding = ordered[ordered["truth"] == ordered.groupby(key)["truth"].transform("max")]
    homes = deciding.groupby(key, sort=True)[_UNITS].sum().reset_index()
    site = best.drop(columns=[*_UNITS, "truth", "order", "piece_id"]).merge(homes, on=key, validate="one_to_one")
    return site.assign(rank=pd.array([pd.NA] * len(site), dtype="Int64"))


@stage(takes=Suitability, gives=Suitability)
def rank(suitability: Frame) -> Frame:
    """Rank the suitable sites per flexmilieu over the run: highest score first, ties by site_id. A global step."""
    ordered = suitability.sort_values(["flexmilieu", "score", "site_id"], ascending=[True, False, True])
    suitable = is_true(ordered["is_suitable"])
    position = ordered[suitable].groupby("flexmilieu").cumcount() + 1
    return suitability.assign(rank=position.reindex(suitability.index).astype("Int64"))
