from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.candidates import (
    LanguageOption,
    MaxFailures,
    MinFit,
    Quality,
    QualityOption,
    SourceOption,
)
from watermark.errors import CorpusError


class Rule(StrEnum):
    """How a word is chosen among the candidates of a site."""

    keyed = "keyed"
    published = "published"


class Scope(StrEnum):
    """Which sites share one draw."""

    word = "word"
    site = "site"
    document = "document"


class Test(StrEnum):
    """The tests of evidence that can be planned."""

    redraw = "redraw"
    twin = "twin"
    remark = "remark"
    holdout = "holdout"


class SchemeName(StrEnum):
    """Marking schemes, including those of other papers."""

    leximark = "leximark"
    random_sequence = "random_sequence"
    look_alikes = "look_alikes"
    traps = "traps"
    trigger = "trigger"
    rewriting = "rewriting"


OF_LEXIMARK = (
    "rule", "scope", "k", "m", "keep_original", "max_sites_per_draw", "min_letters", "min_rarity",
    "source", "quality", "min_fit", "language", "stop_words", "protected_words", "keep_quotations",
)  # fmt: skip
"""Parameters of the command that are settings of LexiMark alone."""
SETTINGS = {
    "k": "words_per_sentence",
    "m": "n_candidates",
    "min_rarity": "min_rarity_bits",
    "keep_quotations": "quotations",
}
"""What `--set` calls those that have another name there."""


def mark(
    context: typer.Context,
    corpus: Annotated[
        str,
        typer.Argument(
            help="What to mark: JSON Lines, CSV or Parquet file, a folder of these or of texts, a "
            "`datasets` folder, or a hub id."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to create for the texts to publish.")],
    vault: Annotated[Path, typer.Option(help="Folder to create for the private vault.")],
    text_column: Annotated[str, typer.Option(help="Column that holds the text.")] = "text",
    id_column: Annotated[
        str | None, typer.Option(help="Column that holds the ids. Default: hashes of the texts.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Split to use, if the data set has splits.")
    ] = None,
    scheme: Annotated[
        SchemeName,
        typer.Option(
            help="leximark: rarer synonyms. random_sequence: secret characters at the end of each "
            "text. look_alikes: letters that only look the same. traps: random sentences in many "
            "texts. trigger: a maxim in some of them. rewriting: paragraphs by a chat model."
        ),
    ] = SchemeName.leximark,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Setting of the scheme, such as scope=document or length=40; with then. before it "
            "a setting of the second one. May be repeated; docs/schemes.md lists them.",
        ),
    ] = None,
    then: Annotated[
        SchemeName | None,
        typer.Option(help="Second scheme, for text that the first one leaves unchanged."),
    ] = None,
    rule: Annotated[
        Rule,
        typer.Option(
            help="keyed: a secret key chooses, which makes an exact p-value possible. published: "
            "always the rarest synonym, as in the LexiMark paper."
        ),
    ] = Rule.keyed,
    scope: Annotated[
        Scope,
        typer.Option(
            help="word: one draw for all sites of a word. site: one per site. document: one "
            "for all sites of a document."
        ),
    ] = Scope.word,
    k: Annotated[
        int,
        typer.Option("--words-per-sentence", "-k", min=1, help="K, maximum sites per sentence."),
    ] = 5,
    m: Annotated[
        int,
        typer.Option("--candidates", "-m", min=2, help="m, candidates per site."),
    ] = 2,
    keep_original: Annotated[
        bool,
        typer.Option(
            "--keep-original/--no-keep-original",
            help="Whether the original word is one of the candidates.",
        ),
    ] = True,
    max_sites_per_draw: Annotated[
        int, typer.Option(min=1, help="Maximum number of sites decided by one draw.")
    ] = 16,
    min_letters: Annotated[int, typer.Option(min=1, help="Skip words shorter than this.")] = 3,
    min_rarity: Annotated[
        float, typer.Option(help="Skip words more common than this, in bits (-log2 frequency).")
    ] = 9.0,
    source: SourceOption = "wordnet",
    quality: QualityOption = Quality.fast,
    min_fit: MinFit = None,
    max_failures: MaxFailures = 0,
    language: LanguageOption = "en",
    stop_words: Annotated[
        Path | None,
        typer.Option(help="File of lemmas to skip, one per line; replaces the built-in list."),
    ] = None,
    protected_words: Annotated[
        Path | None,
        typer.Option(help="File of words, one per line, that are neither replaced nor inserted."),
    ] = None,
    keep_quotations: Annotated[
        bool, typer.Option("--keep-quotations", help="Leave quotations as they are.")
    ] = False,
    holdout: Annotated[
        float, typer.Option(help="Share of documents that are marked but withheld.")
    ] = 0.1,
    test: Annotated[
        Test | None,
        typer.Option(
            help="Primary test of evidence. Default: the most powerful one for the scheme."
        ),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            help="Detector of the remark and hold-out tests without a reference. Default: loss for "
            "remark, else min_k_plus_plus."
        ),
    ] = None,
    alpha: Annotated[float, typer.Option(help="Level of the primary test.")] = 0.001,
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Reference model to fix in the plan; may be repeated."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            help="Key to use, 32 raw bytes; not copied. Default: a fresh one in the vault."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that find sites; the result is the same.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Mark a data set before publishing it.

    Writes the marked texts in the format of the input, and a vault with everything needed for a
    later audit: keep it private. The same command continues an interrupted run.
    """
    from pipelines.jobs.mark import make_candidate_settings, make_intent, mark_command
    from pipelines.loading.schemes import default_schemes, with_second
    from watermark.schemes.leximark import LIGHT_WORDS, LexiMark

    if scheme is SchemeName.leximark:
        _refuse_said_twice(context, settings or [])
    else:
        _refuse_options_of_leximark(context, scheme)
    try:
        lexical = LexiMark(
            rule=rule.value,
            scope=scope.value,
            words_per_sentence=k,
            n_candidates=m,
            keep_original=keep_original,
            max_sites_per_draw=max_sites_per_draw,
            min_letters=min_letters,
            min_rarity_bits=min_rarity,
            quotations=keep_quotations,
            stop_words=_words(stop_words) if stop_words else LIGHT_WORDS,
            protected_words=_words(protected_words) if protected_words else frozenset(),
            sources=tuple(source.split(",")),
            quality=quality.value,
            max_failures=max_failures,
            fit=make_candidate_settings(quality.value, min_fit, language),
        )
        chosen = lexical if scheme is SchemeName.leximark else default_schemes()[scheme.value]
        if scheme is SchemeName.rewriting:
            settings = [f"max_failures={max_failures}", *(settings or ())]
        if then is SchemeName.rewriting:
            settings = [f"then.max_failures={max_failures}", *(settings or ())]
        plan_options = {"test": test and test.value, "detector": detector}
        intent = make_intent(
            with_second(chosen, then and then.value, settings or ()),
            **{name: value for name, value in plan_options.items() if value},
            alpha=alpha,
            references=tuple(reference or ()),
            holdout_share=holdout,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    plan = mark_command(
        corpus,
        out,
        vault,
        intent,
        text_column=text_column,
        id_column=id_column,
        split=split,
        key_file=key_file,
        workers=workers,
    )
    if as_json:
        print(plan.to_json(), end="")
        return
    numbers = plan.corpus
    print(
        f"{numbers['n_documents']:,} documents read, {numbers['n_held_out']:,} held out; "
        f"{numbers['n_sites']:,} sites, {numbers['n_changed']:,} words changed.\n"
        f"To publish: {out}\nTo keep private: {vault} (without its key nothing can be proved)\n"
        f"May be published before the data: {vault / 'commitment.txt'}\n"
        f"Before you publish: `leximark stamp {vault}`. Without a time stamp older than the model, "
        "an audit is reported as not fixed beforehand."
    )


def _refuse_options_of_leximark(context: typer.Context, scheme: SchemeName) -> None:
    others = OF_LEXIMARK if scheme is SchemeName.rewriting else (*OF_LEXIMARK, "max_failures")
    for name, option in _given(context):
        if name in others:
            raise typer.BadParameter(
                f"{option} is an option of leximark; settings of {scheme.value} are "
                "given with --set NAME=VALUE"
            )


def _refuse_said_twice(context: typer.Context, settings: Sequence[str]) -> None:
    named = {setting.partition("=")[0] for setting in settings}
    for name, option in _given(context):
        if SETTINGS.get(name, name) in named:
            raise typer.BadParameter(
                f"{option} and --set {SETTINGS.get(name, name)} say the same: leave one out"
            )


def _given(context: typer.Context) -> Iterator[tuple[str, str]]:
    """Yield name and option of each parameter given on the command line."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name and source is not None and source.name == "COMMANDLINE":
            yield parameter.name, parameter.opts[0]


def _words(path: Path) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: wanted a UTF-8 file of words, one a line ({error})") from error
    return frozenset(line.strip().lower() for line in lines if line.strip())
