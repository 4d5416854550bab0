"""Tests of flexsites: unit, property, golden, pipelines, contracts and benchmarks."""
