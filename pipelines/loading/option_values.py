"""Names a command line chooses among, kept apart from the modules that are slow to import."""

from typing import Literal

SchemeName = Literal["leximark", "random_sequence", "look_alikes", "traps", "trigger", "rewriting"]
"""The schemes of `pipelines.loading.schemes.default_schemes`."""

Form = Literal["plain", "wikimia", "bookmia", "mimir", "patentmia"]
"""Data sets of labelled texts; `pipelines.loading.labelled` describes their columns."""

ControlTest = Literal["control", "dataset-inference", "conformal"]
"""Tests against a control group that was not drawn at random."""

PlannedSuspect = Literal["base", "public", "none", "choices"]
"""What a suspect returns and is compared with; the rows of `pipelines/forecast/effects.json`."""

PlannedTraining = Literal["fine-tuning", "four-copies", "one-copy"]
"""How a suspect was trained; the same file."""
