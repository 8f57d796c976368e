"""Texts of which each line is known to be code or prose: source files, manuals, mails, novels."""

import re
import struct
import textwrap
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

SEED = 0
FILES_OF_A_KIND = 25
"""Files taken of a package, of each kind of file."""
MAILS_OF_A_FOLDER = 150
LINES_OF_A_FILE = 150


@dataclass(frozen=True)
class Sample:
    """A text whose lines are known to be code or prose."""

    package: str
    kind: str
    lines: tuple[str, ...]
    labels: tuple[int, ...]
    """1 for code, 0 for prose, -1 for lines that are neither: empty ones, titles, tables."""


def read_samples(
    packages: Path, mails: Path, package: str, kinds: Iterable[str]
) -> Iterator[Sample]:
    """Yield texts of a package, each kind of file by a random choice of them."""
    rng = np.random.default_rng(SEED)
    for kind in kinds:
        if kind == "mail":
            texts = _mails(mails / package, rng)
        elif kind.startswith("novel"):
            texts = _novels(packages / package, int(kind[-1]))
        else:
            texts = _files(packages / package, kind, rng)
        for text in texts:
            sample = _labelled(package, kind, text, rng)
            if any(label >= 0 for label in sample.labels):
                yield sample


def _files(folder: Path, kind: str, rng: np.random.Generator) -> Iterator[str]:
    if kind == "bash":
        paths = sorted((folder / "usr/share/bash-completion/completions").iterdir())
    elif kind == "fortune":
        paths = sorted(p for p in folder.rglob("fortunes/*") if not p.suffix)
    else:
        paths = sorted(folder.rglob(f"*.{kind}"))
    paths = [p for p in paths if p.is_file() and not p.is_symlink() and ".min." not in p.name]
    for number in rng.permutation(len(paths))[:FILES_OF_A_KIND]:
        yield paths[number].read_text(encoding="utf-8", errors="replace")


def _mails(folder: Path, rng: np.random.Generator) -> Iterator[str]:
    paths = sorted(p for p in folder.iterdir() if p.suffix == ".txt")
    for number in rng.permutation(len(paths))[:MAILS_OF_A_FOLDER]:
        text = paths[number].read_text(encoding="utf-8", errors="replace")
        body = text.partition("\n\n")[2]
        if "<html" not in body.lower() and "content-type: multipart" not in text.lower():
            yield body


def _novels(folder: Path, half: int) -> Iterator[str]:
    """Yield every second novel of the R package, read from R's serialised character vectors."""
    packed = (folder / "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb").read_bytes()
    novels: list[str] = []
    while len(packed) > 4:
        inflater = zlib.decompressobj()
        content = inflater.decompress(packed[4:])
        packed = inflater.unused_data
        lines = [text.decode() for text in _r_strings(content)]
        if len(lines) > 1000:
            novels.append("\n".join(lines))
    for number, novel in enumerate(novels):
        if number % 2 == half:
            lines = novel.split("\n")
            yield from (
                "\n".join(lines[first : first + LINES_OF_A_FILE])
                for first in range(500, len(lines) - LINES_OF_A_FILE, 900)
            )


def _r_strings(content: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"\x00[\x04\x00][\x00-\xff]\x09(....)", content, re.DOTALL):
        (n,) = struct.unpack(">i", found.group(1))
        if 0 <= n < 200:
            yield content[found.end() : found.end() + n]


class _Manual(HTMLParser):
    """Collects the paragraphs of a page and what it shows as code."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[tuple[int, str]] = []
        self._text: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in {"pre", "p"} and self._inside != "pre":
            self._text, self._inside = [], tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self.blocks.append((int(tag == "pre"), "".join(self._text)))
            self._inside = ""

    def handle_data(self, data: str) -> None:
        self._text.append(data)


def _labelled(package: str, kind: str, text: str, rng: np.random.Generator) -> Sample:
    if kind == "html":
        return _manual(package, kind, text, int(rng.choice([24, 60, 72, 100, 10_000])), rng)
    lines = text.splitlines()[:LINES_OF_A_FILE]
    is_prose = kind in {"mail", "fortune", "markdown", "txt"} or kind.startswith("novel")
    if is_prose and kind != "mail" and rng.random() < 0.3:  # a paragraph a line
        lines = re.sub(r"(?<=\S)\n(?=\S)", " ", "\n".join(lines)).split("\n")
    elif is_prose and kind != "mail" and rng.random() < 0.2:  # short lines, as in columns
        lines = [part for line in lines for part in textwrap.wrap(line, 24) or [""]]
    if is_prose and kind != "mail":
        lines = _set_in(lines, rng)
    labels = [(0 if is_prose else 1) if line.strip() else -1 for line in lines]
    if is_prose:
        least = 3 if kind == "mail" else 1
        labels = [
            label if _has_words(line, least) else -1
            for line, label in zip(lines, labels, strict=True)
        ]
    return Sample(package, kind, tuple(lines), tuple(labels))


def _set_in(lines: list[str], rng: np.random.Generator) -> list[str]:
    """Indent some prose, and make an item of a list of some: novels and manuals have too little."""
    indent = " " * int(rng.choice([0, 0, 0, 0, 2, 4, 4, 8]))
    sign = str(rng.choice(["", "", "", "", "- ", "* ", "1. ", "> "]))
    quoted = sign if sign == "> " else " " * len(sign)
    first = [line for line in lines[:1] if line.strip()]
    rest = lines[len(first) :]
    return [indent + sign + line for line in first] + [
        indent + quoted + line if line.strip() else line for line in rest
    ]


def _has_words(line: str, least: int) -> bool:
    """Tell whether a line has at least this many words; shorter ones are not sampled."""
    return len(re.findall(r"[A-Za-z]{2,}", line)) >= least


def _manual(package: str, kind: str, text: str, width: int, rng: np.random.Generator) -> Sample:
    page = _Manual()
    page.feed(text)
    lines: list[str] = []
    labels: list[int] = []
    for code, block in page.blocks:
        if code:
            some = block.strip("\n").split("\n")
        else:
            some = _set_in(textwrap.wrap(" ".join(block.split()), width), rng)
        lines += [*some, ""]
        usable = code or len(" ".join(some).split()) >= 8
        labels += [(code if usable and line.strip() else -1) for line in some] + [-1]
    return Sample(package, kind, tuple(lines), tuple(labels))
