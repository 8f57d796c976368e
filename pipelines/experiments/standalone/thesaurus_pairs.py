"""Write which of WordNet's synonyms Moby's thesaurus lists as well.

    python -m pipelines.experiments.standalone.thesaurus_pairs WORDS.txt

WORDS is the Moby Thesaurus II of Grady Ward (1996, public domain): a line has a head word and the
words listed under it, separated by commas. The result, `watermark/substitution/lists/moby.tsv.gz`,
has a line for each pair of words that share or nearly share a sense in WordNet: both words in the
order of the alphabet, then 1 if the second is listed under the first, plus 2 if the first is listed
under the second, and how alike the entries are that name them, in hundredths.
"""

import argparse
import gzip
from collections import defaultdict
from collections.abc import Iterator
from math import sqrt
from pathlib import Path

from watermark.assets import find_wordnet
from watermark.substitution.thesaurus_evidence import FILE
from watermark.substitution.wordnet import WordNet
from watermark.text.rarity import rarity_bits

MOST_BITS = 22.0
"""Rarer words are not put in."""


def read_entries(path: Path) -> dict[str, set[str]]:
    """Return the words that are listed under each head word, all in lower case."""
    entries: dict[str, set[str]] = defaultdict(set)
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            head, *words = line.strip().lower().split(",")
            entries[head].update(words)
    return dict(entries)


def single_words(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield every single word of WordNet in lower case with each of its parts of speech."""
    for pos, name in (("n", "noun"), ("v", "verb"), ("a", "adj"), ("r", "adv")):
        with (folder / f"index.{name}").open(encoding="ascii") as lines:
            words = (line.partition(" ")[0] for line in lines)
            yield from ((word, pos) for word in words if word.isalpha() and word.islower())


def linked_pairs(wordnet: WordNet, folder: Path) -> set[tuple[str, str]]:
    """Return the pairs of words that share a sense or come near one, each in alphabetical order."""
    pairs: set[tuple[str, str]] = set()
    for lemma, pos in single_words(folder):
        links = [link for sense in wordnet.senses(lemma, pos) for link in sense.links]
        near = {word for link in links if link.relation != "broader" for word in link.words}
        pairs |= {(min(lemma, word), max(lemma, word)) for word in near}
    return {
        pair for pair in pairs if pair[0] != pair[1] and max(map(rarity_bits, pair)) <= MOST_BITS
    }


def main() -> None:
    """Read both, write the pairs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", type=Path, help="the thesaurus, as it comes")
    entries = read_entries(parser.parse_args().words)
    named_in: dict[str, set[str]] = defaultdict(set)
    for head, words in entries.items():
        named_in[head].add(head)
        for word in words:
            named_in[word].add(head)
    lines, folder = [], find_wordnet()
    for one, other in sorted(linked_pairs(WordNet(folder), folder)):
        listed = (other in entries.get(one, ())) + 2 * (one in entries.get(other, ()))
        mine, theirs = named_in.get(one, set()), named_in.get(other, set())
        alike = len(mine & theirs) / sqrt(max(1, len(mine) * len(theirs)))
        if listed or alike >= 0.005:
            lines.append(f"{one}\t{other}\t{listed}\t{round(100 * alike)}\n")
    FILE.write_bytes(gzip.compress("".join(lines).encode("ascii"), mtime=0))
    print(f"{len(lines)} pairs, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
