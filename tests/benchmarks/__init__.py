"""Benchmarks: the same work by flexsites and by its peers, measured in one run on one machine."""
