"""What one cell of an experiment does."""
