"""Formats: files, archives, downloads, services and projections, whatever the rows become."""
