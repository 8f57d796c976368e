"""The audit: from a vault and a model to a verdict."""
