"""What a model says of a text, token by token."""
