"""Attacks on whoever audits: a suspect that falsifies its answers about candidates."""
