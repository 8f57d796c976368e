import subprocess
import sys

import pytest

from pipelines.loading.candidate_sources import load_lexical_resources
from pipelines.loading.site_finders import finder_versions
from watermark.errors import AssetError
from watermark.schemes.composed import Composed
from watermark.schemes.leximark import LexiMark
from watermark.schemes.look_alikes import LookAlikes
from watermark.substitution.wordnet_files import read_version
from watermark.text.sentences import read_meta


def test_versions_are_those_of_what_is_loaded():
    found, loaded = finder_versions(LexiMark()), load_lexical_resources(LexiMark())
    assert found["wordnet"] == loaded.wordnet.version == "3.0"
    meta = loaded.nlp.meta
    assert found["spacy"].endswith(f"with {meta['lang']}_{meta['name']} {meta['version']}")
    assert finder_versions(LookAlikes()) == {}
    assert finder_versions(Composed(LexiMark(), LookAlikes())) == found


def test_versions_are_read_without_loading_spacy():
    script = (
        "import sys; from pipelines.loading.site_finders import finder_versions;"
        "from watermark.schemes.leximark import LexiMark; finder_versions(LexiMark());"
        "sys.exit('spacy' in sys.modules or 'nltk' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_damaged_data_are_named(tmp_path):
    with pytest.raises(AssetError, match=r"data\.adj.*leximark assets"):
        read_version(tmp_path)
    (tmp_path / "data.adj").write_text("no licence\n")
    with pytest.raises(AssetError, match="names no version"):
        read_version(tmp_path)
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(AssetError, match="leximark assets"):
        read_meta(tmp_path)
