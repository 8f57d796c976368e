"""How well marks survive attacks: documents needed for p < .001, measured on a tiny model.

    leximark reproduce attacks --out OUT

News passages are marked with the default scheme, attacked, and a tiny model is trained on them; or
the model that was trained on the marked texts is attacked. Each cell is also run without marks: a
model trained on the originals, attacked in the same way, must give uniform p-values.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from attacks.attack import attack_documents
from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.models.marking.encoder import SentenceEncoder, load_encoder
from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure
from pipelines.experiments.trials.attack_arms import FROM_BASE, MODEL_ARMS, TEXT_ARMS, Scene
from pipelines.experiments.trials.attacked import (
    measure_loss,
    measure_null,
    measure_redraw,
    measure_texts,
    observe_attacked,
)
from pipelines.experiments.trials.attacks_page import describe
from pipelines.experiments.trials.halves import experiment_key, mark_documents
from pipelines.experiments.trials.small import TRAINING, small_base
from pipelines.experiments.trials.tiny import fresh_passages
from pipelines.training.training import (
    load_base,
    train_once,
)
from watermark.assets import find_model
from watermark.atomic import atomic_folder
from watermark.document import Document
from watermark.keys import Key
from watermark.schemes.leximark import LexiMark

N_DOCUMENTS, N_OTHERS, N_EDITIONS = 100, 1_000, 2
N_FRESH = 50
"""The last texts of the pool, which no attack trains on."""
SCHEME = LexiMark(sources=("wordnet",))
"""A hundred short texts need more sites than the default gives."""
ARMS = [*TEXT_ARMS, *MODEL_ARMS, *FROM_BASE]


def cells(seeds: int) -> list[Cell]:
    """Return a cell for each attack, strength and seed, ordered by seed."""
    return [
        Cell("attacks", {"attack": attack, "strength": strength, "seed": seed})
        for seed in range(seeds)
        for attack, strength in ARMS
    ]


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Attack texts or a model with marks and without, and run the re-draw test on both."""
    seed = int(cell.settings["seed"])
    arm = (str(cell.settings["attack"]), str(cell.settings["strength"]))
    base = small_base(folder.with_name("base"))
    home = folder.with_name(f"seed-{seed}")
    corpus, key = _marked(home, seed, 0)
    scene = _scene(home, base, corpus, seed)
    if arm in TEXT_ARMS:
        attacks = TEXT_ARMS[arm](scene)
        attacked = list(attack_documents(attacks, corpus.documents, seed=seed))
        innocent = list(attack_documents(attacks, corpus.originals, seed=seed))
        yield from measure_texts(corpus, attacked, _encoder())
        if all(document is None for document in attacked):
            return
        model = _trained(base, attacked, folder / "marked", seed)
        other = _trained(base, innocent, folder / "unmarked", seed)
    else:
        model = _attacked_model(arm, scene, corpus.documents, home, folder / "marked", seed)
        other = _attacked_model(arm, scene, corpus.originals, home, folder / "unmarked", seed)
    yield from measure_loss(model, corpus.documents, scene.others[-N_FRESH:])
    yield from measure_redraw(observe_attacked(corpus, model, base), key)
    yield from measure_null(observe_attacked(corpus, other, base), seed)


def _marked(home: Path, seed: int, edition: int) -> tuple[AuditCorpus, Key]:
    documents = fresh_passages(N_DOCUMENTS, seed)
    key = experiment_key(seed, edition)
    vault = mark_documents(home / f"edition-{edition}", documents, SCHEME, key, 0.0)
    return load_audit_corpus(vault), vault.key


def _scene(home: Path, base: Path, corpus: AuditCorpus, seed: int) -> Scene:
    editions = [_marked(home, seed, number)[0].documents for number in range(1, N_EDITIONS + 1)]
    ids = {document.id for document in corpus.documents}
    pool = fresh_passages(N_OTHERS + N_FRESH + N_DOCUMENTS, seed + 10_000)
    others = [document.text for document in pool if document.id not in ids]
    return Scene(base, corpus.originals, editions, others[: N_OTHERS + N_FRESH])


def _trained(base: Path, documents: Sequence[Document | None], folder: Path, seed: int) -> Path:
    texts = [document.text for document in documents if document is not None and document.text]
    settings = TRAINING.of_seed(seed)
    return train_once(lambda: load_base(base, settings), texts, folder, settings)


def _attacked_model(
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
        model = _trained(scene.base, documents, home / f"model-{folder.name}", seed)
    with atomic_folder(folder) as draft:
        attack.transform(model, draft)
    return folder


@lru_cache(maxsize=1)
def _encoder() -> SentenceEncoder:
    return load_encoder(find_model("minilm"))


EXPERIMENT = Experiment(
    name="attacks",
    title="What the marks survive: every attack on a tiny model, in documents needed",
    needs=Needs(assets=("texts", "minilm"), hours=1.5),
    seeds=3,
    cells=cells,
    run=run,
    describe=describe,
)
