"""Load the corpus of a vault for an audit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watermark.document import Document, Site, sites_of
from watermark.vault.vault import Vault


@dataclass(frozen=True)
class AuditCorpus:
    """The corpus of a vault as an audit needs it."""

    documents: tuple[Document, ...]
    """Published and held-out documents, as marked."""
    published: NDArray[np.bool_]
    """Which of them were published."""
    originals: tuple[Document, ...]
    sites: tuple[tuple[Site, ...], ...]
    """Sites of each document, with offsets in the original text. Empty for documents held out, and
    where nothing was drawn."""
    choices: tuple[tuple[int, ...], ...]
    """Index of the candidate that the key drew at each site, for each document."""
    language: str = "en"
    """Language of the candidates."""
    key_names: tuple[str, ...] = ()
    """Names by which the key decides on each document as a whole; two with one text share one."""

    @property
    def first_of_name(self) -> NDArray[np.bool_]:
        """Which documents are the first with their text: the units of the hold-out."""
        names = self.key_names or range(len(self.documents))
        first = {name: number for number, name in reversed(list(enumerate(names)))}
        return np.isin(np.arange(len(self.documents)), list(first.values()))

    def readable(self) -> Iterator[tuple[Document, tuple[Site, ...]]]:
        """Yield the original documents with their sites, without insertions."""
        for original, sites in zip(self.originals, self.sites, strict=True):
            if kept := tuple(site for site in sites if site.original):
                yield original, kept


def load_audit_corpus(vault: Vault) -> AuditCorpus:
    """Read a vault, which was checked when it was opened."""
    rows = list(vault.marked())
    keyed = vault.plan.scheme.get("rule") != "published"
    drawn = [m if keyed and row.status == "published" else replace(m, marks=()) for row, m in rows]
    return AuditCorpus(
        documents=tuple(marked.document for _, marked in rows),
        published=np.array([row.status == "published" for row, _ in rows]),
        originals=tuple(Document(row.id, row.original) for row, _ in rows),
        sites=tuple(sites_of(m) for m in drawn),
        choices=tuple(tuple(k.candidates.index(k.chosen) for k in m.marks) for m in drawn),
        language=_language(vault.plan.scheme),
        key_names=tuple(vault.plan.key_name(row.id, row.original) for row, _ in rows),
    )


def _language(scheme: Mapping[str, Any]) -> str:
    """Return the language of a scheme's words; with two schemes, the first that has one."""
    parts = [scheme, scheme.get("first", {}), scheme.get("second", {})]
    return next((p["fit"]["language"] for p in parts if "fit" in p), "en")
