"""Totals and tables of a whole run, from its results."""
