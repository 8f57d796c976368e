"""Suspects: models behind one protocol, `membership.trace.Suspect`."""
