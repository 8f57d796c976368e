"""Options that say how texts are marked: the scheme, and the settings of LexiMark.

An option of LexiMark has the name of the setting; settings of the other schemes go through `--set`.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer

from pipelines.loading.option_values import SchemeName
from watermark.errors import CorpusError
from watermark.scheme import Rule, Scheme
from watermark.schemes.leximark import LIGHT_WORDS, LexiMark, Scope
from watermark.substitution.acceptability import Quality
from watermark.variants.find import KINDS

Source = Annotated[
    str,
    typer.Option(
        help="Where candidates come from, best first, comma-separated: listed (pairs that were "
        "read one by one), wordnet, thesaurus=FILE, context=COSINE, sbert=COSINE, "
        "lexsub_dropout=N@MODEL, lexsub_concatenation=N@MODEL, llm=chat+http://HOST/v1#MODEL."
    ),
]
Language = Annotated[
    str,
    typer.Option(
        help="Language of the texts, such as de. Other than en it needs a thesaurus or a chat "
        "model as --source, and these answer for the form of a word."
    ),
]
MaxFailures = Annotated[
    int,
    typer.Option(
        min=0, help="On how many texts a chat model may fail; what it failed on stays unmarked."
    ),
]
MinFit = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Minimum probability that a reader accepts a word, from 0 (anything) to below 1: "
        "higher gives better but fewer marks. Default: depends on source and quality, see "
        "docs/marking.md.",
    ),
]

Variants = Annotated[
    str,
    typer.Option(
        help="Kinds of variants that are marked besides words, comma-separated, such as "
        "contractions,percent; all, none, or default. docs/marking.md lists them."
    ),
]


@dataclass(frozen=True)
class LexiMarkFlags:
    """The settings of LexiMark as a user gives them."""

    rule: Annotated[
        Rule,
        typer.Option(
            help="keyed: a secret key chooses, which makes an exact p-value possible. published: "
            "always the rarest synonym, as in the LexiMark paper."
        ),
    ] = LexiMark.rule
    scope: Annotated[
        Scope,
        typer.Option(
            help="word: one draw for all places of a word. site: one for each place. document: one "
            "for all places of a document."
        ),
    ] = LexiMark.scope
    words_per_sentence: Annotated[
        int,
        typer.Option(
            "--words-per-sentence",
            "-k",
            min=0,
            help="K, sites of a sentence: its variants first, then words; 0 for variants alone.",
        ),
    ] = LexiMark.words_per_sentence
    n_candidates: Annotated[
        int, typer.Option("--n-candidates", "-m", min=2, help="Words that may stand at a site.")
    ] = LexiMark.n_candidates
    keep_original: Annotated[
        bool,
        typer.Option(
            "--keep-original/--no-keep-original",
            help="Whether the original word is one of the candidates.",
        ),
    ] = LexiMark.keep_original
    sites_per_coin: Annotated[
        int,
        typer.Option(
            min=1, help="Expected places of a word that one coin decides; more have more coins."
        ),
    ] = LexiMark.sites_per_coin
    max_frequency_ratio: Annotated[
        float,
        typer.Option(
            help="How frequent a replacement may become in a large corpus, in multiples of its "
            "frequency in general text."
        ),
    ] = LexiMark.max_frequency_ratio
    min_letters: Annotated[int, typer.Option(min=1, help="Skip shorter words.")] = (
        LexiMark.min_letters
    )
    min_rarity_bits: Annotated[
        float,
        typer.Option(help="Skip words more common than this, in bits (-log2 of the frequency)."),
    ] = LexiMark.min_rarity_bits
    source: Source = "listed"
    quality: Annotated[
        Quality | None,
        typer.Option(
            help="fast: words are judged without a model. best: with models, which `leximark "
            "assets --all` fetches; slower. Default: best if they are installed.",
            show_default=False,
        ),
    ] = None
    min_fit: MinFit = None
    variants: Variants = "default"
    max_failures: MaxFailures = LexiMark.max_failures
    language: Language = "en"
    stop_words: Annotated[
        Path | None,
        typer.Option(help="File of lemmas, one a line, to skip; replaces the built-in list."),
    ] = None
    protected_words: Annotated[
        Path | None,
        typer.Option(help="File of words, one a line, that are neither replaced nor put in."),
    ] = None
    quotations: Annotated[
        bool, typer.Option("--quotations", help="Leave quotations as they are.")
    ] = LexiMark.quotations

    def changed(self) -> list[str]:
        """Return the options that do not have their default."""
        return [_option(f.name) for f in fields(self) if getattr(self, f.name) != f.default]

    def scheme(self) -> LexiMark:
        """Return the scheme with these settings.

        Raises:
            ValueError: A setting is out of its range, or two contradict each other.
            CorpusError: A file of words cannot be read.
        """
        from pipelines.jobs.mark import make_candidate_settings
        from pipelines.loading.candidate_sources import installed_quality

        quality = self.quality or installed_quality()
        sources = tuple(self.source.split(","))
        return LexiMark(
            rule=self.rule,
            scope=self.scope,
            words_per_sentence=self.words_per_sentence,
            n_candidates=self.n_candidates,
            keep_original=self.keep_original,
            sites_per_coin=self.sites_per_coin,
            max_frequency_ratio=self.max_frequency_ratio,
            min_letters=self.min_letters,
            min_rarity_bits=self.min_rarity_bits,
            quotations=self.quotations,
            stop_words=_words(self.stop_words) if self.stop_words else LIGHT_WORDS,
            protected_words=_words(self.protected_words) if self.protected_words else frozenset(),
            sources=sources,
            quality=quality,
            variants=_kinds(self.variants),
            max_failures=self.max_failures,
            fit=make_candidate_settings(quality, self.min_fit, self.language, sources),
        )


@dataclass(frozen=True)
class SchemeFlags:
    """Which scheme marks, and the settings that have no option."""

    scheme: Annotated[
        SchemeName,
        typer.Option(
            help="leximark: synonyms. random_sequence: secret characters at the end of each "
            "text. look_alikes: letters that only look the same. traps: random sentences in many "
            "texts. trigger: a maxim in some of them. rewriting: paragraphs by a chat model."
        ),
    ] = "leximark"
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Setting that has no option of its own, such as length=40; with then. before it a "
            "setting of the second scheme. May be repeated; docs/schemes.md lists them.",
        ),
    ] = None
    then: Annotated[
        SchemeName | None,
        typer.Option(help="A second scheme, for what the first one leaves as it is."),
    ] = None

    def make(self, lexical: LexiMarkFlags) -> Scheme:
        """Return the scheme, or the two, with their settings.

        Raises:
            typer.BadParameter: LexiMark's options are given for another scheme, or `--set` for one
                of its settings that has an option.
            ValueError: A setting does not exist or is invalid, or the two schemes do not combine.
        """
        from pipelines.loading.schemes import default_schemes, with_second

        given = self.settings or []
        if self.scheme == "leximark":
            options = {field.name for field in fields(lexical)}
            for name in (setting.partition("=")[0] for setting in given):
                if name in options:
                    raise typer.BadParameter(f"--set {name}: give it as {_option(name)}")
            return with_second(lexical.scheme(), self.then, given)
        if changed := lexical.changed():
            raise typer.BadParameter(
                f"{changed[0]} is an option of leximark; settings of {self.scheme} are given with "
                "--set NAME=VALUE"
            )
        return with_second(default_schemes()[self.scheme], self.then, given)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _kinds(variants: str) -> tuple[str, ...] | None:
    if variants == "default":
        return None
    if variants == "all":
        return tuple(KINDS)
    return () if variants == "none" else tuple(variants.split(","))


def _words(path: Path) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: wanted a UTF-8 file of words, one a line ({error})") from error
    return frozenset(line.strip().lower() for line in lines if line.strip())
