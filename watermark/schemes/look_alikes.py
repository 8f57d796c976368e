"""Letters replaced by Unicode characters that look the same.

Source: J. T.-Z. Wei, R. Y. Wang, R. Jia, "Proving membership in LLM pretraining data via data
watermarks", Findings of ACL 2024, "Unicode watermarks": a secret bit a letter, or a secret choice
a word. Ours differs in the second: there each word gets a random subset of its letters replaced;
here one coin decides between the word as it is and the word with all of them replaced, so that the
two can be compared in one pass over the model.

The pairs are of Unicode's list of confusable characters (UTS #39, confusables.txt): Latin letters
and the Cyrillic ones that fonts draw alike. Readers see no difference; search, spelling checkers
and screen readers do. Folding confusables undoes the mark, NFKC alone does not.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from watermark.document import Document, Site
from watermark.scheme import Rule, Test, TextScheme, check_share, takes_part
from watermark.text.protected_spans import protected_spans

LATIN = "ABCEHIJKMOPSTXYacehijopsxy"
CYRILLIC = (
    "\u0410\u0412\u0421\u0415\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422\u0425\u04ae"
    "\u0430\u0441\u0435\u04bb\u0456\u0458\u043e\u0440\u0455\u0445\u0443"
)
PAIRS = str.maketrans(LATIN, CYRILLIC)
_WORD = re.compile(r"[A-Za-z]+")
_LETTER = re.compile(f"[{LATIN}]")


@dataclass(frozen=True)
class LookAlikes(TextScheme):
    """Settings of the scheme."""

    scope: Literal["letter", "word"] = "letter"
    """`letter`: one coin decides all places of a letter in the corpus (the paper's global one).
    `word`: one coin decides all places of a word, with its case."""
    min_letters: int = 2
    """With scope `word`, shorter words are left alone."""
    share: float = 1.0
    """Share of the documents that are marked; a public hash of the text decides which."""

    name: ClassVar[str] = "look_alikes"
    rule: ClassVar[Rule] = "keyed"
    detector: ClassVar[str] = "loss"
    needs: ClassVar[str] = "a word with a letter that has a look-alike"

    def __post_init__(self) -> None:
        """Reject invalid settings."""
        check_share(self.share)
        if self.scope not in ("letter", "word"):
            raise ValueError(f"scope must be letter or word, got {self.scope!r}")
        if self.min_letters < 1:
            raise ValueError(f"min_letters must be 1 or more, got {self.min_letters}")

    @property
    def tests(self) -> tuple[Test, ...]:
        """A word's versions can be compared in place; a letter's change the words around it."""
        if self.scope == "word":
            return ("redraw", "remark", "holdout")
        return ("remark", "redraw", "holdout")

    def find_sites(self, documents: Sequence[Document]) -> Iterator[list[Site]]:
        """Yield the sites of each document: letters, or words, of its prose."""
        for document in documents:
            if not takes_part(document.text, self.share):
                yield []
                continue
            spans = iter([*protected_spans(document.text), (len(document.text),) * 2])
            start, end = next(spans)
            sites: list[Site] = []
            pattern = _LETTER if self.scope == "letter" else _WORD
            for match in pattern.finditer(document.text):
                while end <= match.start():
                    start, end = next(spans)
                if match.end() <= start:
                    sites += self._site(document.id, match)
            yield sites

    def _site(self, document_id: str, match: re.Match[str]) -> Iterator[Site]:
        written = match.group()
        other = written.translate(PAIRS)
        long_enough = self.scope == "letter" or len(written) >= self.min_letters
        if other != written and long_enough:
            draw = f"look-alike:{written}"
            yield Site(document_id, match.start(), written, (written, other), draw)
