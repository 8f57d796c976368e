"""The jobs behind `challenge`, `answer` and `judge`: an audit without the model or without the key.

challenge/                  may be given to anyone whom the owner trusts with the original texts
  challenge.json            name, form and number of the questions, and their hash
  questions.jsonl           one question per line: text, slots with words in alphabetical order
answers/
  answers.json              which questions, which model
  answers.jsonl             one answer per line: log-probabilities of the words of each slot
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from membership.audit.challenge import (
    Answer,
    Challenge,
    Question,
    challenge_digest,
    credibility,
    make_challenge,
    site_readings,
)
from membership.audit.corpus import load_audit_corpus
from membership.evidence.redraw import redraw_test
from membership.evidence.score_table import build_table
from membership.scoring import run_queries
from membership.traces.candidate_tokens import NOT_A_NUMBER
from membership.traces.trace import CandidateLogprobs, Query, Slot
from pipelines.loading.models import ModelOptions, load_model
from pipelines.loading.vaults import open_owned
from pipelines.reporting.judgement import Judgement
from pipelines.reporting.provenance import program_version
from watermark.atomic import atomic_folder
from watermark.errors import ToolkitError
from watermark.vault.beforehand import Beforehand, rejected_sites
from watermark.vault.custody import audit_settings, log_event, read_custody
from watermark.vault.stamps import read_stamps
from watermark.vault.vault import Vault

FORMAT = 1
FORM = "logprobs"
"""How questions of this format are answered; other forms may come, and are refused by name."""
MAX_BYTES = 512 * 1024 * 1024
MAX_WORDS = 64
N_RESAMPLES = 99_999


class AnswersError(ToolkitError):
    """Raised when questions or answers are not what the other side must have written."""


def challenge_command(vault_folder: Path, out: Path, key_file: Path | None = None) -> int:
    """Write the questions of a new challenge, and return their number.

    Raises:
        ToolkitError: It is not a vault, `out` exists, or there is nothing to ask.
    """
    if out.exists():
        raise ToolkitError(f"{out}: exists already: name another folder with --out or remove it")
    vault = open_owned(vault_folder, key_file)
    name = os.urandom(16).hex()
    made = make_challenge(load_audit_corpus(vault), vault.key, name)
    lines = _question_lines(made)
    about = {
        "format": FORMAT,
        "form": FORM,
        "name": name,
        "n_questions": len(lines),
        "questions_sha256": challenge_digest(lines),
    }
    with atomic_folder(out) as draft:
        (draft / "questions.jsonl").write_text("".join(lines), encoding="utf-8")
        (draft / "challenge.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    digest = about["questions_sha256"]
    log_event(vault_folder, "challenge", program_version(), name=name, questions=digest)
    return len(lines)


def _question_lines(made: Challenge) -> list[str]:
    return [
        json.dumps(
            {
                "number": number,
                "text": question.text,
                "slots": [[s.start, s.original, list(s.candidates)] for s in question.slots],
            },
            ensure_ascii=False,
        )
        + "\n"
        for number, question in enumerate(made.questions)
    ]


def answer_command(challenge: Path, model: str, out: Path, options: ModelOptions) -> int:
    """Answer a challenge with a model, and return the number of answers. Needs no vault.

    Raises:
        ToolkitError: The challenge is malformed, the model cannot answer, or `out` exists.
    """
    if out.exists():
        raise ToolkitError(f"{out}: exists already: name another folder with --out or remove it")
    about = _read_object(challenge / "challenge.json")
    if (about.get("format"), about.get("form")) != (FORMAT, FORM):
        raise AnswersError(
            f"{challenge}: wanted questions of format {FORMAT} and form {FORM!r}, got "
            f"{str(about.get('format'))[:20]} and {str(about.get('form'))[:20]!r}"
        )
    lines = _read_lines(challenge / "questions.jsonl")
    if challenge_digest(lines) != about.get("questions_sha256"):
        raise AnswersError(f"{challenge / 'questions.jsonl'}: altered since it was written")
    questions = [_question(challenge, i, line) for i, line in enumerate(lines)]
    suspect = load_model(model, options)
    queries = [Query(question.text, question.slots) for question in questions]
    traces = run_queries(suspect, list(dict.fromkeys(queries)))
    rows = []
    for number, query in enumerate(queries):
        said = [_reading_fields(reading) for reading in traces[query].candidate_logprobs]
        rows.append(json.dumps({"number": number, "slots": said}) + "\n")
    described = {
        "format": FORMAT,
        "challenge": about["name"],
        "questions_sha256": about["questions_sha256"],
        "model": {
            "name": suspect.name,
            "fingerprint": suspect.fingerprint,
            "settings": suspect.settings,
        },
        "program": program_version(),
    }
    with atomic_folder(out) as draft:
        (draft / "answers.jsonl").write_text("".join(rows), encoding="utf-8")
        text = json.dumps(described, indent=1) + "\n"
        (draft / "answers.json").write_text(text, encoding="utf-8")
    return len(rows)


def _reading_fields(reading: CandidateLogprobs) -> dict[str, Any]:
    if np.isfinite(reading.logprob).all():
        return {"logprobs": reading.logprob.tolist()}
    return {"reason": reading.reason or NOT_A_NUMBER}


def judge_command(
    vault_folder: Path,
    answers: Path,
    references: Sequence[Path] = (),
    key_file: Path | None = None,
    tsa_roots: Sequence[Path] = (),
) -> Judgement:
    """Return what answers are evidence of; the vault's custody log gets a line.

    Args:
        vault_folder: The vault that made the challenge.
        answers: The suspect's answers.
        references: Answers of other models to the same challenge.
        key_file: The key, if it is not in the vault.
        tsa_roots: Certificates of time stamp authorities that are trusted.

    Raises:
        ToolkitError: Answers are incomplete, twice, out of order, or to other questions.
    """
    vault = open_owned(vault_folder, key_file)
    name = _read_object(answers / "answers.json").get("challenge")
    if not isinstance(name, str):
        raise AnswersError(f"{answers / 'answers.json'}: does not say which challenge it answers")
    made = make_challenge(load_audit_corpus(vault), vault.key, name)
    digest = challenge_digest(_question_lines(made))
    model, said = _read_answers(answers, made, digest)
    sites, readings = site_readings(made, said)
    others, fingerprints = {}, []
    for folder in references:
        other, theirs = _read_answers(folder, made, digest)
        if other["fingerprint"] == model["fingerprint"]:
            raise AnswersError(f"{folder}: is of the suspect itself: name another model's answers")
        others[str(folder)] = site_readings(made, theirs)[1]
        fingerprints.append(other["fingerprint"])
    table = build_table(sites, readings, others, language=made.language)
    alpha = vault.plan.alpha
    result = redraw_test(table, vault.key, alpha=alpha, n_resamples=N_RESAMPLES)
    settings = audit_settings(
        model["fingerprint"], fingerprints, "challenge", alpha, N_RESAMPLES, result.seed
    )
    known = _beforehand(vault, tsa_roots, settings)
    log_event(vault_folder, "audit", program_version(), settings=settings, pvalue=result.pvalue)
    return Judgement(known, result, alpha, credibility(made, said), model)


def _beforehand(vault: Vault, tsa_roots: Sequence[Path], settings: Mapping[str, Any]) -> Beforehand:
    return Beforehand(
        read_stamps(vault.folder, tsa_roots),
        n_rejected=rejected_sites(vault.plan.corpus),
        audits_before=read_custody(vault.folder).audits_before(settings),
    )


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise AnswersError(f"{path}: wanted at most {MAX_BYTES:,} bytes")
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise AnswersError(f"{path}: cannot be read ({error})") from error


def _read_lines(path: Path) -> list[str]:
    return [line + "\n" for line in _read_text(path).removesuffix("\n").split("\n")]


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswersError(f"{path}: malformed ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise AnswersError(f"{path}: wanted a JSON object")
    return found


def _read_object(path: Path) -> dict[str, Any]:
    return _parsed(path, _read_text(path))


def _question(folder: Path, number: int, line: str) -> Question:
    """Read a question that others wrote."""
    path = folder / f"questions.jsonl:{number + 1}"
    fields = _parsed(path, line)
    try:
        text = fields["text"]
        slots = tuple(Slot(int(s), str(o), tuple(map(str, c))) for s, o, c in fields["slots"])
        holds = fields["number"] == number and isinstance(text, str)
        holds = holds and all(
            0 <= slot.start <= len(text)
            and text[slot.start : slot.start + len(slot.original)] == slot.original
            and 2 <= len(set(slot.candidates)) == len(slot.candidates) <= MAX_WORDS
            for slot in slots
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise AnswersError(f"{path}: is not a question ({type(error).__name__})") from error
    if not holds:
        raise AnswersError(f"{path}: is not a question: its places are not in its text")
    return Question(text, slots)


def _read_answers(
    folder: Path, made: Challenge, digest: str
) -> tuple[dict[str, str], list[Answer]]:
    """Read answers that others wrote."""
    about = _read_object(folder / "answers.json")
    if about.get("questions_sha256") != digest:
        raise AnswersError(f"{folder}: answers other questions than this vault asks in it")
    model = about.get("model")
    names = ("name", "fingerprint", "settings")
    if not isinstance(model, dict) or not all(isinstance(model.get(n), str) for n in names):
        raise AnswersError(f"{folder / 'answers.json'}: does not say which model answered")
    lines = _read_lines(folder / "answers.jsonl")
    path = folder / "answers.jsonl"
    if len(lines) != len(made.questions):
        raise AnswersError(
            f"{path}: wanted {len(made.questions):,} answers, got {len(lines):,}: each question is "
            "answered once, in the order of the questions"
        )
    read: list[Answer] = [_answer(path, i, line, made.questions[i]) for i, line in enumerate(lines)]
    return {n: model[n][:500] for n in names}, read


def _answer(path: Path, number: int, line: str, question: Question) -> list[CandidateLogprobs]:
    where = Path(f"{path}:{number + 1}")
    fields = _parsed(where, line)
    if fields.get("number") != number:
        raise AnswersError(
            f"{where}: wanted the answer to question {number}, got that to "
            f"{str(fields.get('number'))[:20]}: answers are out of order, or one comes twice"
        )
    slots = fields.get("slots")
    if not isinstance(slots, list) or len(slots) != len(question.slots):
        raise AnswersError(f"{where}: wanted {len(question.slots)} slots: answered in part")
    return [
        _reading(where, s, len(q.candidates)) for s, q in zip(slots, question.slots, strict=True)
    ]


def _reading(where: Path, fields: Any, n: int) -> CandidateLogprobs:
    if isinstance(fields, dict) and isinstance(fields.get("reason"), str) and fields["reason"]:
        return CandidateLogprobs(np.full(n, np.nan), f"not answered: {fields['reason'][:200]}")
    values = fields.get("logprobs") if isinstance(fields, dict) else None
    if not isinstance(values, list) or len(values) != n:
        raise AnswersError(f"{where}: wanted {n} log-probabilities, or a reason")
    if not all(type(v) in (int, float) and -1e6 <= v <= 1e-6 for v in values):  # NaN is neither
        raise AnswersError(f"{where}: a log-probability is not a number between -1e6 and 0")
    return CandidateLogprobs(np.array(values, dtype=np.float64))
