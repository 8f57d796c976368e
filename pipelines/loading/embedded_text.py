"""English prose that every Python installation carries, to try things on without a download."""

from collections.abc import Iterator
from pydoc_data.topics import topics


def paragraphs() -> Iterator[str]:
    """Yield the paragraphs of Python's own documentation topics that are prose, each once."""
    seen: set[str] = set()
    for _, text in sorted(topics.items()):
        for block in text.split("\n\n"):
            words = " ".join(block.split())
            if len(words.split()) >= 20 and words.endswith(".") and words not in seen:
                seen.add(words)
                yield words
