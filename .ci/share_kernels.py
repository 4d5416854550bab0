"""Let a checkout and an installed flexsites use each other's kernels: ``python -P .ci/share_kernels.py CHECKOUT``.

The compiler keeps what it compiled per folder of source. The checkout has another path than the installed package, and
the same source: the folder that both keep their kernels in is named by the source's digest, so that what lies below it
can be one folder for both.
"""

from __future__ import annotations

import sys
from pathlib import Path

from numba.core.caching import _CacheLocator

import flexsites
from flexsites.compiled import CACHE_DIRECTORY, kernel_sources

installed = Path(flexsites.__file__).parent
checkout = Path(sys.argv[1]) / "flexsites"
if installed == checkout:
    sys.exit("flexsites is not installed apart from the checkout: there is nothing to share")
for path in kernel_sources():
    kept = CACHE_DIRECTORY / _CacheLocator.get_suitable_cache_subpath(str(path))
    same = CACHE_DIRECTORY / _CacheLocator.get_suitable_cache_subpath(str(checkout / path.relative_to(installed)))
    kept.mkdir(parents=True, exist_ok=True)
    if not same.exists():
        same.symlink_to(kept, target_is_directory=True)
