"""EXPERIMENTS: one file a table, constants at the top. Each can be cut and run again."""
