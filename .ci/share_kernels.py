"""Let a checkout use the kernels that an installed flexsites compiled: ``python -P .ci/share_kernels.py CHECKOUT``.

The compiler keeps what it compiled per folder of source. The checkout has another path than the installed package, and
the same source: the folder that both keep their kernels in is named by the source's digest.
"""

from __future__ import annotations

import shutil
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
    if kept.is_dir() and not same.exists():
        shutil.copytree(kept, same)
