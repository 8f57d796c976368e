"""The job behind `answer`: answer a challenge with a model. Needs no vault and no key."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from membership.choices.answers import Answers, Chooser
from membership.choices.cache import CachedChooser
from membership.choices.local_model import LocalChooser
from membership.choices.question import Question
from membership.models.server.open_chooser import open_chooser
from membership.scoring import run_queries
from membership.traces.trace import Query
from pipelines.challenge import logprob_rows, word_rows
from pipelines.challenge.files import read_challenge, write_answers
from pipelines.jobs.verify_choices import only_answers
from pipelines.loading.models import ModelOptions, load_model
from pipelines.reporting.provenance import program_version
from watermark.atomic import refuse_existing
from watermark.errors import ToolkitError


def answer_command(
    challenge: Path, model: str, out: Path, options: ModelOptions, n_answers: int = 1
) -> int:
    """Answer a challenge with a model, and return the number of answers.

    Args:
        challenge: The folder of the questions.
        model: The model.
        out: Folder to make for the answers.
        options: How the model is run and reached.
        n_answers: Answers in words to each question.

    Raises:
        ToolkitError: The challenge is malformed, the model cannot answer, or `out` exists.
    """
    refuse_existing(out)
    about, form, lines = read_challenge(challenge)
    places = [f"{challenge / 'questions.jsonl'}:{i + 1}" for i in range(len(lines))]
    if form == "words":
        questions = [
            word_rows.read_question(where, i, line)
            for i, (where, line) in enumerate(zip(places, lines, strict=True))
        ]
        described, rows = _in_words(questions, model, options, n_answers)
    elif only_answers(model) is not None:
        raise ToolkitError(
            f"{model}: only answers in words, and these questions ask for log-probabilities; make "
            "others with `leximark challenge --form words`"
        )
    else:
        described, rows = _in_numbers(places, lines, model, options)
    write_answers(out, about, described, rows)
    return len(rows)


def _in_numbers(
    places: Sequence[str], lines: Sequence[str], model: str, options: ModelOptions
) -> tuple[dict[str, Any], list[str]]:
    questions = [
        logprob_rows.read_question(where, i, line)
        for i, (where, line) in enumerate(zip(places, lines, strict=True))
    ]
    suspect = load_model(model, options)
    queries = [Query(question.text, question.slots) for question in questions]
    traces = run_queries(suspect, list(dict.fromkeys(queries)))
    rows = [
        logprob_rows.answer_line(number, traces[query].candidate_logprobs)
        for number, query in enumerate(queries)
    ]
    return _described(suspect.name, suspect.fingerprint, suspect.settings), rows


def _in_words(
    questions: Sequence[Question], model: str, options: ModelOptions, n_answers: int
) -> tuple[dict[str, Any], list[str]]:
    if n_answers < 1:
        raise ToolkitError(f"wanted at least 1 answer to a question, got {n_answers}")
    address, chooser = only_answers(model), None
    if address is not None:
        chooser = _cached(open_chooser(address, questions[:2], policy=options.policy()), options)
    else:
        chooser = LocalChooser(load_model(model, options))
    found: list[Answers | None] = [None] * len(questions)
    with tqdm(total=len(questions), desc=f"asking {chooser.name}", disable=None) as bar:
        for index, answers in chooser.choose(questions, n_answers, 0):
            found[index] = answers
            bar.update()
    rows = [
        word_rows.answer_line(i, answers) for i, answers in enumerate(found) if answers is not None
    ]
    return _described(chooser.name, chooser.fingerprint, chooser.way), rows


def _cached(chooser: Chooser, options: ModelOptions) -> Chooser:
    return chooser if options.cache is None else CachedChooser(chooser, options.cache)


def _described(name: str, fingerprint: str, settings: str) -> dict[str, Any]:
    model = {"name": name, "fingerprint": fingerprint, "settings": settings}
    return {"model": model, "program": program_version()}
