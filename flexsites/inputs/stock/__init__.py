"""Buildings, dwellings, roofs and portfolios."""
