"""Benchmark: suitability. Pieces judged for every flexmilieu, beside plain pandas; and what parcels are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from flexsites.assess import serve_groups
from flexsites.exclusion.verdict import decide
from flexsites.suitability.judgement import judge_pieces, requirements
from flexsites.tables import Frame
from tests.benchmarks._stages import SIZES, Assessed, assessed, compare, per_parcel
from tests.benchmarks.registry import SUBJECT, Measurements, benchmark

SCORE_BAR = 0.001
"""Scores have three decimals: a sum in another order may round otherwise."""

YEARS = "available_years_expected"


def given(country: Assessed) -> dict[str, Any]:
    """Return what judging takes, and the same as plain figures: per flexmilieu its criteria and its weights."""
    base = country.study.base
    plain = {
        one.id: (
            [
                [(limit.measure, float(limit.limit), limit.sense == "at_most") for limit in criterion.any_of]
                for criterion in requirements(one, base.groups)
            ],
            [(w.measure, float(w.weight), float(w.full_at), float(w.zero_at)) for w in one.weighted],
        )
        for one in base.flexmilieus
    }
    tables = (country.table("pieces"), country.table("accessibility"))
    return {"tables": tables, "flexmilieus": base.flexmilieus, "groups": base.groups, "plain": plain}


def own(inputs: dict[str, Any]) -> Frame:
    """Judge every valid piece against every flexmilieu."""
    return judge_pieces(*inputs["tables"], flexmilieus=inputs["flexmilieus"], groups=inputs["groups"])


def with_pandas(inputs: dict[str, Any]) -> Frame:
    """Do the same with frames: 1 is yes, 0 is no, null is unknown."""
    pieces, accessibility = inputs["tables"]
    pieces = pieces[pieces["is_valid"]]
    wide = accessibility.pivot_table(
        index="piece_id", columns="measure", values=["value", "status", "is_truncated", "complete_to_m"],
        aggfunc="first", dropna=False, observed=False,
    ).reindex(pieces["piece_id"])  # fmt: skip
    years = pieces.set_index("piece_id")[YEARS].astype(float)
    years = years.where((pieces["plan_coverage"] == "covered").to_numpy(), np.inf)

    def column(figure: str, measure: str) -> pd.Series[Any]:
        if measure == YEARS:
            return years if figure == "value" else pd.Series(None, index=years.index, dtype=object)
        return wide[figure, measure] if (figure, measure) in wide else pd.Series(None, index=years.index, dtype=object)

    def met(measure: str, limit: float, at_most: bool) -> pd.Series[float]:  # noqa: FBT001
        value = pd.to_numeric(column("value", measure))
        is_cut = column("is_truncated", measure).eq(True)  # noqa: FBT003
        truth = (value <= limit if at_most else value >= limit).astype(float)
        truth = truth.where(value.notna() & ((truth == 1) | ~is_cut))
        if at_most:
            truth = truth.mask(truth.isna() & (pd.to_numeric(column("complete_to_m", measure)) >= limit), 0.0)
        is_unreached = (column("status", measure) == "unreached") & ~is_cut
        return truth.mask(is_unreached, 0.0 if at_most or limit > 0 else 1.0)

    def worth(measure: str, full_at: float, zero_at: float) -> pd.Series[float]:
        value = ((pd.to_numeric(column("value", measure)) - zero_at) / (full_at - zero_at)).clip(0.0, 1.0)
        return value.mask(column("status", measure) == "unreached", 0.0)

    rows = []
    for name, (criteria, weights) in inputs["plain"].items():
        truth = pd.DataFrame(index=years.index)
        for number, limits in enumerate(criteria):
            every = pd.concat([met(*limit) for limit in limits], axis=1)
            truth[number] = every.max(axis=1, skipna=True).where((every == 1).any(axis=1) | every.notna().all(axis=1))
        suits = truth.min(axis=1).where((truth == 0).any(axis=1) | truth.notna().all(axis=1), np.nan)
        values = pd.concat([worth(measure, full, zero) for measure, _, full, zero in weights], axis=1)
        weight = np.array([one[1] for one in weights])
        score = (values * weight).sum(axis=1) / (values.notna() * weight).sum(axis=1)
        suits = suits if criteria else pd.Series(1.0, index=years.index)
        rows.append(pd.DataFrame({"flexmilieu": name, "suits": suits, "score": score.round(3)}))
    return pd.concat(rows).rename_axis("piece_id").reset_index()


def difference(ours: Frame, theirs: Frame) -> str:
    """Compare verdict and score of every piece and flexmilieu; refuse a difference."""
    both = ours.merge(theirs, on=["piece_id", "flexmilieu"], how="outer", suffixes=("", "_of_peer"))
    mine = both["is_suitable"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    n_off = int((~np.isclose(mine, both["suits"].to_numpy(dtype=float), equal_nan=True)).sum())
    score, other = (both[name].to_numpy(dtype=float) for name in ("score", "score_of_peer"))
    off = np.abs(np.nan_to_num(score) - np.nan_to_num(other)).max(initial=0.0)
    if len(both) != len(ours) or n_off or off > SCORE_BAR + 1e-9 or (np.isnan(score) != np.isnan(other)).any():
        message = f"suitability: {n_off} of {len(both)} verdicts differ, scores by up to {off}"
        raise ValueError(message)
    return f"{len(both)} verdicts equal, scores within {off:.2g}"


def given_of_parcels(country: Assessed) -> dict[str, Any]:
    """Return what homes and verdicts of parcels are told of."""
    names = ("pieces", "accessibility", "transit_quality", "laid_out")
    left = {name: country.table(name) for name in names}
    base = country.study.base
    left["exclusions"] = decide(country.parcels, left["pieces"], spoken=country.spoken, rules=base.rules)
    return {"parcels": country.parcels, "left": left, "study": country.study}


def own_of_parcels(inputs: dict[str, Any]) -> int:
    """Count homes, judge, and tell parcels."""
    study = inputs["study"]
    return len(serve_groups(inputs["parcels"], inputs["left"], study=study, reading=study.base)["suitability"])


@benchmark(name="suitability", sizes=SIZES, unit="parcels")
def suitability(size: int) -> Measurements:
    """Pieces judged for every flexmilieu, and homes, verdicts and parcels told with it."""
    country = assessed(size)
    contenders = {SUBJECT: own, "pandas": with_pandas}
    judged, _ = compare("pieces judged", country, given(country), contenders, difference=difference)
    whole, _ = compare("homes, judgement and parcels", country, given_of_parcels(country), {SUBJECT: own_of_parcels})
    notes = per_parcel(judged, country)
    notes["cpu_milliseconds_per_parcel_of_the_whole"] = per_parcel(whole, country)["cpu_milliseconds_per_parcel"]
    return Measurements((judged, whole), ("pandas",), notes)
