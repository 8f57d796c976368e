"""The sources of candidates by the names that the option `--source` has for them."""

import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from tqdm import tqdm

from watermark.assets import find_model, find_spacy, find_wordnet
from watermark.errors import AssetError, PrerequisiteError
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import LexicalResources
from watermark.substitution.acceptability import Quality, load_acceptability
from watermark.substitution.candidates import Source
from watermark.substitution.model_features import LanguageModel, Models
from watermark.substitution.sources.chat import PROMPT, ProposedSource
from watermark.substitution.sources.likely import LikelyWords
from watermark.substitution.sources.masked import MOST, MaskedSource, Way
from watermark.substitution.sources.similar import SimilarSource, Unit
from watermark.substitution.sources.thesaurus import Thesaurus, read_thesaurus
from watermark.substitution.sources.wordnet import ModelledWordNetSource, WordNetSource, Words
from watermark.substitution.word_lists import blocked_words
from watermark.substitution.wordnet import WordNet
from watermark.text.sentences import load_english, load_plain

ENCODER, READER = "minilm", "smollm2-135m"
"""The assets that quality `best` needs: an encoder and a language model."""

ANY_LANGUAGE = ("thesaurus", "llm")
"""Sources that are not for English alone."""
SHOWN = 20
"""Words of a thesaurus that a warning names."""
MASKED_MODEL = "roberta-base"
"""Hub id of the masked language model of the paper."""


def load_models() -> Models:
    """Load the optional models that quality `best` needs for WordNet's words.

    Raises:
        AssetError: They are not there.
    """
    from membership.models.marking.encoder import load_encoder

    return Models(load_encoder(find_model(ENCODER)), load_reader())


def load_reader() -> LanguageModel:
    """Load the optional language model of quality `best`.

    Raises:
        AssetError: It is not there.
    """
    from membership.models.local.huggingface import load_huggingface
    from membership.models.marking.context import ContextLikelihood

    return ContextLikelihood(load_huggingface(find_model(READER)))


def load_lexical_resources(
    scheme: LexiMark = LexiMark(), source_option: str = "--source"
) -> LexicalResources:
    """Load the language data that `leximark assets` fetched, and the sources of a scheme.

    Args:
        scheme: Names the sources and the language.
        source_option: What the command line calls the sources, for messages.

    Raises:
        AssetError: They are not there.
        PrerequisiteError: A source is invalid.
    """
    wordnet = _open_wordnet(find_wordnet())
    try:
        sources = make_sources(scheme, wordnet)
    except ValueError as error:
        raise PrerequisiteError(f"{source_option}: {error}") from error
    language = scheme.fit.language
    nlp = _open_english(find_spacy()) if language == "en" else load_plain(language)
    return LexicalResources(nlp, wordnet, sources)


_open_wordnet = lru_cache(maxsize=1)(WordNet)
_open_english = lru_cache(maxsize=1)(load_english)
"""An experiment marks many times in one process."""


def installed_quality() -> Quality:
    """Return `best` if the models that it needs are on this machine, else `fast`."""
    try:
        for name in (ENCODER, READER):
            find_model(name)
    except AssetError:
        return "fast"
    return "best"


def warn_of(consequence: str) -> Callable[[str], None]:
    """Return a function that says on stderr what follows from a fault."""
    return lambda fault: tqdm.write(f"leximark: {consequence}: {fault}", file=sys.stderr)


def make_sources(scheme: LexiMark, wordnet: WordNet) -> tuple[Source, ...]:
    """Load the sources of a scheme, in its order.

    Raises:
        AssetError: A model is not there.
        ModelError: A model that was named cannot be loaded or reached.
        ValueError: There is no such source, or its value is invalid.
    """
    check_sources(scheme)
    named = (spelled.partition("=") for spelled in scheme.sources)
    return tuple(SOURCES[name](value, scheme, wordnet) for name, _, value in named)


def check_sources(scheme: LexiMark) -> None:
    """Refuse sources that are unknown, named twice, or cannot serve the language; load nothing.

    Raises:
        ValueError: There is such a source, or none at all.
    """
    names = [spelled.partition("=")[0] for spelled in scheme.sources]
    if not names:
        raise ValueError("no source of candidates: give one, such as wordnet")
    for name in names:
        if name not in SOURCES:
            raise ValueError(f"there is no source {name!r}; there are {', '.join(SOURCES)}")
        if scheme.fit.language != "en" and name not in ANY_LANGUAGE:
            raise ValueError(
                f"source {name} knows English alone; for --language {scheme.fit.language} there "
                "are thesaurus=FILE and llm=chat+http://HOST/v1#MODEL"
            )
        if names.count(name) > 1:
            raise ValueError(f"source {name} comes twice")


def _listed(value: str, scheme: LexiMark, wordnet: WordNet) -> Source:
    source = _without_models("listed", value, wordnet)
    return source if scheme.quality == "fast" else LikelyWords(source, load_reader())


def _wordnet(value: str, scheme: LexiMark, wordnet: WordNet) -> Source:
    source = _without_models("wordnet", value, wordnet)
    if scheme.quality == "fast":
        return source
    best = load_acceptability("best")
    return ModelledWordNetSource(wordnet, best, load_models(), source.acceptance)


def _without_models(words: Words, value: str, wordnet: WordNet) -> WordNetSource:
    if value:
        raise ValueError(f"source {words} takes no value, got {value!r}; see --min-fit")
    return WordNetSource(wordnet, load_acceptability("fast"), words)


def _thesaurus(value: str, scheme: LexiMark, wordnet: WordNet) -> Source:
    if not value:
        raise ValueError("source thesaurus needs a file: thesaurus=FILE")
    thesaurus = read_thesaurus(Path(value))
    if scheme.fit.language == "en":
        _warn_of_blocked(thesaurus, value)
    return thesaurus


def _warn_of_blocked(thesaurus: Thesaurus, file: str) -> None:
    """Warn of words of the owner's list that the block lists refuse; they stay in."""
    words = dict.fromkeys(word for some in thesaurus.words.values() for word in some)
    blocked = blocked_words(words)
    if blocked:
        shown = ", ".join(f"{word} ({reason})" for word, reason in list(blocked.items())[:SHOWN])
        more = f" and {len(blocked) - SHOWN} more" if len(blocked) > SHOWN else ""
        tqdm.write(
            f"leximark: {file}: {len(blocked)} words that no other source would put in, and that "
            f"this one may: {shown}{more}; take them out of the file if that is not meant",
            file=sys.stderr,
        )


def _similar(unit: Unit, usual: float) -> "_Make":
    def make(value: str, scheme: LexiMark, wordnet: WordNet) -> Source:
        from membership.models.marking.encoder import load_encoder

        try:
            least = float(value) if value else usual
        except ValueError as error:
            raise ValueError(f"source {unit} takes a cosine, got {value!r}") from error
        return SimilarSource(unit, wordnet, load_encoder(find_model(ENCODER)), least)

    return make


def _masked(way: Way) -> "_Make":
    def make(value: str, scheme: LexiMark, wordnet: WordNet) -> Source:
        from membership.models.marking.masked import load_masked

        most, _, model = value.partition("@")
        if most and (not most.isdecimal() or not int(most)):
            raise ValueError(
                f"source {way} takes a number of words, and a model if it is not {MASKED_MODEL}, "
                f"such as {way}=5@FOLDER; got {value!r}"
            )
        loaded = load_masked(model or MASKED_MODEL)
        return MaskedSource(way, wordnet, loaded, int(most) if most else MOST)

    return make


def _llm(value: str, scheme: LexiMark, wordnet: WordNet) -> Source:
    from membership.models.marking.chat import open_chat

    if not value:
        raise ValueError(
            "source llm needs the address of a chat model: llm=chat+http://host:8000/v1#model"
        )
    report = warn_of("a word stays as it is")
    return ProposedSource(open_chat(value, PROMPT, scheme.max_failures, report).ask)


_Make = Callable[[str, LexiMark, WordNet], Source]
SOURCES: dict[str, _Make] = {
    "listed": _listed,
    "wordnet": _wordnet,
    "thesaurus": _thesaurus,
    "context": _similar("context", 0.8),
    "sbert": _similar("sbert", 0.95),
    "lexsub_dropout": _masked("lexsub_dropout"),
    "lexsub_concatenation": _masked("lexsub_concatenation"),
    "llm": _llm,
}
"""How each is made from its value."""
