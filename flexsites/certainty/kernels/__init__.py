"""Kernels of certainty: arrays in, arrays out."""
