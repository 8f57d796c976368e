"""British and American spelling: a document keeps the one that it has."""

import re
from functools import cache, lru_cache
from typing import Literal

from watermark.substitution.word_lists import read_list

Region = Literal["british", "american", "ize"]
"""Who spells a word so. `ize`: Americans, and those British publishers who write -ize."""

_WORD = re.compile(r"[A-Za-z]{4,}")


def region_of(word: str) -> Region | None:
    """Return whose spelling a word is, or None if all of English spells it so."""
    return _regions().get(word.lower())


@lru_cache(maxsize=64)
def regions_of(text: str) -> frozenset[Region]:
    """Return the spellings that a text admits, by which of them it uses more.

    A text that shows neither admits -ize, which both sides write, and nothing else of one side.
    """
    known = _regions()
    found = [known[word] for word in map(str.lower, _WORD.findall(text)) if word in known]
    british, american = found.count("british"), found.count("american")
    if british > american:
        return frozenset({"british"})
    if american > british:
        return frozenset({"american", "ize"})
    return frozenset({"ize"})


def spelling_objection(text: str, surface: str) -> str:
    """Return why a word's spelling does not match that of this text; empty if it does."""
    region = region_of(surface)
    if region is None or region in regions_of(text):
        return ""
    name = "British" if region == "british" else "American"
    return f"{name} spelling in a text that does not use it"


@cache
def _regions() -> dict[str, Region]:
    found: dict[str, Region] = {}
    region: Region = "british"
    headings: dict[str, Region] = {f"[{r}]": r for r in ("british", "american", "ize")}
    for line in read_list("spelling.txt"):
        if line in headings:
            region = headings[line]
        else:
            found[line] = region
    return found
