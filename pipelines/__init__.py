"""COMMANDS: the only place that parses arguments, prints, writes reports and trains."""
