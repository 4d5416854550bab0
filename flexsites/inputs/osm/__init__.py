"""Streets and amenities of OpenStreetMap, from an extract or by the name of a place."""
