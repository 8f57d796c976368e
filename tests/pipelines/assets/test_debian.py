"""apt-get and dpkg-deb are scripts that do as the real ones."""

import hashlib

import pytest

from pipelines.assets import debian
from pipelines.assets.debian import CORPUS, debian_installed, debian_packages, lexnames
from pipelines.assets.pins import WORDNET_DEBIAN
from watermark.errors import AssetError

APT_GET = """\
#!/bin/sh
for word; do last2=$last; last=$word; done
case "$*" in
  *" update") echo "E: The repository example is not signed" >&2; exit 100 ;;
  *" download wordnet-base wordnet-sense-index")
    touch wordnet-base_1%3a3.0-37_all.deb wordnet-sense-index_1%3a3.0-37_all.deb ;;
  *) echo "E: Invalid operation $*" >&2; exit 100 ;;
esac
"""
DPKG_DEB = """\
#!/bin/sh
test "$1" = --extract || exit 2
mkdir -p "$3/usr/share/wordnet"
case "$2" in
  *wordnet-base*) echo nouns > "$3/usr/share/wordnet/data.noun" ;;
  *) echo senses > "$3/usr/share/wordnet/index.sense" ;;
esac
"""
WANTED = {f"corpora/wordnet/{name}" for name in ("data.noun", "index.sense", "lexnames", "LICENSE")}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in (("apt-get", APT_GET), ("dpkg-deb", DPKG_DEB)):
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


def test_the_table_of_lexicographer_files_is_the_documented_one():
    assert lexnames().count("\n") == 45
    assert lexnames().startswith(
        "00\tadj.all\t3\n01\tadj.pert\t3\n02\tadv.all\t4\n03\tnoun.Tops\t1\n"
    )
    assert lexnames().endswith("43\tverb.weather\t2\n44\tadj.ppl\t3\n")
    assert (
        hashlib.sha256(lexnames().encode()).hexdigest()
        == WORDNET_DEBIAN["corpora/wordnet/lexnames"]
    )


def test_packages_are_unpacked_and_completed(folder):
    told = debian_packages().fetch(folder, WANTED)
    assert told == "Debian packages wordnet-base 1:3.0-37, wordnet-sense-index 1:3.0-37"
    assert {path.name: path.read_text() for path in (folder / CORPUS).iterdir()} == {
        "data.noun": "nouns\n",
        "index.sense": "senses\n",
        "lexnames": lexnames(),
    }


def test_without_apt_there_are_no_packages(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssetError, match="apt-get is not installed"):
        debian_packages().fetch(folder, WANTED)


def test_a_package_that_is_not_to_be_had_is_told(folder, tmp_path):
    (tmp_path / "bin" / "apt-get").write_text("#!/bin/sh\necho 'E: Unable to locate' >&2; exit 100")
    with pytest.raises(AssetError, match="E: Unable to locate"):
        debian_packages().fetch(folder, WANTED)


def test_installed_packages_are_copied(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(debian, "DICT", tmp_path)
    for name in ("data.noun", "index.sense"):
        (tmp_path / name).write_text(name)
    assert debian_installed().fetch(folder, WANTED) == str(tmp_path)
    assert (folder / CORPUS / "data.noun").read_text() == "data.noun"
    assert (folder / CORPUS / "lexnames").read_text() == lexnames()


def test_an_installed_database_without_its_sense_index_will_not_do(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(debian, "DICT", tmp_path)
    (tmp_path / "data.noun").write_text("nouns")
    with pytest.raises(AssetError, match="sense index"):
        debian_installed().fetch(folder, WANTED)
