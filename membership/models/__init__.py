"""Models: suspects (`membership.traces.suspect.Suspect`) and helpers for marking."""
