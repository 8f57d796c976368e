"""Attacks on a trained model, one file each."""
