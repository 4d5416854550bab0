"""Whatever a file has become, it is read right or told in words: no traceback, and no wait without an end.

Law, per reader: a check of a damaged delivery returns faults that name a source, or none; it raises nothing, and it
ends within half a minute.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexsites.inputs.prepare import check, prepare
from tests.conftest import examples
from tests.property.damage import damage
from tests.property.deliveries import READERS, deliver, request_of

LONGEST_S = 30.0


@pytest.mark.parametrize("reader", READERS)
def test_a_sound_delivery_is_found_sound(reader: str, tmp_path: Path) -> None:
    given = deliver(reader, tmp_path).sources
    found = prepare(given, directory=tmp_path / "out", base=tmp_path, request=request_of(given))
    assert all(record.n_read for record in found.records)
    assert [str(fault) for fault in check(given, base=tmp_path, request=request_of(given)).faults] == []


@pytest.mark.filterwarnings("ignore")  # what GDAL and shapely say of damage on their way is no answer yet
@pytest.mark.parametrize("reader", READERS)
@examples(40)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_delivery_is_read_or_told(reader: str, seed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        delivery = deliver(reader, folder)
        damage(delivery.file, seed)
        start = time.process_time()
        faults = check(delivery.sources, base=folder, request=request_of(delivery.sources)).faults
        assert time.process_time() - start < LONGEST_S
        assert all(str(fault).strip() for fault in faults)
