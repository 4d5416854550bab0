"""Raw source to canonical table: the only place that knows source columns, formats and projections."""
