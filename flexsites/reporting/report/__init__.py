"""The report, its sections by subject, its map and the factsheets."""
