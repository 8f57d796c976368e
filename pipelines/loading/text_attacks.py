"""Text attacks by name, made from the settings of a command line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from attacks.attack import CorpusAttack, TextAttack
from attacks.text.adaptive import Adaptive
from attacks.text.chat import GROWTHS, PROMPTS, ChatRewriting
from attacks.text.chunking import Chunking
from attacks.text.collusion import Collusion
from attacks.text.commonest_synonyms import CommonestSynonyms
from attacks.text.deduplication import Deduplication
from attacks.text.dropped_sentences import DroppedSentences
from attacks.text.language_filter import LanguageFilter
from attacks.text.likeliest_synonyms import LikeliestSynonyms
from attacks.text.markup import Markup
from attacks.text.masked_synonyms import MaskedSynonyms
from attacks.text.perplexity_filter import PerplexityFilter
from attacks.text.quality_filter import QualityFilter
from attacks.text.random_synonyms import RandomSynonyms
from attacks.text.rules import Rules
from attacks.text.thesaurus import Thesaurus
from attacks.text.truncation import Truncation
from attacks.text.unicode import Unicode
from attacks.text.whitespace import Whitespace
from pipelines.loading.attack_settings import make_attacks
from pipelines.loading.candidate_sources import MASKED_MODEL, load_lexical_resources, warn_of
from pipelines.loading.site_finders import load_finder
from watermark.corpus import open_corpus
from watermark.document import Document
from watermark.errors import ModelError
from watermark.schemes.leximark import LexiMark

AnyTextAttack = TextAttack | CorpusAttack


@dataclass(frozen=True)
class CorpusColumns:
    """Columns of the texts and ids, in the corpus and in the other texts that an attack reads."""

    text: str = "text"
    id: str | None = None


def make_text_attacks(
    names: Sequence[str], settings: Mapping[str, str], columns: CorpusColumns = CorpusColumns()
) -> list[AnyTextAttack]:
    """Load the attacks of a chain.

    Args:
        names: Names of the attacks, in order.
        settings: See `make_attacks`.
        columns: Columns of the other texts.

    Raises:
        ToolkitError: An attack or setting is unknown, or a value is invalid.
    """
    return make_attacks(text_attack_makers(columns), names, settings)


def text_attack_makers(columns: CorpusColumns) -> dict[str, Callable[..., AnyTextAttack]]:
    """Return a function that makes each attack on texts; its parameters are the settings."""

    def deduplication(method: str = "minhash", others: str = "") -> AnyTextAttack:
        known = [d for path in _paths(others) for d in _documents(path, columns)]
        return Deduplication(method, known)

    def collusion(editions: str) -> AnyTextAttack:
        return Collusion(
            [{d.id: d.text for d in _documents(path, columns)} for path in _paths(editions)]
        )

    return {
        "random_synonyms": _random_synonyms,
        "commonest_synonyms": _commonest_synonyms,
        "likeliest_synonyms": _likeliest_synonyms,
        "masked_synonyms": _masked_synonyms,
        "adaptive": _adaptive,
        "rules": _rules,
        "chat": _chat,
        "unicode": Unicode,
        "whitespace": Whitespace,
        "markup": Markup,
        "truncation": Truncation,
        "chunking": Chunking,
        "dropped_sentences": DroppedSentences,
        "quality_filter": _quality_filter,
        "language_filter": LanguageFilter,
        "perplexity_filter": _perplexity_filter,
        "deduplication": deduplication,
        "collusion": collusion,
    }


def load_thesaurus() -> Thesaurus:
    """Return WordNet and the English pipeline as a thief uses them.

    Raises:
        AssetError: They are not there.
    """
    resources = load_lexical_resources(LexiMark())
    return Thesaurus(resources.nlp, resources.wordnet)


def _random_synonyms(share: float = 0.5) -> AnyTextAttack:
    return RandomSynonyms(load_thesaurus(), share)


def _commonest_synonyms() -> AnyTextAttack:
    return CommonestSynonyms(load_thesaurus())


def _likeliest_synonyms(model: str) -> AnyTextAttack:
    from membership.models.local.huggingface import load_huggingface
    from membership.models.marking.context import ContextLikelihood

    return LikeliestSynonyms(load_thesaurus(), ContextLikelihood(load_huggingface(model)))


def _masked_synonyms(model: str = MASKED_MODEL, share: float = 0.5, n: int = 3) -> AnyTextAttack:
    from membership.models.marking.masked import load_masked

    return MaskedSynonyms(load_thesaurus(), load_masked(model), share, n)


def _adaptive(share: float = 1.0, source: str = "listed") -> AnyTextAttack:
    find, _ = load_finder(LexiMark(sources=tuple(source.split(","))), f"--set source={source}")
    return Adaptive(find, share)


def _rules(share: float = 1.0) -> AnyTextAttack:
    return Rules(load_lexical_resources(LexiMark()).nlp, share)


def _chat(
    endpoint: str = "",
    model: str = "",
    prompt: str = "rephrase",
    share: float = 1.0,
    max_failures: int | None = None,
) -> AnyTextAttack:
    from membership.models.marking.chat import open_chat
    from membership.models.marking.local_chat import load_local_chat

    if prompt not in PROMPTS:
        raise ValueError(f"prompt must be one of {', '.join(PROMPTS)}, got {prompt!r}")
    if bool(endpoint) == bool(model):
        raise ValueError(
            "chat needs either endpoint, the address of a server such as "
            "chat+http://host:8000/v1#model, or model, a folder or hub id"
        )
    if model:
        if max_failures is not None:
            raise ValueError("max_failures limits the failures of an endpoint, not of a model")
        return ChatRewriting(tuple(load_local_chat(model, PROMPTS[prompt], GROWTHS[prompt])), share)
    report = warn_of("a paragraph stays as it is")
    try:
        chats = [open_chat(endpoint, request, max_failures, report) for request in PROMPTS[prompt]]
    except ModelError as error:
        raise ModelError(f"--set endpoint: {error}") from error
    return ChatRewriting(tuple(chats), share)


def _quality_filter(rule: str = "gopher") -> AnyTextAttack:
    return QualityFilter(rule)


def _perplexity_filter(model: str, share: float = 1 / 3) -> AnyTextAttack:
    return PerplexityFilter(mean_logprobs_of(model), share)


def mean_logprobs_of(model: str) -> Callable[[Sequence[str]], list[float]]:
    """Load a model; return a function that gives the mean log-probability of each text."""
    from membership.models.local.huggingface import load_huggingface
    from membership.traces.trace import Query

    judge = load_huggingface(model)

    def mean_logprobs(texts: Sequence[str]) -> list[float]:
        found = [0.0] * len(texts)
        for index, trace in judge.trace([Query(text) for text in texts]):
            found[index] = float(trace.logprob.mean()) if len(trace.logprob) else 0.0
        return found

    return mean_logprobs


def _paths(listed: str) -> list[str]:
    return [path for path in listed.split(",") if path]


def _documents(path: str, columns: CorpusColumns) -> list[Document]:
    corpus = open_corpus(path, text_column=columns.text, id_column=columns.id)
    return list(corpus.documents())
