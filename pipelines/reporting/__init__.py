"""Reports, plots, pages and the record of a run."""
