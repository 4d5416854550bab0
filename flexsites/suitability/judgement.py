"""Stage 5: which flexmilieus a site serves, how well, and its rank (METHOD 0 and 5).

A criterion is tested on every valid piece, because a piece has its own entrance. A site serves a flexmilieu if one of
its pieces does; its score is that of the best deciding piece: a suitable one if there is any, else an unknown one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from flexsites.arrays import IntArray, named
from flexsites.config.base import Label
from flexsites.config.dwellings import URBANITY
from flexsites.config.suitability import Criterion, Flexmilieu, TargetGroup, Threshold
from flexsites.geometry.cluster_sizes import Sizes, per_cluster
from flexsites.suitability.kernels import criteria as c
from flexsites.suitability.kernels.judgement import Asked, Judged, Limit, Measured, Weight, judge_arrays
from flexsites.tables import Accessibility, Frame, Pieces, PieceSuitability, Suitability, Units, empty, valid
from flexsites.tables.stage import stage

_ROOM = ["n_room_low", "n_room_expected", "n_room_high"]
_PER_CLUSTER = ["n_per_cluster_low", "n_per_cluster_expected", "n_per_cluster_high"]


_BEST_LAST, _BEST_LAST_UNKNOWN = {1: 2, 0: 0}, 1
_YEARS = "available_years_expected"
_TERM = Label(nl="jaren dat de plek vrij is", en="years that the place is free")


def requirements(flexmilieu: Flexmilieu, groups: Mapping[str, TargetGroup]) -> list[Criterion]:
    """Return all criteria of the flexmilieu: those of its target groups, each once, in config order; its least term."""
    found: dict[str, Criterion] = {}
    for group in flexmilieu.target_groups:
        for criterion in groups[group].requirements:
            found.setdefault(criterion.id, criterion)
    if flexmilieu.least_term_years is not None:
        term = Threshold(measure=_YEARS, at_least=flexmilieu.least_term_years)
        found.setdefault("available_years", Criterion(id="available_years", label=_TERM, any_of=(term,)))
    return list(found.values())


def measures_used(flexmilieus: Sequence[Flexmilieu], groups: Mapping[str, TargetGroup]) -> list[str]:
    """Return the ids of every measure that some flexmilieu requires, weighs or hangs its parking norm on, sorted."""
    used = {
        threshold.measure
        for flexmilieu in flexmilieus
        for criterion in requirements(flexmilieu, groups)
        for threshold in criterion.any_of
    }
    used |= {weighted.measure for flexmilieu in flexmilieus for weighted in flexmilieu.weighted}
    used |= {URBANITY for flexmilieu in flexmilieus if flexmilieu.programme.asks_urbanity}
    return sorted(used)


@stage(takes=(Pieces, Accessibility), gives=PieceSuitability)
def judge_pieces(
    pieces: Frame,
    accessibility: Frame,
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
    flexmilieus, groups
        The flexmilieus and the target groups they name.

    Returns
    -------
        As of `tell_judgement`.

    Examples
    --------
    >>> from flexsites.suitability.judgement import judge_pieces
    >>> from flexsites.tables import Accessibility, empty
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot
    >>> study = demo()
    >>> told = judge_pieces(
    ...     plain_pieces(plot()), empty(Accessibility),
    ...     flexmilieus=study.flexmilieus, groups=study.settings.target_groups,
    ... )
    >>> told.loc[0, ["piece_id", "flexmilieu", "is_suitable", "unknown_criteria"]].tolist()  # nothing is measured
    ['a#1', 'campus', <NA>, ('higher_education', 'transit_or_station', 'groceries_by_bicycle_2km', 'work_or_study')]
    """
    used = measures_used(flexmilieus, groups)
    measured = measured_over(valid(pieces), accessibility, used)
    row = {name: i for i, name in enumerate(used)}
    judged = {one.id: judge_arrays(measured, asked_of(one, groups, row)) for one in flexmilieus}
    return tell_judgement(pieces, judged=judged, flexmilieus=flexmilieus, groups=groups)


@stage(takes=Pieces, gives=PieceSuitability)
def tell_judgement(
    pieces: Frame,
    *,
    judged: Mapping[str, Judged],
    flexmilieus: tuple[Flexmilieu, ...],
    groups: Mapping[str, TargetGroup],
) -> Frame:
    """Write how every valid piece stands to every flexmilieu as rows.

    Parameters
    ----------
    pieces
        Pieces; the invalid ones are left out.
    judged
        By flexmilieu, of the valid pieces in their order.
    flexmilieus, groups
        The flexmilieus and the target groups they name.

    Returns
    -------
        One row per valid piece and flexmilieu; ``is_suitable`` is null when a required criterion is unknown and none
        fails.

    Examples
    --------
    >>> from flexsites.suitability.judgement import asked_of, measured_over, measures_used, tell_judgement
    >>> from flexsites.suitability.kernels.judgement import judge_arrays
    >>> from flexsites.tables import Accessibility, empty
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot
    >>> groups = demo().settings.target_groups
    >>> campus, pieces = next(one for one in demo().flexmilieus if one.id == "campus"), plain_pieces(plot())
    >>> used = measures_used((campus,), groups)
    >>> asked = asked_of(campus, groups, {name: i for i, name in enumerate(used)})
    >>> judged = {"campus": judge_arrays(measured_over(pieces, empty(Accessibility), used), asked)}
    >>> told = tell_judgement(pieces, judged=judged, flexmilieus=(campus,), groups=groups)
    >>> told[["piece_id", "flexmilieu", "is_suitable"]].to_numpy().tolist()
    [['a#1', 'campus', <NA>]]
    """
    served = valid(pieces)[["piece_id", "site_id"]]
    if served.empty or not flexmilieus:
        return empty(PieceSuitability)
    told = [_told(served, judged[one.id], one, [c.id for c in requirements(one, groups)]) for one in flexmilieus]
    return pd.concat(told, ignore_index=True).sort_values(["piece_id", "flexmilieu"], ignore_index=True)


def _told(served: Frame, judged: Judged, flexmilieu: Flexmilieu, names: Sequence[str]) -> Frame:
    """Return the rows of one flexmilieu."""
    failed = np.array([*names, None], dtype=object)[judged.failed]
    return pd.DataFrame(
        {
            "piece_id": served["piece_id"],
            "site_id": served["site_id"],
            "flexmilieu": flexmilieu.id,
            "is_suitable": pd.arrays.BooleanArray(judged.truth == c.YES, judged.truth == c.UNKNOWN),
            "failed_criterion": pd.Series(failed, dtype="str", index=served.index),
            "failed_by": judged.failed_by,
            "unknown_criteria": named(judged.is_unknown.T, names),
            "score": judged.score,
            "score_known_share": judged.known_share,
        }
    )


def asked_of(flexmilieu: Flexmilieu, groups: Mapping[str, TargetGroup], row: Mapping[str, int]) -> Asked:
    """Return what a flexmilieu asks of measures, as arrays take it: ``row`` is where each measure stands."""
    return Asked(
        tuple(
            tuple(Limit(row[one.measure], one.limit, one.sense == "at_most") for one in criterion.any_of)
            for criterion in requirements(flexmilieu, groups)
        ),
        tuple(
            Weight(row[one.measure], float(one.weight), float(one.full_at), float(one.zero_at))
            for one in flexmilieu.weighted
        ),
    )


def measured_over(pieces: Frame, accessibility: Frame, names: Sequence[str]) -> Measured:
    """Lay measures out over pieces, in their order; a piece without a row for one is unknown.

    The years that are expected are the piece's own. Where plan capacity is not covered the term is not checked: no
    term is too long then, which marks the site (its plan coverage) and does not make it unknown (METHOD 0, "Time").
    """
    n = len(pieces)
    shape = (len(names), n)
    value, complete_to = np.full(shape, np.nan), np.full(shape, np.nan)
    is_unreached, is_truncated = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    if _YEARS in names:
        years = pieces[_YEARS].to_numpy(dtype=np.float64, na_value=np.nan)
        value[names.index(_YEARS)] = np.where((pieces["plan_coverage"] == "covered").to_numpy(), years, np.inf)
    row = pd.Index(list(names)).get_indexer(pd.Index(accessibility["measure"]))
    column = pd.Index(pieces["piece_id"]).get_indexer(pd.Index(accessibility["piece_id"]))
    is_asked = (row >= 0) & (column >= 0)
    rows, at = accessibility[is_asked], (row[is_asked], column[is_asked])
    value[at] = rows["value"].to_numpy(dtype="float64", na_value=np.nan)
    is_unreached[at] = (rows["status"] == "unreached").to_numpy()
    is_truncated[at] = rows["is_truncated"].to_numpy(dtype=bool, na_value=False)
    complete_to[at] = rows["complete_to_m"].to_numpy(dtype="float64", na_value=np.nan)
    return Measured(value, is_unreached, is_truncated, complete_to)


@stage(takes=(PieceSuitability, Units), gives=Suitability)
def judge(piece_suitability: Frame, units: Frame, *, sizes: Mapping[str, Sizes]) -> Frame:
    """Gather the pieces of each site that count: one row per site and flexmilieu, not ranked yet.

    A site is suitable if a piece is; unknown if none is and one is unknown. ``score``, ``failed_criterion`` and
    ``unknown_criteria`` are those of the deciding piece of the highest score (ties: most room, then piece_id).

    Parameters
    ----------
    piece_suitability
        Of the pieces that count for their parcels.
    units
        Homes of pieces, these among them: the site's room is theirs together.
    sizes
        The fewest and the most homes of one place, low, expected, high, by flexmilieu: a site holds what a place does.

    Examples
    --------
    >>> from flexsites.geometry.cluster_sizes import Sizes
    >>> from flexsites.suitability.judgement import judge
    >>> from flexsites.tables import PieceSuitability, Units
    >>> from flexsites.worlds.plain import plain
    >>> pieces = plain(
    ...     PieceSuitability, piece_id=["a#1", "a#2"], site_id="a", flexmilieu="campus", is_suitable=[True, False]
    ... )
    >>> homes = plain(
    ...     Units, piece_id=["a#1", "a#2"], site_id="a", flexmilieu="campus",
    ...     n_room_low=10, n_room_expected=20, n_room_high=30,
    ... )
    >>> told = judge(pieces, homes, sizes={"campus": Sizes((10, 10, 10), (25, 25, 25), 10)})
    >>> told[["site_id", "is_suitable", "n_room_expected", "n_per_cluster_expected"]].to_numpy().tolist()
    [['a', True, 40, 25]]
    """
    if piece_suitability.empty:
        return empty(Suitability)
    rows, at = _with_homes(piece_suitability, units)
    score = rows["score"].to_numpy(dtype=np.float64)
    truth = np.asarray(rows["is_suitable"].astype("Int8").map(_BEST_LAST).fillna(_BEST_LAST_UNKNOWN), dtype=np.int64)
    site, flexmilieu, piece = (pd.factorize(rows[name], sort=True)[0] for name in ("site_id", "flexmilieu", "piece_id"))
    rooms = units[_ROOM].to_numpy(dtype=np.int64)[at]
    order = np.lexsort((piece, -rooms[:, 1], -np.where(np.isnan(score), -1.0, score), -truth, flexmilieu, site))
    same = np.diff(site[order], prepend=-1) | np.diff(flexmilieu[order], prepend=-1)
    first = np.flatnonzero(same)
    told = rows.drop(columns="piece_id").iloc[order[first]].reset_index(drop=True)
    room = np.add.reduceat(rooms[order], first, axis=0).T
    held = np.zeros_like(room)
    for name, size in sizes.items():
        mine = (told["flexmilieu"] == name).to_numpy(dtype=bool)
        held[:, mine] = per_cluster(room[:, mine], size.minimum, size.maximum)
    homes = zip((*_ROOM, *_PER_CLUSTER), (*room, *held), strict=True)
    return told.assign(**dict(homes), rank=pd.array([pd.NA] * len(told), dtype="Int64"))


def _with_homes(judged: Frame, units: Frame) -> tuple[Frame, IntArray]:
    """Return the rows of pieces of which the homes are told, and where those stand."""
    pieces, names = pd.Index(units["piece_id"].unique()), pd.Index(units["flexmilieu"].unique())

    def cell_of(rows: Frame) -> IntArray:
        piece = pieces.get_indexer(pd.Index(rows["piece_id"])).astype(np.int64)
        name = names.get_indexer(pd.Index(rows["flexmilieu"])).astype(np.int64)
        return np.where((piece < 0) | (name < 0), len(pieces) * len(names), piece * len(names) + name)

    place = np.full(len(pieces) * len(names) + 1, -1, dtype=np.int64)
    place[cell_of(units)] = np.arange(len(units))
    at = place[cell_of(judged)]
    there = at >= 0
    return (judged if there.all() else judged[there]).reset_index(drop=True), at[there]
