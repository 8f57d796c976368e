"""Attacks on the text, one file each."""

from collections.abc import Callable, Iterable, Sequence

from attacks.attack import CorpusAttack, TextAttack
from attacks.text.adaptive import Adaptive
from attacks.text.cleaning import (
    Chunking,
    DroppedSentences,
    Markup,
    Truncation,
    Unicode,
    Whitespace,
)
from attacks.text.commonest_synonyms import CommonestSynonyms
from attacks.text.deduplication import Deduplication
from attacks.text.quality_filters import QualityFilter
from attacks.text.random_synonyms import RandomSynonyms
from attacks.text.rules import Rules
from attacks.text.thesaurus import Thesaurus
from watermark.document import Document, Site


def default_attacks(
    thesaurus: Thesaurus, find_sites: Callable[[Sequence[Document]], Iterable[list[Site]]]
) -> dict[str, TextAttack | CorpusAttack]:
    """Return the attacks that need no model and no other text, with their default settings.

    Args:
        thesaurus: WordNet and the English pipeline.
        find_sites: The site finder that the adaptive thief runs.
    """
    attacks: tuple[TextAttack | CorpusAttack, ...] = (
        RandomSynonyms(thesaurus),
        CommonestSynonyms(thesaurus),
        Adaptive(find_sites),
        Rules(thesaurus.nlp),
        Unicode(),
        Whitespace(),
        Markup(),
        Truncation(),
        Chunking(),
        DroppedSentences(),
        QualityFilter(),
        Deduplication(),
    )
    return {attack.name: attack for attack in attacks}
