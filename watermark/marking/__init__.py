"""Turn a corpus into texts to publish and a vault."""
