"""Traces: per-token outputs of a model for a text."""
