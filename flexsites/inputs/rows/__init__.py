"""Rows of any source: selected, renamed, checked and counted."""
