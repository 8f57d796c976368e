"""One cell of the experiments on attacks: mark, attack the texts or the model, test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from attacks.attack import attack_documents
from attacks.model.loop import TrainingLoop
from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.models.marking.encoder import SentenceEncoder, load_encoder
from pipelines.experiments.runner.records import Cell, Measure
from pipelines.experiments.trials.attack_arms import (
    FROM_BASE,
    LEFT_BESIDE,
    MODEL_ARMS,
    TEXT_ARMS,
    Scene,
)
from pipelines.experiments.trials.attacked import (
    OPTIONS,
    measure_holdout,
    measure_loss,
    measure_null,
    measure_perplexity,
    measure_redraw,
    measure_texts,
    observe_attacked,
    published_part,
)
from pipelines.experiments.trials.halves import experiment_key, mark_documents
from pipelines.experiments.trials.tiny import fresh_passages
from pipelines.training.training import TrainingSettings, load_base, train_once
from watermark.assets import find_model
from watermark.atomic import atomic_folder
from watermark.document import Document
from watermark.keys import Key
from watermark.scheme import Scheme

N_OTHERS, N_EDITIONS = 1_000, 2
N_FRESH = 50
"""The last texts of the pool, which no attack trains on."""
THIEFS_READER = "smollm2-135m"
"""Asset of the model whose perplexity says how natural an attacked text is."""


@dataclass(frozen=True)
class Setup:
    """What the cells of one experiment have in common."""

    n_documents: int
    """Published documents."""
    n_withheld: int
    """Documents that the key holds out, for the hold-out test."""
    scheme: Scheme
    thief_source: str
    """Where the adaptive thief takes candidates from: the owner's source, if he knows it."""
    training: TrainingSettings
    """How the model is trained on the published texts."""
    loop: TrainingLoop
    """Loop of the attacks that train; some change its rate and epochs."""
    unmarked: bool
    """Whether the null is that of a model trained on the originals and attacked in the same way.
    Else the attacked model is tested with keys that it never saw."""
    public: str = ""
    """Asset of a public model that is a second reference besides the base; empty for none."""
    name: str = ""
    """Tells apart the folders of setups that share a working folder."""

    @property
    def n_drawn(self) -> int:
        """Documents published and held out."""
        return self.n_documents + self.n_withheld


def run_attack(setup: Setup, cell: Cell, base: Path, folder: Path) -> Iterator[Measure]:
    """Attack texts or a model, and run the re-draw test with our key and with others.

    Args:
        setup: Size of the experiment.
        cell: Its attack, strength and seed.
        base: The model that is trained on the published texts.
        folder: Working folder of the cell; beside it lie the folders that cells share.
    """
    seed = int(cell.settings["seed"])
    arm = (str(cell.settings["attack"]), str(cell.settings["strength"]))
    home = folder.with_name(f"{setup.name}seed-{seed}")
    corpus, key = _marked(setup, home, seed)
    published = published_part(corpus)
    scene = _scene(setup, home, base, corpus, seed)
    texts = {"marked": published.documents, "unmarked": published.originals}
    attacked: dict[str, Path] = {}
    for name in texts if setup.unmarked else ("marked",):
        documents: Sequence[Document | None] = texts[name]
        if arm in TEXT_ARMS:
            documents = list(attack_documents(TEXT_ARMS[arm](scene), texts[name], seed=seed))
            if name == "marked":
                yield from measure_texts(published, documents, _encoder())
                yield from measure_perplexity(documents, find_model(THIEFS_READER))
            if all(document is None for document in documents):
                return
            crawl = with_beside(documents, texts[name], LEFT_BESIDE.get(arm, 0.0))
            attacked[name] = _trained(setup, base, crawl, folder / name, seed)
        else:
            attacked[name] = _attacked_model(
                setup, arm, scene, texts[name], home, folder / name, seed
            )
    options = replace(OPTIONS, cache=folder.with_name("traces"))
    references = {"base": base} | ({"public": find_model(setup.public)} if setup.public else {})
    yield from measure_loss(attacked["marked"], published.documents, scene.others[-N_FRESH:])
    found = observe_attacked(corpus, attacked["marked"], references, options)
    yield from measure_redraw(found, key)
    yield from measure_holdout(found)
    if setup.unmarked:
        found = observe_attacked(corpus, attacked["unmarked"], references, options)
    yield from measure_null(found, seed)


def with_beside(
    attacked: Sequence[Document | None], published: Sequence[Document], share: float
) -> list[Document | None]:
    """Return attacked texts, followed by the first of the texts as they were published."""
    return [*attacked, *published[: round(share * len(published))]]


def _marked(setup: Setup, home: Path, seed: int) -> tuple[AuditCorpus, Key]:
    """Mark the documents of a seed, of which the key holds some out."""
    vault = mark_documents(
        home / "edition-0",
        fresh_passages(setup.n_drawn, seed),
        setup.scheme,
        experiment_key(seed, 0),
        setup.n_withheld / setup.n_drawn,
    )
    return load_audit_corpus(vault), vault.key


def _edition(setup: Setup, home: Path, seed: int, number: int) -> Sequence[Document]:
    """Mark the documents of a seed, those held out included, with another key."""
    vault = mark_documents(
        home / f"edition-{number}",
        fresh_passages(setup.n_drawn, seed),
        setup.scheme,
        experiment_key(seed, number),
        0.0,
    )
    return load_audit_corpus(vault).documents


def _scene(setup: Setup, home: Path, base: Path, corpus: AuditCorpus, seed: int) -> Scene:
    numbers = range(1, N_EDITIONS + 1)
    editions = [_edition(setup, home, seed, number) for number in numbers]
    ids = {document.id for document in corpus.documents}
    pool = fresh_passages(N_OTHERS + N_FRESH + setup.n_drawn, seed + 10_000)
    others = [document.text for document in pool if document.id not in ids]
    return Scene(
        base,
        published_part(corpus).originals,
        editions,
        others[: N_OTHERS + N_FRESH],
        setup.thief_source,
        replace(setup.loop, seed=seed),
    )


def _trained(
    setup: Setup, base: Path, documents: Sequence[Document | None], folder: Path, seed: int
) -> Path:
    texts = [document.text for document in documents if document is not None and document.text]
    settings = setup.training.of_seed(seed)
    return train_once(lambda: load_base(base, settings), texts, folder, settings)


def _attacked_model(
    setup: Setup,
    arm: tuple[str, str],
    scene: Scene,
    documents: Sequence[Document],
    home: Path,
    folder: Path,
    seed: int,
) -> Path:
    """Return the attacked model; the model before the attack is trained once per seed."""
    if folder.exists():
        return folder
    texts = [document.text for document in documents]
    if arm in FROM_BASE:
        attack, model = FROM_BASE[arm](scene, texts), scene.base
    else:
        attack = MODEL_ARMS[arm](scene, texts)
        model = _trained(setup, scene.base, documents, home / f"model-{folder.name}", seed)
    with atomic_folder(folder) as draft:
        attack.transform(model, draft)
    return folder


@lru_cache(maxsize=1)
def _encoder() -> SentenceEncoder:
    return load_encoder(find_model("minilm"))
