"""Programs with options of their own, outside the runner."""
