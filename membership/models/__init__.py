"""Suspects: models behind one protocol, `membership.traces.trace.Suspect`."""
