"""How an experiment runs, keeps its records and is summed up."""
