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

from watermark.scheme import Growth, Rule, Scheme, Test, check_share
from watermark.substitution.acceptability import Quality
from watermark.substitution.candidates import CandidateSettings
from watermark.substitution.rules import WordRules
from watermark.variants.find import DEFAULT_KINDS, check_kinds, is_document_draw, kind_of

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
    words_per_sentence: int = 2
    """K: how many sites a sentence gets. Its variants come first, and all of them count; words make
    up the rest. 0 for variants alone. The paper marks 5 words."""
    percentage: float = 0.0
    """Share of a sentence's words that become sites, instead of K; 0 to go by K. An ablation."""
    select: Select = "rarest"
    """Which words of a sentence come first. The paper's is the rarest; the others are ablations.
    `random` goes by a public hash: the choice must not depend on the key."""
    share: float = 1.0
    """Share of the documents that are marked; a public hash of the text decides which."""
    n_candidates: int = 2
    """How many words may stand at a site, the original among them if it is kept."""
    keep_original: bool = True
    """Whether the original is one of the candidates."""
    sites_per_coin: int = 16
    """Expected places that one draw decides in scope `word`; a word with more has more draws."""
    max_frequency_ratio: float = 2.0
    """How frequent a replacement may become in scope `word`, in multiples of its frequency in
    general text. `sites_per_coin` places of a word are marked in any case."""
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
    rules: WordRules = field(default_factory=WordRules)
    """The owner's standing decisions on words, from a file of rules."""
    sources: tuple[str, ...] = ("listed",)
    """Where candidates come from, as `--source` names it; the first goes before the next. The
    paper's are `wordnet`."""
    quality: Quality = "fast"
    """How listed words and WordNet's are judged: `fast` without a model, `best` by a language model
    as well, and WordNet's words by an encoder too."""
    variants: tuple[str, ...] | None = None
    """Kinds of variants that become sites besides words, as `watermark.variants.find` names them.
    None: the default kinds if `variants_fit`, else no kind."""
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
        if self.min_letters < 1:
            raise ValueError(f"min_letters must be 1 or more, got {self.min_letters}")
        self._check_variants()
        if not 0 <= self.min_rarity_bits < inf:
            raise ValueError(f"min_rarity_bits must be 0 or more, got {self.min_rarity_bits}")
        check_share(self.share)
        self._growth()
        if self.max_failures < 0:
            raise ValueError(f"max_failures must be 0 or more, got {self.max_failures}")
        if self.fit.language != "en" and self.rule == "published":
            raise ValueError("rule published knows English alone: choose keyed")
        if not 0 <= self.percentage <= 1:
            raise ValueError(f"percentage must lie in [0, 1], got {self.percentage}")
        if self.select not in get_args(Select):
            raise ValueError(f"select must be one of {get_args(Select)}, got {self.select!r}")

    def _check_variants(self) -> None:
        check_kinds(self.variants or ())
        if self.variants and not self.variants_fit:
            raise ValueError(
                "variants need rule keyed, scope word, English and originals that are kept: leave "
                "out --variants, or these options"
            )
        least = 0 if self.variant_kinds else 1
        if self.words_per_sentence < least:
            raise ValueError(f"K must be {least} or more, got {self.words_per_sentence}")

    @property
    def variants_fit(self) -> bool:
        """Whether variants can be marked with the other settings.

        A variant keeps its original among the candidates, and one choice holds for its whole pair.
        """
        keyed_words = self.rule == "keyed" and self.scope == "word"
        return keyed_words and self.keep_original and self.fit.language == "en"

    @property
    def variant_kinds(self) -> tuple[str, ...]:
        """The kinds of variants that become sites."""
        if self.variants is not None:
            return self.variants
        return DEFAULT_KINDS if self.variants_fit else ()

    def growth(self, draw: str) -> Growth | None:
        """Return how the coins of a pair grow; places and documents have one each.

        The frequency of a variant is not limited: both of its forms are common English.
        """
        if self.scope != "word" or self.rule == "published" or is_document_draw(draw):
            return None
        if kind_of(draw):
            return Growth(self.sites_per_coin, None, self.fit.language)
        return self._growth()

    def _growth(self) -> Growth:
        return Growth(self.sites_per_coin, self.max_frequency_ratio, self.fit.language)

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
            "variants": list(self.variant_kinds),
        }
        rules = {name: sorted(some) for name, some in vars(self.rules).items()}
        described = super().describe() | words
        del described["rules"]
        return described | ({"rules": rules} if self.rules else {})
