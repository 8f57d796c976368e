"""EDITS and TRAINING that someone may use to lose the marks. Knows no key."""
