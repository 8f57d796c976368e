"""Attacks on whoever audits: a suspect that recognises the questions."""
