"""Which land may not be used, and by which rule."""
