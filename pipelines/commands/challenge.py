import json
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from pipelines.challenge.files import Form
from pipelines.commands.options.corpus import KeyFile, VaultArgument
from pipelines.commands.options.evidence import ModelDate, TsaRoot
from pipelines.commands.options.groups import with_option_groups
from pipelines.commands.options.model import ModelFlags


def challenge(
    vault: VaultArgument,
    out: Annotated[Path, typer.Option(help="Folder to create for the questions.")],
    form: Annotated[
        Form,
        typer.Option(
            help="How the questions are answered: logprobs (of words in place), or words (by a "
            "chat model, or any other)."
        ),
    ] = "logprobs",
    key_file: KeyFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Write questions for others to answer with their model, who see neither key nor outcomes.

    The questions hold original texts. `leximark answer` answers them, `leximark judge` tests the
    answers.
    """
    from pipelines.jobs.challenge import challenge_command

    n = challenge_command(vault, out, key_file, form)
    if as_json:
        print(json.dumps({"n_questions": n, "folder": str(out)}))
        return
    print(
        f"{n:,} questions: {out}\nTo be answered with `leximark answer {quote(str(out))} "
        "--model MODEL`"
    )


@with_option_groups
def answer(
    *,
    questions: Annotated[Path, typer.Argument(help="Folder that `leximark challenge` wrote.")],
    model: Annotated[
        str,
        typer.Option(
            help="Folder or hub id of a causal model, adapter, GGUF file, or a server "
            "(openai+http://host/v1#model; chat+ or text+ for questions that are answered in "
            "words)."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to create for the answers.")] = Path("answers"),
    models: ModelFlags,
    answers: Annotated[
        int, typer.Option(min=1, help="Questions answered in words: answers to each of them.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Answer the questions of a challenge with a model. Needs no vault, key or network.

    The answers hold log-probabilities or counts of words and the fingerprint of the model, nothing
    else.
    """
    from pipelines.jobs.answer import answer_command

    n = answer_command(questions, model, out, models.options(), answers)
    print(json.dumps({"n_answers": n, "folder": str(out)}) if as_json else f"{n:,} answers: {out}")


def judge(
    vault: Annotated[Path, typer.Argument(help="Vault that made the challenge.")],
    answers: Annotated[Path, typer.Argument(help="Folder that `leximark answer` wrote.")],
    reference: Annotated[
        list[Path] | None,
        typer.Option(
            help="Answers of another model to the same challenge, ideally of the suspect's base. "
            "May be repeated."
        ),
    ] = None,
    key_file: KeyFile = None,
    tsa_root: TsaRoot = None,
    model_date: ModelDate = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Test the answers to a challenge: was the model that answered trained on our text?

    Answers that cannot be those of a language model are found out. Someone may still answer with
    another model than the one in question: "no evidence" is never evidence of innocence.
    """
    from pipelines.jobs.judge import judge_command
    from pipelines.reporting.judgement import judgement_dict, judgement_lines

    day = model_date and model_date.date()
    found = judge_command(vault, answers, reference or (), key_file, tsa_root or (), day)
    if as_json:
        print(json.dumps(judgement_dict(found), indent=2, ensure_ascii=False))
    else:
        print("\n".join(judgement_lines(found)))
