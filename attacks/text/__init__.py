"""Attacks on the text, one file each."""
