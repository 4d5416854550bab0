"""Serve a run on this machine alone, and open the browser."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

from flexsites.errors import Fault, RunError, require_extra

_HOST = "127.0.0.1"


def serve(
    directory: Path | str,
    *,
    port: int = 0,
    lang: str = "nl",
    opens: bool = True,
    workers: int = 2,
    say: Callable[[str], None] = print,
) -> None:
    """Serve a run until it is stopped.

    Parameters
    ----------
    directory
        The run's directory.
    port
        Where; 0: any that is free.
    lang
        The language that the page opens in.
    opens
        Whether to open the browser.
    workers
        How many processes answer a question of rules; each holds the land of the run.
    say
        Where to tell the address.

    Raises
    ------
    MissingExtraError
        When the extra ``view`` is not installed.
    InputError
        When the directory holds no results.
    RunError
        When the port is taken.
    """
    uvicorn = require_extra("uvicorn", "view")
    require_extra("starlette", "view")
    require_extra("pmtiles", "view")
    from flexsites.view.application import application  # noqa: PLC0415 - needs the extra
    from flexsites.view.opened import open_run  # noqa: PLC0415 - loading a run takes seconds
    from flexsites.view.what_if import Asked  # noqa: PLC0415 - needs the extra
    from flexsites.view.what_if_roofs import AskedRoofs  # noqa: PLC0415 - needs the extra

    listening = _bound(port)
    run = open_run(directory, say=say, beside=True)
    asked, asked_roofs = Asked(run.results.directory, workers), AskedRoofs(run.results.directory)
    app = application(run, asked, asked_roofs)
    address = f"http://{_HOST}:{listening.getsockname()[1]}/?lang={lang}"
    say(f"{address} shows {directory}; Ctrl+C ends it.")
    if opens:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    # Of a run of both, roofs are opened when they are asked.
    (asked if run.results.has_sites else asked_roofs).prepare()
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        asked.end()


def _bound(port: int) -> socket.socket:
    """Return a socket of this machine alone; taken before the run is opened, which may take a while."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((_HOST, port))
    except OSError as error:
        made.close()
        raise RunError(Fault(f"port {port} cannot be had ({error.strerror})", _HOST, "give another --port")) from error
    return made
