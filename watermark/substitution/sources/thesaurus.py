"""The owner's own thesaurus: a file of words and what may stand for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from watermark.errors import CorpusError
from watermark.substitution.candidates import (
    OWNERS_LIST,
    Candidate,
    CandidateSettings,
    apply_threshold,
    inflect_candidate,
)
from watermark.substitution.target import Target


@dataclass(frozen=True)
class Thesaurus:
    """Words by lemma; whoever wrote the file answers for their meaning, form is seen to here."""

    words: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """What the option `--source` calls it."""
        return OWNERS_LIST

    def candidates(
        self, targets: Sequence[Target], settings: CandidateSettings
    ) -> list[list[Candidate]]:
        """Return the candidates of each target in the file's order, scored from 1 downwards."""
        return [self._of(target, settings) for target in targets]

    def _of(self, target: Target, settings: CandidateSettings) -> list[Candidate]:
        lemmas = self.words.get(target.word.lemma, ())
        shaped = [inflect_candidate(lemma, self.name, target, settings) for lemma in lemmas]
        offered = [candidate for candidate in shaped if not candidate.rejected]
        scores = [1.0 / (1 + place) for place in range(len(offered))]
        return apply_threshold(offered, scores, 0.0) + [c for c in shaped if c.rejected]


def read_thesaurus(path: Path) -> Thesaurus:
    """Read a thesaurus: a lemma, a tab, and the words that may stand for it, separated by commas.

    Empty lines and lines that begin with `#` are left out; a lemma that comes twice adds up.

    Raises:
        CorpusError: It cannot be read, a line has another form, or there is no word in it.
    """
    words: dict[str, tuple[str, ...]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: wanted a UTF-8 file of words ({error})") from error
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        lemma, tab, others = line.partition("\t")
        found = tuple(word.strip().lower() for word in others.split(",") if word.strip())
        if not tab or not lemma.strip() or not found:
            raise CorpusError(
                f"{path}:{number}: wanted a word, a tab and comma-separated words, got {line!r}"
            )
        key = lemma.strip().lower()
        words[key] = tuple(dict.fromkeys((*words.get(key, ()), *found)))
    if not words:
        raise CorpusError(f"{path}: there is no word in it")
    return Thesaurus(words)
