"""A vault and a model go in, a verdict comes out."""
