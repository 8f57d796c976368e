"""Paired timings and peak memory; each module is a command of its own."""
