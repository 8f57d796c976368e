"""Models: suspects (`suspect_protocol.Suspect`) and helpers for marking."""
