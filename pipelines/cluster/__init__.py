"""Mark a corpus on many processes or machines, by datatrove's executors."""
