"""What is built on a parcel: dwelling types, the programme of a flexmilieu, and the standard of a layout.

That the figures of the three estimates only ever loosen, from low to high, is checked here; it is why
low <= expected <= high.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.config.estimates import ESTIMATES, Bounds, Estimate

__all__ = [
    "DwellingShare",
    "DwellingType",
    "LayoutStandard",
    "ParkingRelief",
    "Programme",
    "programme_faults",
]

TransitClass = Literal["A", "B", "C", "D", "E", "F", "geen"]

_SHARE_TOLERANCE = 1e-9


class DwellingType(Model):
    """A home that can be placed: its footprint is gross, its floor area is usable.

    `width_m` lies along the row and `depth_m` across it. `max_storeys` is how many of these homes stand on each
    other. A detached home keeps `side_gap_m` to the next in its row; others share walls.
    """

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    """The id of the dwelling type: the name of its file."""
    label: Label
    """What reports call it."""
    width_m: Number
    """Gross width, along the row."""
    depth_m: Number
    """Gross depth, across the row."""
    usable_floor_area_m2: Number
    """Usable floor area of the home."""
    max_storeys: Number
    """How many of these homes stand on each other at most."""
    vormfactor: Number
    """Usable over gross floor area."""
    is_detached: bool
    """Whether it stands alone instead of sharing walls in a row."""
    side_gap_m: Number | None = None
    """The gap to the next home in the row; given if and only if it is detached."""
    max_persons: Number | None = None
    """The largest household that it is meant for; left out: it is not known whom it fits."""

    @model_validator(mode="after")
    def _is_a_home(self) -> Self:
        if min(self.width_m.value, self.depth_m.value, self.usable_floor_area_m2.value, self.max_storeys.value) <= 0:
            message = f"{self.id}: width_m, depth_m, usable_floor_area_m2 and max_storeys must be above 0"
            raise ValueError(message)
        if self.usable_floor_area_m2.value > self.width_m.value * self.depth_m.value:
            message = f"{self.id}: usable_floor_area_m2 is more than the gross footprint width_m x depth_m"
            raise ValueError(message)
        if not 0 < self.vormfactor.value <= 1:
            message = f"{self.id}: vormfactor is a share of the gross floor area, above 0 and at most 1"
            raise ValueError(message)
        if self.is_detached != (self.side_gap_m is not None):
            message = f"{self.id}: side_gap_m is given if and only if the home is detached"
            raise ValueError(message)
        int(self.max_storeys)
        if self.max_persons is not None and int(self.max_persons) < 1:
            message = f"{self.id}: max_persons is 1 or more"
            raise ValueError(message)
        return self


class DwellingShare(Model):
    """A dwelling type in a programme, with its share of the homes."""

    dwelling_type: str
    """The id of a dwelling type."""
    share: Number
    """Its share of the homes."""


URBANITY = "area_urbanity_class"
"""The measure that tells how urban a place is: 1 very strong, 5 none."""


class Setting(NamedTuple):
    """What of a place decides its parking norm; None: unknown."""

    transit_class: str | None = None
    urbanity_class: int | None = None


class ParkingRelief(Model):
    """Another parking norm, where transit is good or the place is urban; where both are named, both must hold."""

    transit_classes: tuple[TransitClass, ...] = ()
    """The classes of transit quality where the relief holds; left out: whatever the transit."""
    urbanity_classes: tuple[Annotated[int, Field(ge=1, le=5)], ...] = ()
    """The classes of urbanity (CBS: 1 very strong, 5 none) where the relief holds; left out: however urban."""
    norm: Bounds
    """Parking places per home there."""

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if not (self.transit_classes or self.urbanity_classes):
            message = "parking_relief: give transit_classes, urbanity_classes or both"
            raise ValueError(message)
        return self

    def holds(self, setting: Setting) -> bool:
        """Whether the relief holds somewhere; where what it asks is unknown it does not."""
        served = not self.transit_classes or setting.transit_class in self.transit_classes
        return served and (not self.urbanity_classes or setting.urbanity_class in self.urbanity_classes)


class Programme(Model):
    """What a flexmilieu builds on a piece of land.

    `dwellings` is the mix, with shares of the homes that sum to 1; `fsi` is gross floor area per net site area. The
    layout keeps `setback_m` to every edge, puts `row_spacing_m` between rows of one storey and
    `row_spacing_per_storey_m` more for each further storey, keeps lanes of `lane_width_m` along every row and from
    there to the entrance, and stacks up to `n_storeys`. Parking places per home are `parking_norm`, or that of the
    first of `parking_relief` that holds there; where transit or urbanity is unknown it does not. One place holds at
    most `max_units` homes (null: no maximum), and none where it would hold fewer than `min_units`.
    """

    dwellings: tuple[DwellingShare, ...] = Field(min_length=1)
    """The mix of dwelling types; the shares sum to 1."""
    fsi: Bounds
    """Gross floor area per net site area."""
    n_storeys: Bounds
    """How many storeys homes are stacked to."""
    setback_m: Bounds
    """The strip along every edge that stays free."""
    row_spacing_m: Bounds
    """The space between rows of one storey."""
    row_spacing_per_storey_m: Bounds
    """The space between rows that each further storey adds."""
    lane_width_m: Bounds
    """The width of the lane along every row and of the one across the rows."""
    parking_norm: Bounds
    """Parking places per home."""
    parking_relief: tuple[ParkingRelief, ...] = ()
    """Other norms where transit is good or the place urban, the first that holds; what is unknown has no relief."""
    min_units: Bounds
    """The fewest homes of one place: where it would hold fewer, it holds none."""
    max_units: Bounds | None = None
    """The most homes of one place; left out: no maximum."""
    has_lift: bool = False
    """Whether stacked homes have a lift: else only those on the ground floor are level."""

    @model_validator(mode="after")
    def _shares_are_whole(self) -> Self:
        shares = [one.share.value for one in self.dwellings]
        if min(shares) <= 0 or abs(math.fsum(shares) - 1.0) > _SHARE_TOLERANCE:
            message = f"dwellings: shares must be above 0 and sum to 1, they are {shares}"
            raise ValueError(message)
        names = [one.dwelling_type for one in self.dwellings]
        if len(set(names)) < len(names):
            message = f"dwellings: a dwelling type is named twice in {names}"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _bounds_loosen(self) -> Self:
        """Refuse bounds under which the high estimate could hold fewer homes than the low one."""
        loose = {"fsi": self.fsi, "n_storeys": self.n_storeys}
        tight = {
            "setback_m": self.setback_m,
            "row_spacing_m": self.row_spacing_m,
            "row_spacing_per_storey_m": self.row_spacing_per_storey_m,
            "lane_width_m": self.lane_width_m,
            "parking_norm": self.parking_norm,
        } | {f"parking_relief.{i}.norm": relief.norm for i, relief in enumerate(self.parking_relief)}
        wrong = [f"{name} must not fall from low to high" for name, bounds in loose.items() if not bounds.is_rising()]
        wrong += [f"{name} must not rise from low to high" for name, bounds in tight.items() if not bounds.is_falling()]
        if min(self.setback_m.values()) <= 0:
            wrong.append("setback_m must be above 0: homes do not stand on the boundary")
        if min(self.lane_width_m.values()) <= 0:
            wrong.append("lane_width_m must be above 0: every home lies on a lane")
        for figure in (self.n_storeys.low, self.n_storeys.expected, self.n_storeys.high):
            if int(figure) < 1:
                wrong.append("n_storeys must be 1 or more")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @model_validator(mode="after")
    def _relief_relieves(self) -> Self:
        whatever = [relief for relief in self.parking_relief if not relief.urbanity_classes]
        classes = [name for relief in whatever for name in relief.transit_classes]
        if len(set(classes)) < len(classes):
            message = f"parking_relief: a transit class has two norms in {classes}"
            raise ValueError(message)
        for relief in self.parking_relief:
            pairs = zip(relief.norm.values(), self.parking_norm.values(), strict=True)
            if any(relieved > plain for relieved, plain in pairs):
                named = relief.transit_classes + relief.urbanity_classes
                message = f"parking_relief: the norm for {named} is above the norm without relief"
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _sizes_agree(self) -> Self:
        given = [self.min_units, *([] if self.max_units is None else [self.max_units])]
        for figure in (one for bounds in given for one in (bounds.low, bounds.expected, bounds.high)):
            int(figure)
        wrong = ["min_units must be 1 or more"] if min(self.min_units.values()) < 1 else []
        if not self.min_units.is_falling():
            wrong.append("min_units must not rise from low to high")
        if self.max_units is not None and not self.max_units.is_rising():
            wrong.append("max_units must not fall from low to high")
        if self.max_units is not None and any(
            most < least for least, most in zip(self.min_units.values(), self.max_units.values(), strict=True)
        ):
            wrong.append("max_units is below min_units")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def cluster_sizes(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the fewest and the most homes of one place, at the low, the expected and the high estimate."""
        most = (math.inf,) * len(ESTIMATES) if self.max_units is None else self.max_units.values()
        return self.min_units.values(), most

    def parking_at(self, setting: Setting, estimate: Estimate) -> float:
        """Return the parking norm in places per home; what is unknown of a place gives no relief."""
        norms = (relief.norm for relief in self.parking_relief if relief.holds(setting))
        return next(norms, self.parking_norm).at(estimate)

    @property
    def asks_urbanity(self) -> bool:
        """Whether the parking norm hangs on how urban a place is."""
        return any(relief.urbanity_classes for relief in self.parking_relief)

    def mix_text(self) -> str:
        """Return the mix for the column `dwelling_mix`, such as ``studio:0.80|two_bedroom_50m2:0.20``."""
        return "|".join(f"{one.dwelling_type}:{one.share.value:.2f}" for one in self.dwellings)


class LayoutStandard(Model):
    """What all layouts and densities have in common.

    Rows are tried in `n_directions` equal turns of half a circle from the long axis of the smallest rectangle round a
    piece, besides along and across its longest edge. Homes that share walls stand in rows; stacked ones have stairs and
    a gallery. A parking place takes `parking_width_m` of a row of homes.
    """

    gross_net_factor: Number
    """Dwellings per net hectare over dwellings per gross hectare."""
    row_step_m: Number
    """Rows are tried at every multiple of this, from the setback on."""
    fine_row_step_m: Number
    """Along the best lanes rows are tried at every multiple of this too, where too few homes fit."""
    n_directions: Number
    """How many turns of the rows are tried, besides along and across the longest edge."""
    max_spines: Number
    """How many lanes across the rows are laid at most."""
    max_row_length_m: Number
    """The longest row of homes that share walls, stairs included."""
    min_row_modules: Number
    """The fewest modules side by side in such a row."""
    fire_gap_m: Number
    """The gap between two rows that stops fire."""
    stairs_width_m: Number
    """The width of the stairs of a row of stacked homes."""
    gallery_width_m: Number
    """The width of the gallery along a row of stacked homes."""
    parking_width_m: Number
    """The width of a parking place."""
    parking_depth_m: Number
    """The depth of a parking place."""
    parking_aisle_m: Number
    """The least free ground in front of a parking place."""
    parking_distance_m: Number
    """The farthest a parking place lies from its home, straight."""
    yard_area_m2: Number
    """The ground for bicycles, waste and play, per home."""
    water_share: Number
    """The share of the land that is kept for water."""
    min_water_width_m: Number
    """The least width of water."""
    verge_m: Number
    """What is kept between a lane and the edge of the land, and between a wall and water."""
    min_usable_floor_area_m2: Number
    """The least usable floor area of a self-contained home."""

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        positive = (
            *(
                "gross_net_factor",
                "row_step_m",
                "fine_row_step_m",
                "max_row_length_m",
                "parking_width_m",
                "parking_depth_m",
            ),
            *("parking_aisle_m", "parking_distance_m", "min_water_width_m", "verge_m"),
        )
        wrong = [f"{name} must be above 0" for name in positive if float(getattr(self, name)) <= 0]
        wrong += [
            f"{name} must be 1 or more"
            for name in ("n_directions", "max_spines", "min_row_modules")
            if int(getattr(self, name)) < 1
        ]
        if self.water_share.value >= 1:
            wrong.append("water_share is a share of the land, below 1")
        if self.gross_net_factor.value < 1:
            wrong.append("gross_net_factor must be 1 or more: the gross area holds the net area")
        if self.fine_row_step_m.value > self.row_step_m.value:
            wrong.append("fine_row_step_m must be at most row_step_m")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def programme_faults(
    programme: Programme, dwelling_types: Mapping[str, DwellingType], layout: LayoutStandard
) -> list[str]:
    """Tell what in a programme does not go together with the dwelling types it names.

    Widths in a mix must be whole multiples of the narrowest (homes are made of side-by-side modules), only one type may
    be wider than that, and of n modules it may be 1/n of the homes, so that rows of any length hold it: see
    `flexsites.capacity.kernels.dwelling_mix`.

    Returns
    -------
        One sentence per fault; empty if there is none.
    """
    unknown = [one.dwelling_type for one in programme.dwellings if one.dwelling_type not in dwelling_types]
    if unknown:
        return [f"dwelling type {name} is not defined" for name in unknown]
    types = [dwelling_types[one.dwelling_type] for one in programme.dwellings]
    least = layout.min_usable_floor_area_m2.value
    faults = [
        f"{one.id} has {one.usable_floor_area_m2.value:g} m2 usable, the minimum is {least:g}"
        for one in types
        if one.usable_floor_area_m2.value < least
    ]
    stackable = min(one.max_storeys.value for one in types)
    if programme.n_storeys.high.value > stackable:
        faults.append(f"n_storeys goes to {programme.n_storeys.high.value:g}, the mix stacks to {stackable:g}")
    widths = [one.width_m.value for one in types]
    shortest = max(int(layout.min_row_modules) * min(widths), *widths)
    if layout.max_row_length_m.value < layout.stairs_width_m.value + shortest:
        faults.append("a row of max_row_length_m is too short for stairs and its fewest homes")
    if programme.parking_norm.low.value > 0 and layout.parking_depth_m.value > max(one.depth_m.value for one in types):
        faults.append("a parking place is deeper than a row of these homes")
    return faults + _mix_faults(programme, types)


def _mix_faults(programme: Programme, types: list[DwellingType]) -> list[str]:
    bay_m = min(one.width_m.value for one in types)
    n_bays = [one.width_m.value / bay_m for one in types]
    if any(abs(n - round(n)) > _SHARE_TOLERANCE for n in n_bays):
        return [f"the widths in a mix must be whole multiples of the narrowest ({bay_m:g} m)"]
    if len(types) > 1 and any(one.is_detached for one in types):
        return ["a detached home stands alone in its programme"]
    wide = [(round(n), one.share.value) for n, one in zip(n_bays, programme.dwellings, strict=True) if round(n) > 1]
    if len(wide) > 1:
        return ["only one dwelling type of a mix may be wider than the narrowest"]
    return [
        f"the share of the home of {n:,} modules is {share:g}; "
        f"at most 1/{n:,} of the homes find {n:,} modules side by side"
        for n, share in wide
        if share > 1 / n + _SHARE_TOLERANCE
    ]
