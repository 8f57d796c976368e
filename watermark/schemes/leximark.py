"""LexiMark: rarer synonyms for the rarest content words of each sentence.

Source: E. German et al., "LexiMark: Robust Watermarking via Lexical Substitutions to Enhance
Membership Verification of an LLM's Textual Training Data", arXiv 2506.14474, section 3. Ours
differs: words without an admissible synonym do not use up K; parts of speech, inflection, case,
articles, fixed phrases and the sense are respected; and the default rule lets a secret key choose,
which is what makes an exact test possible.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Any, ClassVar, Literal, get_args

from watermark.scheme import Rule, Scheme, Test, check_share
from watermark.substitution.acceptability import Quality
from watermark.substitution.candidates import CandidateSettings

Scope = Literal["word", "site", "document"]
Select = Literal["rarest", "commonest", "random"]

LIGHT_WORDS = frozenset(
    """
    be do have can will shall may must need dare make take get give go come let keep put
    thing way lot bit kind sort people time day year
    more most less least much many few other same such own too so not never ever
    also even just only still yet already again there here
    now then today next last
    """.split()  # noqa: SIM905 - a list of words reads better as one
)
"""Lemmas that mean little by themselves: a synonym of theirs is hardly ever right."""


@dataclass(frozen=True)
class LexiMark(Scheme):
    """Settings of the scheme; all of them are written into the plan."""

    rule: Rule = "keyed"
    """`keyed`: the key chooses among the candidates. `published`: always the rarest candidate."""
    scope: Scope = "word"
    """What one draw decides: all places of a `word`, one `site`, or all of a `document`."""
    words_per_sentence: int = 5
    """K of the paper: how many words of a sentence become sites."""
    percentage: float = 0.0
    """Share of a sentence's words that become sites, instead of K; 0 to go by K. An ablation."""
    select: Select = "rarest"
    """Which words of a sentence come first. The paper's is the rarest; the others are ablations.
    `random` goes by a public hash: the choice must not depend on the key."""
    share: float = 1.0
    """Share of the documents that are marked; a public hash of the id decides which."""
    n_candidates: int = 2
    """How many words may stand at a site, the original among them if it is kept."""
    keep_original: bool = True
    """Whether the original is one of the candidates."""
    max_sites_per_draw: int = 16
    """A word that comes up more often keeps its other places as they are."""
    min_letters: int = 3
    """Shorter words are left alone."""
    min_rarity_bits: float = 9.0
    """Commoner words are left alone: 9 bits is one word in five hundred."""
    quotations: bool = False
    """Whether quotations stay as they are."""
    stop_words: frozenset[str] = LIGHT_WORDS
    """Lemmas, lower case, that are never replaced."""
    protected_words: frozenset[str] = frozenset()
    """Words and lemmas, lower case, that are neither replaced nor put in."""
    sources: tuple[str, ...] = ("wordnet",)
    """Where candidates come from, as `--source` names it; the first goes before the next."""
    quality: Quality = "fast"
    """How WordNet's words are judged: `fast` without a model, `best` with two."""
    max_failures: int = 0
    """On how many words a source that asks a server may fail, before marking stops."""
    fit: CandidateSettings = field(default_factory=CandidateSettings)

    name: ClassVar[str] = "leximark"
    detector: ClassVar[str] = "min_k_plus_plus"
    needs: ClassVar[str] = "a sentence with a word that has an admissible synonym (English prose)"

    def __post_init__(self) -> None:
        """Refuse settings that could not mark anything."""
        if self.n_candidates < 2 and self.rule == "keyed":
            raise ValueError(f"a draw needs 2 candidates or more, got {self.n_candidates}")
        if min(self.words_per_sentence, self.max_sites_per_draw, self.min_letters) < 1:
            raise ValueError("K, sites a draw and letters must be 1 or more")
        if not 0 <= self.min_rarity_bits < inf:
            raise ValueError(f"min_rarity_bits must be 0 or more, got {self.min_rarity_bits}")
        check_share(self.share)
        if self.max_failures < 0:
            raise ValueError(f"max_failures must be 0 or more, got {self.max_failures}")
        if self.fit.language != "en" and self.rule == "published":
            raise ValueError("rule published knows English alone: choose keyed")
        if not 0 <= self.percentage <= 1:
            raise ValueError(f"percentage must lie in [0, 1], got {self.percentage}")
        if self.select not in get_args(Select):
            raise ValueError(f"select must be one of {get_args(Select)}, got {self.select!r}")

    def cap(self, draw: str) -> int | None:
        """Return the most sites of a draw; one of a single place or document needs no limit."""
        return self.max_sites_per_draw if self.scope == "word" else None

    @property
    def tests(self) -> tuple[Test, ...]:
        """Without a key there is nothing to re-draw."""
        return (
            ("redraw", "twin", "remark", "holdout", "combined")
            if self.rule == "keyed"
            else ("holdout",)
        )

    def describe(self) -> dict[str, Any]:
        """Return name and settings as a plan keeps them."""
        words = {
            "stop_words": sorted(self.stop_words),
            "protected_words": sorted(self.protected_words),
        }
        return super().describe() | words
