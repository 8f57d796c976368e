"""What may happen to a marked text, or to a model trained on it. No attack knows a key."""
