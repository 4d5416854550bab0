"""A page of factsheets as PDF, one A4 for each place: set by WeasyPrint, from the page itself and nothing besides."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

from flexsites.errors import MissingExtraError, require_extra
from flexsites.tables.whole_files import write_whole


def write_pdf(page: Path) -> Path:
    """Write a page of factsheets as PDF beside it.

    Parameters
    ----------
    page
        What :func:`~flexsites.reporting.report.factsheets.write_factsheets` wrote.

    Returns
    -------
        The same name, with ``.pdf``.

    Raises
    ------
    MissingExtraError
        When the extra ``pdf`` is not installed, or the library of the system that it needs.
    """
    try:
        weasyprint: Any = require_extra("weasyprint", "pdf")
    except OSError as error:
        message = "WeasyPrint finds no Pango. Remedy: install it (on Debian: apt install libpangoft2-1.0-0)."
        raise MissingExtraError(message) from error
    # It tells of every property of the style sheet that is for screens alone.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    # A page of factsheets holds all that it shows: nothing else is fetched for it, from this machine or another.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=("data",))
    document = weasyprint.HTML(string=page.read_text(encoding="utf-8"), url_fetcher=fetcher)
    found = io.BytesIO()
    document.write_pdf(found)
    path = page.with_suffix(".pdf")
    write_whole(path, found.getvalue())
    return path
