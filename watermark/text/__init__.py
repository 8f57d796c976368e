"""Text analysis: sentences, words, protected spans, rarity."""
