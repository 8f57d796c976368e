"""Questions for a model that only answers in words, and its answers."""
