"""Read and write what two sides exchange; all of it may have been written by the other side.

challenge/                  may be given to anyone whom the owner trusts with the original texts
  challenge.json            name, form and number of the questions, and their hash
  questions.jsonl           one question per line, words in alphabetical or in public order
answers/
  answers.json              which questions, which model
  answers.jsonl             one answer per line, in the order of the questions
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from watermark.atomic import atomic_folder
from watermark.errors import ToolkitError

FORMAT = 1
Form = Literal["logprobs", "words"]
"""How questions are answered: by log-probabilities of words in place, or by naming a word."""
MAX_BYTES = 512 * 1024 * 1024
MAX_WORDS = 64


class AnswersError(ToolkitError):
    """Raised when questions or answers are not what the other side must have written."""


def digest_of(lines: Sequence[str]) -> str:
    """Return the hash by which answers name the questions that they are to."""
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_challenge(out: Path, name: str, form: Form, lines: Sequence[str]) -> str:
    """Write the folder of a challenge, and return the hash of its questions."""
    digest = digest_of(lines)
    about = {
        "format": FORMAT, "form": form, "name": name, "n_questions": len(lines),
        "questions_sha256": digest,
    }  # fmt: skip
    _write(out, "challenge.json", about, "questions.jsonl", lines)
    return digest


def read_challenge(folder: Path) -> tuple[Mapping[str, Any], Form, list[str]]:
    """Return what a challenge says of itself, its form, and the lines of its questions.

    Raises:
        AnswersError: It is of another format, or was altered.
    """
    about = read_object(folder / "challenge.json")
    form = _form(about.get("form"))
    if about.get("format") != FORMAT or form is None:
        raise AnswersError(
            f"{folder}: wanted questions of format {FORMAT} and form "
            f"{' or '.join(get_args(Form))}, got {str(about.get('format'))[:20]} and "
            f"{str(about.get('form'))[:20]!r}"
        )
    lines = read_lines(folder / "questions.jsonl")
    if digest_of(lines) != about.get("questions_sha256"):
        raise AnswersError(f"{folder / 'questions.jsonl'}: altered since it was written")
    return about, form, lines


def write_answers(
    out: Path, challenge: Mapping[str, Any], described: Mapping[str, Any], rows: Sequence[str]
) -> None:
    """Write the folder of answers to a challenge."""
    about = {
        "format": FORMAT,
        "form": challenge["form"],
        "challenge": challenge["name"],
        "questions_sha256": challenge["questions_sha256"],
        **described,
    }
    _write(out, "answers.json", about, "answers.jsonl", rows)


def _write(out: Path, head: str, about: Mapping[str, Any], body: str, rows: Sequence[str]) -> None:
    with atomic_folder(out) as draft:
        (draft / body).write_text("".join(rows), encoding="utf-8")
        (draft / head).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def read_about_answers(folder: Path) -> tuple[str, Form]:
    """Return the name of the challenge that answers are to, and their form.

    Raises:
        AnswersError: They do not say.
    """
    about = read_object(folder / "answers.json")
    name, form = about.get("challenge"), _form(about.get("form", "logprobs"))
    if not isinstance(name, str) or form is None:
        raise AnswersError(f"{folder / 'answers.json'}: does not say which challenge it answers")
    return name, form


def read_answer_lines(
    folder: Path, digest: str, n_questions: int
) -> tuple[dict[str, str], list[tuple[str, dict[str, Any]]]]:
    """Return the model that answered, and each answer with its place in the file.

    Raises:
        AnswersError: The answers are to other questions, incomplete or out of order.
    """
    about = read_object(folder / "answers.json")
    if about.get("questions_sha256") != digest:
        raise AnswersError(f"{folder}: answers other questions than this vault asks in it")
    model = about.get("model")
    names = ("name", "fingerprint", "settings")
    if not isinstance(model, dict) or not all(isinstance(model.get(n), str) for n in names):
        raise AnswersError(f"{folder / 'answers.json'}: does not say which model answered")
    path = folder / "answers.jsonl"
    lines = read_lines(path)
    if len(lines) != n_questions:
        raise AnswersError(
            f"{path}: wanted {n_questions:,} answers, got {len(lines):,}: each question is "
            "answered once, in the order of the questions"
        )
    found = []
    for number, line in enumerate(lines):
        where = f"{path}:{number + 1}"
        fields = parsed(where, line)
        if fields.get("number") != number:
            raise AnswersError(
                f"{where}: wanted the answer to question {number}, got that to "
                f"{str(fields.get('number'))[:20]}: answers are out of order, or one comes twice"
            )
        found.append((where, fields))
    return {n: model[n][:500] for n in names}, found


def _form(value: Any) -> Form | None:
    forms: tuple[Form, ...] = get_args(Form)
    return next((form for form in forms if form == value), None)


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file."""
    return parsed(str(path), _read_text(path))


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file, each with its end."""
    return [line + "\n" for line in _read_text(path).removesuffix("\n").split("\n")]


def parsed(where: str, text: str) -> dict[str, Any]:
    """Return the JSON object in a text.

    Raises:
        AnswersError: It holds another thing; the message says where it stands.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswersError(f"{where}: malformed ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise AnswersError(f"{where}: wanted a JSON object")
    return found


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise AnswersError(f"{path}: wanted at most {MAX_BYTES:,} bytes")
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise AnswersError(f"{path}: cannot be read ({error})") from error
