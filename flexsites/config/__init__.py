"""Frozen models of what configs/ may say. They compute nothing."""
