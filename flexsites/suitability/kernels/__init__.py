"""Three-valued criteria, scores and the matching of need, on arrays: no table, no configuration."""
