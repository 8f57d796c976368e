"""Open what an option names: models, schemes, sources, labelled data."""
