"""Columns of criteria, scores and ranks."""

from __future__ import annotations

from flexsites.tables.field import Field

_UNKNOWN_CRITERION = "a required criterion is unknown"
is_suitable = Field("is_suitable", "bool", "meets all required criteria of the flexmilieu", null=_UNKNOWN_CRITERION)
is_suitable_any = Field(
    "is_suitable",
    "bool",
    "suitable for at least one flexmilieu",
    null=_UNKNOWN_CRITERION,
    not_of=("verdict", "excluded"),
)
is_suitable_demanding = Field(
    "is_suitable_demanding",
    "bool",
    "suitable for at least one flexmilieu that is not marked undemanding (nearly everything passes those)",
    null=_UNKNOWN_CRITERION,
    source="METHOD 0",
    not_of=("verdict", "excluded"),
)
failed_criterion = Field(
    "failed_criterion",
    "str",
    "the required criterion that fails worst",
    null="none fails",
    names="criterion",
    null_is="none",
)
failed_by = Field(
    "failed_by",
    "float",
    "by how much it fails, in the criterion's unit",
    null="none fails, or it was not reached at all",
    low=0,
    null_is="not_applicable",
)
unknown_criteria = Field(
    "unknown_criteria",
    "list",
    "required criteria that are unknown; empty: none",
    names="criterion",
)
score = Field(
    "score",
    "float",
    "weighted mean of the value functions",
    null="no weighted criterion is known",
    low=0,
    high=1,
    kind="intensive",
    format="score",
)
rank = Field(
    "rank",
    "int",
    "1 + the number of suitable locations with a better verdict, or the same and a higher score, over the run; of a "
    "parcel, the best rank of its locations",
    null="not suitable, or in no location that is",
    format="ordinal",
    null_is="not_applicable",
    unknown_with="is_suitable",
)
flexmilieu_first = Field(
    "flexmilieu_first",
    "str",
    "the first suitable flexmilieu in the order of the configuration: a label, which chooses no number",
    null="none is suitable",
    names="flexmilieu",
    null_is="none",
    unknown_with="is_suitable",
    not_of=("verdict", "excluded"),
)
score_known_share = Field(
    "score_known_share",
    "float",
    "share of the weights whose criterion is known",
    low=0,
    high=1,
    kind="intensive",
    format="share",
)
