"""A run in the browser, of any size: a small web app on this machine alone, which changes nothing in the results.

``serve`` starts it. Tiles and an index for search are made once per run, in its folder ``view``.
"""
