"""Answers on disk: nothing that was paid for is asked again.

FOLDER/answers-<model>.jsonl    one line a question, appended as its answers come in

A model is its fingerprint and the way it is made to choose. A line holds hashes of the question
and the counts, no text.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from membership.choices.answers import Answers, Chooser
from membership.choices.question import Question
from watermark.errors import ToolkitError
from watermark.limits import NOTE
from watermark.safe_json import parse_json


class CachedChooser:
    """A chooser that keeps what it was answered."""

    def __init__(self, chooser: Chooser, folder: Path) -> None:
        """Open, or begin, the file of answers of this model.

        Raises:
            ToolkitError: The file is damaged before its last line.
        """
        self._chooser = chooser
        self.name, self.fingerprint, self.way = chooser.name, chooser.fingerprint, chooser.way
        said = json.dumps([self.fingerprint, self.way])
        self.path = folder / f"answers-{hashlib.sha256(said.encode()).hexdigest()[:32]}.jsonl"
        self._known: dict[str, Answers] = {}
        if self.path.exists():
            self._read()

    def _read(self) -> None:
        lines = self.path.read_bytes().split(b"\n")
        for number, line in enumerate(lines[:-1], 1):  # a run that was killed may leave half a line
            try:
                key, counts, other, refused = parse_json(line, NOTE)
                self._known[str(key)] = Answers(tuple(map(float, counts)), other, int(refused))
            except (ValueError, TypeError) as error:
                raise ToolkitError(
                    f"{self.path}:{number}: the cache of answers is damaged; remove the file, or "
                    "all caches with `leximark cache --clear`"
                ) from error
        whole = b"".join(line + b"\n" for line in lines[:-1])
        if lines[-1]:
            self.path.write_bytes(whole)

    def n_known(self, questions: Sequence[Question], n: int, seed: int) -> int:
        """Return how many of the questions need no call."""
        return sum(_key(question, n, seed) in self._known for question in questions)

    def choose(
        self, questions: Sequence[Question], n: int, seed: int
    ) -> Iterator[tuple[int, Answers]]:
        """Yield the index of a question and its answers: first those at hand, then new ones."""
        keys = [_key(question, n, seed) for question in questions]
        unknown = list[int]()
        for index, key in enumerate(keys):
            if key in self._known:
                yield index, self._known[key]
            else:
                unknown.append(index)
        if not unknown:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.path.open("a", encoding="utf-8") as file:
            for number, answers in self._chooser.choose([questions[i] for i in unknown], n, seed):
                key = keys[unknown[number]]
                row = [key, answers.counts, answers.other, answers.refused]
                file.write(json.dumps(row) + "\n")
                file.flush()
                self._known[key] = answers
                yield unknown[number], answers


def _key(question: Question, n: int, seed: int) -> str:
    said = json.dumps([question.left, question.right, question.options, n, seed])
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
