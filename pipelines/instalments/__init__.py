"""Corpora in parts: instalments of a vault that grows, and editions by licensee."""
