from functools import cache

import pytest

from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from tests.support.tiny import save_tiny_model


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")

    @cache
    def folder(architecture):
        return save_tiny_model(root / architecture, architecture)

    return folder


@pytest.fixture(scope="session")
def models(folders):
    @cache
    def model(architecture, **options):
        return load_huggingface(
            folders(architecture), InferenceSettings(dtype="float32", **options)
        )

    return model
