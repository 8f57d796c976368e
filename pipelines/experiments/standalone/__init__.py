"""Programs with their own options, outside the runner."""
