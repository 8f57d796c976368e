"""EXPERIMENTS: one file a table, constants at the top. Each can be cut and run again.

`catalogue.py` lists those that `leximark reproduce` runs. `proof`, `doors`, `detectors_table`,
`marks` and `acceptance` are programs of their own, for one real model or one data set. The other
files are what several of them share.
"""
