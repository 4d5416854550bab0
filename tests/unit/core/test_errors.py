"""Errors keep what they know across processes, and are told in one line each."""

from __future__ import annotations

import inspect
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest

from flexsites import errors
from flexsites.errors import Fault, FlexsitesError, InputError, raise_faults, require_extra

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, FlexsitesError)]
FAULTS = (Fault("null geometry", "a.gpkg: Parcels.geometry", "mend it", 2, ("x", "y")), "a sentence")


def _fail(kind: type[FlexsitesError]) -> None:
    raise kind(FAULTS)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_pickling(kind: type[FlexsitesError]) -> None:
    again = pickle.loads(pickle.dumps(kind(FAULTS)))  # noqa: S301 - our own
    assert type(again) is kind
    assert again.faults == FAULTS
    assert str(again) == str(kind(FAULTS))


def test_an_error_crosses_processes() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for kind in (InputError, errors.RunError):
            with pytest.raises(kind) as told:
                pool.submit(_fail, kind).result()
            assert told.value.faults == FAULTS


def test_each_error_is_the_fitting_builtin() -> None:
    assert len(KINDS) >= 8
    builtins = (ValueError, TypeError, ImportError, RuntimeError, LookupError)
    assert all(issubclass(kind, builtins) for kind in KINDS if kind is not FlexsitesError)


def test_several_faults_are_numbered_and_one_is_not() -> None:
    assert str(InputError("one")) == "one"
    assert str(InputError(["one", FAULTS[0]])).splitlines() == [
        "1. one",
        "2. a.gpkg: Parcels.geometry: null geometry (2 rows: x, y). Remedy: mend it.",
    ]


def test_at_most_three_ids_are_shown() -> None:
    assert str(Fault("wrong", "here", "mend", 5, [1, 2, 3, 4, 5])) == "here: wrong (5 rows: 1, 2, 3). Remedy: mend."
    assert str(Fault("wrong", "here", "mend", 1)) == "here: wrong (1 row). Remedy: mend."


def test_faults_are_raised_together_or_not_at_all() -> None:
    raise_faults([])
    with pytest.raises(InputError) as told:
        raise_faults([FAULTS[0], FAULTS[0]])  # type: ignore[list-item]
    assert len(told.value.faults) == 2


def test_a_missing_extra_names_what_to_install() -> None:
    with pytest.raises(errors.MissingExtraError, match=r"pip install 'flexsites\[view\]'"):
        require_extra("flexsites_no_such_module", "view")
