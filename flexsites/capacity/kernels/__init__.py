"""How many homes fit on a shape or a roof, on arrays: no table, no configuration."""
