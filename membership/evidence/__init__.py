"""Tests of evidence: a p-value for the whole corpus, and the assumption that makes it valid."""
