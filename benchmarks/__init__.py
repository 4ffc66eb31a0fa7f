"""Benchmarks with targets, run by hand. What must always hold is a test."""
