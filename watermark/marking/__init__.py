"""From a corpus to the texts to publish and their vault."""
