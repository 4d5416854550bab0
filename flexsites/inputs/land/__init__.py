"""Parcels, layers, areas, ownership and demand: what lies on the land."""
