"""A secret random sequence of characters at the end of every document.

Source: J. T.-Z. Wei, R. Y. Wang, R. Jia, "Proving membership in LLM pretraining data via data
watermarks", Findings of ACL 2024, "random sequence watermarks"; official code
johntzwei/haveibeentrainedon, src/data/perturb.py. Ours differs: each character is drawn from the
printable ASCII characters with HMAC from the key; there, from the first 100 entries of GPT-2's
vocabulary (the same characters and six more) with a seed. The length is that of the paper's 80.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from watermark.document import Document, Site, text_sha256
from watermark.scheme import Rule, Test, TextScheme, check_share, takes_part

PRINTABLE = "".join(map(chr, range(33, 127)))


@dataclass(frozen=True)
class RandomSequence(TextScheme):
    """Settings of the scheme."""

    scope: Literal["corpus", "document"] = "corpus"
    """`corpus`: one sequence for all documents, as in the paper, which a model learns from its
    copies. `document`: another one for each, which survives exact deduplication of lines."""
    length: int = 80
    """Characters of the sequence."""
    alphabet: str = PRINTABLE
    """The characters it is drawn from."""
    separator: str = "\n"
    """What stands between the text and the sequence."""
    share: float = 1.0
    """Share of the documents that get one; a public hash of the text decides which."""

    name: ClassVar[str] = "random_sequence"
    rule: ClassVar[Rule] = "keyed"
    tests: ClassVar[tuple[Test, ...]] = ("remark", "holdout")
    detector: ClassVar[str] = "loss"
    needs: ClassVar[str] = "any text"

    def __post_init__(self) -> None:
        """Refuse settings that would leave nothing to draw."""
        check_share(self.share)
        if self.scope not in ("corpus", "document"):
            raise ValueError(f"scope must be corpus or document, got {self.scope!r}")
        if self.length < 1:
            raise ValueError(f"length must be 1 or more, got {self.length}")
        if len(self.alphabet) < 2 or len(set(self.alphabet)) < len(self.alphabet):
            raise ValueError("alphabet must have 2 characters or more, each once")

    def find_sites(self, documents: Sequence[Document]) -> Iterator[list[Site]]:
        """Yield one site a character, all of them at the end of the text.

        The first one carries the separator. A document without any text gets none.
        """
        letters = tuple(self.alphabet)
        first = tuple(self.separator + letter for letter in letters)
        for document in documents:
            if not document.text.strip() or not takes_part(document.text, self.share):
                yield []
                continue
            owner = f"{text_sha256(document.text)}:" if self.scope == "document" else ""
            end = len(document.text)
            yield [
                Site(document.id, end, "", letters if i else first, f"{owner}sequence:{i}")
                for i in range(self.length)
            ]
