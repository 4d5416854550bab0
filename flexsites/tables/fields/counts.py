"""Columns of the counts of homes: room, per cluster, spread supply and the common programme (METHOD 0, "Homes")."""

from __future__ import annotations

from flexsites.tables.field import Field

_HOMES = "METHOD 0: homes"
_IF_AVAILABLE = "; where the verdict is unknown, if the land proves available"
_AT = {"low": " at the low figures", "expected": "", "high": " at the high figures"}


def _homes(name: str, what: str, *, adds_up: bool = True, null: str | None = None) -> tuple[Field, Field, Field]:
    """Return the columns of a count: low, expected, high."""
    low, expected, high = (
        Field(
            f"{name}_{one}",
            "int",
            what.format(at=at),
            null=null,
            low=0,
            kind="extensive" if adds_up else None,
            source=_HOMES,
        )
        for one, at in _AT.items()
    )
    return low, expected, high


n_room_low, n_room_expected, n_room_high = _homes(
    "n_room", f"room{{at}}: homes that the land takes, min(density, layout) on its core part, no cap{_IF_AVAILABLE}"
)
n_room_clusters = Field(
    "n_room_clusters",
    "int",
    "room at the expected figures, at which clusters are formed: also where a variant counts its low or high estimate "
    "as the expected one",
    low=0,
    kind="extensive",
    source=_HOMES,
)
n_per_cluster_low, n_per_cluster_expected, n_per_cluster_high = _homes(
    "n_per_cluster",
    "homes that one place here would hold{at}: min(maximum, room), 0 below the minimum; never totalled"
    f"{_IF_AVAILABLE}",
    adds_up=False,
)
_NO_CONSENT = (
    " on the land of the location that needs no consent: of one whose only parcel is eligible, and lies in no other, "
    "what that parcel is told to hold"
)
_DOUBTED = "the verdict of a parcel of the location is unknown"
n_room_without_consent_low, n_room_without_consent_expected, n_room_without_consent_high = _homes(
    "n_room_without_consent", f"room{{at}}{_NO_CONSENT}", null=_DOUBTED
)
n_per_cluster_without_consent_low, n_per_cluster_without_consent_expected, n_per_cluster_without_consent_high = _homes(
    "n_per_cluster_without_consent",
    f"homes that one place would hold{{at}}{_NO_CONSENT}; never totalled",
    adds_up=False,
    null=_DOUBTED,
)
n_spread_low, n_spread_expected, n_spread_high = _homes(
    "n_spread",
    "homes of the cluster{at}: its pieces' rooms together, cut at the maximum, 0 below the minimum",
)
programme_area_m2 = Field(
    "programme_area_m2",
    "float",
    "core area that the common programme is counted on: of an eligible parcel the pieces that need no consent, of a "
    "conditional one those with consent, of an unknown one all that may remain, of an excluded one none",
    unit="m2",
    low=0,
    kind="extensive",
    source=_HOMES,
)
n_common_low, n_common_expected, n_common_high = (
    Field(
        f"n_common_{one}",
        "float",
        f"common programme{at}: homes of any kind on that area at a common density, not rounded; the number for all "
        f"that spans flexmilieus{_IF_AVAILABLE}",
        low=0,
        kind="extensive",
        source=_HOMES,
        format="count",
    )
    for one, at in _AT.items()
)
consent = Field(
    "consent",
    "str",
    "without: the pieces of the second reading, in which every rule that asks consent excludes; with: of the first",
    values=("without", "with"),
    source="METHOD 0",
    names="consent",
)
seed_piece_id = Field("seed_piece_id", "str", "the piece that the cluster starts from", format="code")
cluster_pieces = Field("cluster_pieces", "list", "the pieces of the cluster, by id")
n_cluster_pieces = Field("n_cluster_pieces", "int", "pieces of the cluster", low=1)
is_layout_least = Field("is_layout_least", "bool", "the layout was counted no further: it holds at least that many")
n_modules_low, n_modules_expected, n_modules_high = (
    Field(f"n_modules_{one}", "int", f"modules of a layout{at}", low=0) for one, at in _AT.items()
)
