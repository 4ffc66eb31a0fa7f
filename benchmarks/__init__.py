"""Measurements: run by hand, with a target each. What must hold at all times is a test."""
