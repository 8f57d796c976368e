"""MODELS: traces of a suspect, detectors, tests of evidence. Imports watermark only."""
