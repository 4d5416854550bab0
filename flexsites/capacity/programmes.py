"""A programme's figures as the kernels of density and layout take them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels import density
from flexsites.capacity.kernels.dwelling_mix import modules_of_homes
from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.config.dwellings import DwellingType, LayoutStandard, Programme, Setting, programme_faults
from flexsites.config.estimates import Estimate
from flexsites.errors import ConfigError, Fault, raise_faults

__all__ = ["Mix", "layout_of", "mixes_of", "modules_enough"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Mix:
    """What the dwelling types of a programme are together."""

    gross_floor_area_m2: float
    module_width_m: float
    side_gap_m: float
    depth_m: float
    n_wide: int
    wide_share: float
    gross_net_factor: float

    def per_ha_gross(self, fsi: float) -> float:
        """Return the homes per gross hectare of an FSI."""
        net = density.dwellings_per_ha_net(fsi, self.gross_floor_area_m2)
        return density.dwellings_per_ha_gross(net, self.gross_net_factor)

    @property
    def homes_per_module(self) -> float:
        """Homes per module; below 1 where some homes take more than one."""
        return 1.0 / (1.0 + (self.n_wide - 1) * self.wide_share)


def mixes_of(
    programmes: Mapping[str, Programme], dwelling_types: Mapping[str, DwellingType], layout: LayoutStandard
) -> dict[str, Mix]:
    """Return what the dwelling types of each programme are together.

    Raises
    ------
    ConfigError
        If a programme and its dwelling types do not go together, all faults at once.
    """
    faults = [
        Fault(what, f"programme of {name}", "make the programme and its dwelling types agree")
        for name, programme in programmes.items()
        for what in programme_faults(programme, dwelling_types, layout)
    ]
    raise_faults(faults, ConfigError)
    return {name: _mix(programme, dwelling_types, layout) for name, programme in programmes.items()}


def _mix(programme: Programme, dwelling_types: Mapping[str, DwellingType], layout: LayoutStandard) -> Mix:
    types = [dwelling_types[one.dwelling_type] for one in programme.dwellings]
    shares = np.array([one.share.value for one in programme.dwellings])
    floor_area = np.array([one.usable_floor_area_m2.value for one in types])
    widths = np.array([one.width_m.value for one in types])
    n_modules = np.rint(widths / widths.min()).astype(np.int64)
    gap = max((one.side_gap_m.value for one in types if one.side_gap_m is not None), default=0.0)
    return Mix(
        gross_floor_area_m2=density.gross_floor_area_per_dwelling(
            shares, floor_area, np.array([one.vormfactor.value for one in types])
        ),
        module_width_m=float(widths.min()),
        side_gap_m=gap,
        depth_m=max(one.depth_m.value for one in types),
        n_wide=int(n_modules.max()),
        wide_share=float(shares[n_modules > 1].sum()),
        gross_net_factor=layout.gross_net_factor.value,
    )


def layout_of(programme: Programme, mix: Mix, layout: LayoutStandard, estimate: Estimate, setting: Setting) -> Layout:
    """Return the figures of a layout: a programme at one estimate and one parking norm."""
    return Layout(
        width_m=mix.module_width_m,
        side_gap_m=mix.side_gap_m,
        depth_m=mix.depth_m,
        n_bays_min=max(mix.n_wide, 1 if mix.side_gap_m > 0 else int(layout.min_row_modules)),
        n_wide=mix.n_wide,
        homes_per_module=mix.homes_per_module,
        setback_m=programme.setback_m.at(estimate),
        row_spacing_m=programme.row_spacing_m.at(estimate),
        row_spacing_per_storey_m=programme.row_spacing_per_storey_m.at(estimate),
        lane_m=programme.lane_width_m.at(estimate),
        n_storeys=int(programme.n_storeys.at(estimate)),
        parking_norm=programme.parking_at(setting, estimate),
        place_m=layout.parking_width_m.value,
        place_depth_m=layout.parking_depth_m.value,
        aisle_m=layout.parking_aisle_m.value,
        parking_distance_m=layout.parking_distance_m.value,
        run_max_m=layout.max_row_length_m.value,
        fire_gap_m=layout.fire_gap_m.value,
        stairs_m=layout.stairs_width_m.value,
        gallery_m=layout.gallery_width_m.value,
        yard_m2=layout.yard_area_m2.value,
        water_share=layout.water_share.value,
        water_min_m=layout.min_water_width_m.value,
        verge_m=layout.verge_m.value,
        step_m=layout.row_step_m.value,
        fine_step_m=layout.fine_row_step_m.value,
    )


def modules_enough(area_m2: NDArray[np.float64], programme: Programme, mix: Mix) -> Ints:
    """Return how many modules a layout is counted up to: what the top of the declared range of density asks.

    The same for all three estimates, so that a density raised within its range is answered without another layout.
    """
    most = density.dwellings_by_density(area_m2, mix.per_ha_gross(programme.fsi.high.value))
    return modules_of_homes(np.floor(most).astype(np.int64), mix.wide_share, mix.n_wide)
