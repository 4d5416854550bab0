"""Order and extent: what is run after what, and over what. No arithmetic and no column names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flexsites.config.study import Study
from flexsites.runs.run import Options, held, place_of
from flexsites.runs.stored import publish_results
from pipelines import corporation_roofs, municipal_shortlist, provincial_sweep


def _one_at_a_time(pipeline: Callable[[Study, Options], Path]) -> Callable[[Study, Options], Path]:
    """Let a pipeline hold its directory from the first file to the last: two runs of one content would mix parts.

    Its manifest is written last: before that the directory is not that of a finished run.
    """

    def run(study: Study, options: Options) -> Path:
        """Run the pipeline, alone in its directory."""
        with held(place_of(study, options)):
            directory = pipeline(study, options)
        if options.store:
            publish_results(directory, options)
        return directory

    return run


PIPELINES: dict[str, Callable[[Study, Options], Path]] = {
    "provincial_sweep": _one_at_a_time(provincial_sweep.run),
    "municipal_shortlist": _one_at_a_time(municipal_shortlist.run),
    "corporation_roofs": _one_at_a_time(corporation_roofs.run),
}
