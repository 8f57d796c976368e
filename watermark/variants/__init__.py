"""Choices that English leaves free: the second source of sites, one kind a file."""
