"""What a text is made of: sentences, words, protected spans, rarity."""
