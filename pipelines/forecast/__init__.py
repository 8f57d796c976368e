"""What the marks of a corpus could prove, before it is marked."""
