"""The documentation that travels with the package: pages written by hand, and reference made of what the code says.

Pages of both kinds are Markdown, which is readable as it is. `flexsites docs` makes HTML of them on the user's own
machine; a link to nowhere, a name that the code does not have and a cell without a word are faults, and stop it.
"""
