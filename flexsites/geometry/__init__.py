"""Kernels that two stages or more share: numpy and shapely only."""
