"""Golden files: small results kept in the repository, compared with what the code gives today."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

MAX_BYTES = 200_000
"""A golden file is there to be read: larger ones are refused."""


@dataclass(frozen=True)
class Golden:
    """
    The folder of golden files.

    Parameters
    ----------
    folder
        Where they are.
    is_updating
        Rewrite instead of compare.
    """

    folder: Path
    is_updating: bool = False

    def check_kept(self, result: object, name: str, *, relative: float = 1e-9, absolute: float = 1e-6) -> None:
        """
        Compare a result with a golden file.

        Parameters
        ----------
        result
            Frame for .parquet and .csv (rows in the order of the result), plain values for .json, text for .txt.
        name
            Path inside the folder; its suffix decides the format.
        relative, absolute
            Tolerances of floats; ``absolute`` (in metres) is also the tolerance of coordinates after normalising.

        Raises
        ------
        AssertionError
            If the file is absent or differs.
        ValueError
            If the suffix is unknown or the file would be too large to read.
        """
        path = self.folder / name
        if self.is_updating:
            _write(result, path)
            return
        if not path.exists():
            message = f"no golden file {name}: run pytest --update-golden, read the file, and commit it"
            raise AssertionError(message)
        if isinstance(result, pd.DataFrame):
            _compare_frames(result, _read(path, result), relative, absolute)
        elif path.suffix == ".json":
            _compare_values(json.loads(json.dumps(result)), _read(path, result), relative, name)
        else:
            assert result == _read(path, result), f"{name} differs"


def _write(result: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".parquet":
            result.to_parquet(path)
        case ".csv":
            _as_text(result).to_csv(path, index=False, lineterminator="\n")
        case ".json":
            path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        case ".txt":
            path.write_text(result, encoding="utf-8")
        case _:
            message = f"golden files are .parquet, .csv, .json or .txt, not {path.name}"
            raise ValueError(message)
    size = path.stat().st_size
    if size > MAX_BYTES:
        path.unlink()
        message = f"{path.name} would be {size:,} bytes; a golden file must stay below {MAX_BYTES:,}"
        raise ValueError(message)


def _read(path: Path, result: object) -> Any:
    match path.suffix:
        case ".parquet":
            return gpd.read_parquet(path) if isinstance(result, gpd.GeoDataFrame) else pd.read_parquet(path)
        case ".csv":
            return pd.read_csv(path, dtype=str, keep_default_na=False)
        case ".json":
            return json.loads(path.read_text(encoding="utf-8"))
        case _:
            return path.read_text(encoding="utf-8")


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn geometry into WKT to the millimetre, and join lists, so that a csv can be read and compared by eye."""
    plain = pd.DataFrame({name: frame[name] for name in frame.columns})
    for name in plain.columns:
        if str(plain[name].dtype) == "geometry":
            normal = shapely.normalize(np.asarray(plain[name], dtype=object))
            plain[name] = shapely.to_wkt(normal, rounding_precision=3, trim=True)
        elif any(isinstance(one, tuple) for one in plain[name]):
            plain[name] = plain[name].map("|".join, na_action="ignore")
    return plain


def _compare_frames(result: pd.DataFrame, kept: pd.DataFrame, relative: float, absolute: float) -> None:
    if all(str(dtype) in {"str", "object", "string"} for dtype in kept.dtypes) and not kept.empty:
        result = _from_text(_as_text(result))
        kept = _from_text(kept)
    assert list(result.columns) == list(kept.columns), "the columns differ"
    assert len(result) == len(kept), f"{len(result)} rows, kept are {len(kept)}"
    shapes = [name for name in result.columns if str(result[name].dtype) == "geometry"]
    for name in shapes:
        ours, theirs = (shapely.normalize(np.asarray(side[name], dtype=object)) for side in (result, kept))
        same = shapely.equals_exact(ours, theirs, tolerance=absolute) | (
            shapely.is_missing(ours) & shapely.is_missing(theirs)
        )
        assert same.all(), f"{name} differs in rows {np.flatnonzero(~same)[:5].tolist()}"
    left, right = (pd.DataFrame(side.drop(columns=shapes)).reset_index(drop=True) for side in (result, kept))
    pd.testing.assert_frame_equal(left, right, rtol=relative, atol=absolute)


def _from_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Read a frame back through csv, so that both sides have the same dtypes."""
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)), keep_default_na=False, na_values=[""])


def _compare_values(ours: object, theirs: object, relative: float, where: str) -> None:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        assert sorted(ours) == sorted(theirs), f"{where}: the keys differ"
        for key in theirs:
            _compare_values(ours[key], theirs[key], relative, f"{where}.{key}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        assert len(ours) == len(theirs), f"{where}: {len(ours)} values, kept are {len(theirs)}"
        for position, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            _compare_values(one, other, relative, f"{where}[{position}]")
    elif isinstance(theirs, float) and isinstance(ours, float | int):
        assert np.isclose(ours, theirs, rtol=relative, atol=0.0), f"{where}: {ours} is not {theirs}"
    else:
        assert ours == theirs, f"{where}: {ours!r} is not {theirs!r}"
