"""Which share of a parcel polygons cover, overlaps counted once: for built shares and for coverage of sources."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import FloatArray, GeometryArray
from flexsites.exclusion.kernels.faces import Constraint, has_rule, label_faces


def covered_share(parcels: GeometryArray, polygons: GeometryArray) -> FloatArray:
    """Return the share of each parcel that polygons cover, in [0, 1]; exactly 0 and 1 where none and all is covered.

    Parameters
    ----------
    parcels
        Shape (n,), polygonal. A parcel without area has share 0.
    polygons
        Shape (m,), polygonal; they may overlap. Lines and points cover nothing.

    Examples
    --------
    >>> half_twice = np.array([shapely.box(0, 0, 1, 2), shapely.box(0, 0, 1, 2)])
    >>> covered_share(np.array([shapely.box(0, 0, 2, 2), shapely.box(0, 0, 1, 1)]), half_twice).tolist()
    [0.5, 1.0]
    """
    areal = polygons[shapely.get_dimensions(polygons) >= 2]  # noqa: PLR2004 - polygons have two dimensions
    if not len(areal):  # most layers know no building or no gap: nothing to cut
        return np.zeros(len(parcels))
    faces = label_faces(parcels, [Constraint(0, areal)], 1)
    is_in = has_rule(faces.labels, 1)[:, 0]
    inside = np.bincount(faces.parcel[is_in], faces.area_m2[is_in], minlength=len(parcels))
    total = np.bincount(faces.parcel, faces.area_m2, minlength=len(parcels))
    return np.divide(inside, total, out=np.zeros(len(parcels)), where=total > 0)
