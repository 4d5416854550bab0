"""What tests of sources share: services on loopback are waited for as briefly as they can be."""

from __future__ import annotations

import pytest

from flexsites.inputs.formats import download, download_api, web

_WAIT_S = 0.001


@pytest.fixture(autouse=True)
def _waits_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait thousandths of a second where people's services are given seconds."""
    monkeypatch.setattr(download_api, "_FIRST_WAIT_S", _WAIT_S)
    monkeypatch.setattr(download, "_WAIT_S", _WAIT_S)
    monkeypatch.setattr(web, "_BACKOFF_S", _WAIT_S)
