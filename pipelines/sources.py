"""The sources of candidates by the names that the option `--source` has for them."""

from collections.abc import Callable, Iterable
from pathlib import Path

from watermark.acceptance import Quality, load_acceptance
from watermark.assets import find_model, find_spacy, find_wordnet
from watermark.errors import AssetError, PrerequisiteError
from watermark.fit import Source
from watermark.model_features import Models
from watermark.schemes.leximark import Analyst, LexiMark
from watermark.sources.similar import SimilarSource, Unit
from watermark.sources.thesaurus import read_thesaurus
from watermark.sources.wordnet import ModelledWordNetSource, WordNetSource
from watermark.synonyms import WordNet
from watermark.words import load_english

MODELS = ("minilm", "smollm2-135m")
"""The assets that quality `best` needs: an encoder and a language model."""


def load_models() -> Models:
    """Load the optional models that quality `best` needs.

    Raises:
        AssetError: They are not there.
    """
    from membership.context import ContextReader
    from membership.models.encoder import load_encoder
    from membership.models.huggingface import load_huggingface

    encoder, reader = map(find_model, MODELS)
    return Models(load_encoder(encoder), ContextReader(load_huggingface(reader)))


def load_analyst(scheme: LexiMark = LexiMark()) -> Analyst:
    """Load the language data that `leximark assets` fetched, and the sources of a scheme.

    Raises:
        AssetError: They are not there.
        PrerequisiteError: A source is none.
    """
    wordnet = WordNet(find_wordnet())
    try:
        sources = make_sources(scheme.sources, scheme.quality, wordnet)
    except ValueError as error:
        raise PrerequisiteError(f"--source: {error}") from error
    return Analyst(load_english(find_spacy()), wordnet, sources)


def installed_quality() -> Quality:
    """Return `best` if the models that it needs are on this machine, else `fast`."""
    try:
        for name in MODELS:
            find_model(name)
    except AssetError:
        return "fast"
    return "best"


def make_sources(names: Iterable[str], quality: Quality, wordnet: WordNet) -> tuple[Source, ...]:
    """Load the sources.

    Args:
        names: As the command line gives them: a name, with `=` and a value where one is needed.
        quality: How the words of WordNet are judged.
        wordnet: WordNet.

    Raises:
        AssetError: A model is not there.
        ValueError: There is no such source, or its value is none.
    """
    made: dict[str, Source] = {}
    for spelled in names:
        name, _, value = spelled.partition("=")
        if name not in SOURCES:
            raise ValueError(f"there is no source {name!r}; there are {', '.join(SOURCES)}")
        if name in made:
            raise ValueError(f"source {name} comes twice")
        made[name] = SOURCES[name](value, quality, wordnet)
    if not made:
        raise ValueError("no source of candidates: give one, such as wordnet")
    return tuple(made.values())


def _wordnet(value: str, quality: Quality, wordnet: WordNet) -> Source:
    if value:
        raise ValueError(f"source wordnet takes no value, got {value!r}; see --min-fit")
    fast = load_acceptance("fast")
    if quality == "fast":
        return WordNetSource(wordnet, fast)
    return ModelledWordNetSource(wordnet, load_acceptance("best"), load_models(), fast)


def _thesaurus(value: str, quality: Quality, wordnet: WordNet) -> Source:
    if not value:
        raise ValueError("source thesaurus needs a file: thesaurus=FILE")
    return read_thesaurus(Path(value))


def _similar(unit: Unit, usual: float) -> Callable[[str, Quality, WordNet], Source]:
    def make(value: str, quality: Quality, wordnet: WordNet) -> Source:
        from membership.models.encoder import load_encoder

        try:
            least = float(value) if value else usual
        except ValueError as error:
            raise ValueError(f"source {unit} takes a cosine, got {value!r}") from error
        return SimilarSource(unit, wordnet, load_encoder(find_model(MODELS[0])), least)

    return make


SOURCES: dict[str, Callable[[str, Quality, WordNet], Source]] = {
    "wordnet": _wordnet,
    "thesaurus": _thesaurus,
    "context": _similar("context", 0.8),
    "sbert": _similar("sbert", 0.95),
}
"""How each is made from its value."""
