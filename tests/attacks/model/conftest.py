import pytest
from safetensors.torch import load_file

from attacks.model.continued_training import ContinuedTraining
from attacks.model.loop import TrainingLoop
from membership.models.local.huggingface import load_huggingface
from membership.traces.trace import Query
from tests.support.tiny import TEXTS, save_tiny_model

LOOP = TrainingLoop(learning_rate=3e-3, epochs=3, max_tokens=48)
LEARNED = [" ".join(text.split()[:30]) for text in TEXTS[:4]]
OTHER = [" ".join(text.split()[:30]) for text in TEXTS[4:]]


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="session")
def trained(model, tmp_path_factory):
    """Return a model that has been trained on the learned texts."""
    out = tmp_path_factory.mktemp("trained") / "model"
    ContinuedTraining(LEARNED, LOOP).transform(model, out)
    return out


@pytest.fixture
def mean_logprob():
    """Return the mean log-probability of the tokens of texts under the model of a folder."""

    def measure(folder, texts):
        traces = load_huggingface(folder).trace([Query(text) for text in texts])
        return sum(float(trace.logprob.mean()) for _, trace in traces) / len(texts)

    return measure


@pytest.fixture
def weights():
    return lambda folder: load_file(folder / "model.safetensors")


@pytest.fixture
def run_twice(model, weights, tmp_path):
    """Run an attack twice, check that its weights are the same and others than before."""

    def run(attack, before=model):
        old = (before / "model.safetensors").read_bytes()
        for name in ("one", "two"):
            attack.transform(before, tmp_path / name)
        one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
        assert one.keys() == two.keys() == weights(before).keys()
        assert all((one[name] == two[name]).all() for name in one)
        assert any((one[name] != weight).any() for name, weight in weights(before).items())
        assert (before / "model.safetensors").read_bytes() == old
        return tmp_path / "one"

    return run
