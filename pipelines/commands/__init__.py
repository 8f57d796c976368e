"""One file per command: the annotated function defines the options, its docstring is the help.

Slow modules are imported inside the function, so that `--help` is fast.
"""
