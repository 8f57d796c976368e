"""The work of one cell of an experiment."""
