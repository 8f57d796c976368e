"""Experiments: one file per table, with its constants at the top; interrupted runs can be resumed.

`catalogue.py` lists those that `leximark reproduce` runs. The files in `standalone` are separate
programs, each for one real model or one data set. The other files hold code that several of them
share.
"""
