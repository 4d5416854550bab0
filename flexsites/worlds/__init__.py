"""Synthetic places of any size, with answers known by construction."""
