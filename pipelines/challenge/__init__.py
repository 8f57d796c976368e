"""The files of a challenge and of its answers, in both forms."""
