"""One file a command: the annotated function is the command line, its docstring the help.

What is slow to import is imported inside the function, so that `--help` answers at once.
"""
