"""A run: where it stands, what it prepares, its cells, what is gathered across them, and its manifest."""
