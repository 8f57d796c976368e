import pytest

from pipelines.assets.installed import installed_pipeline
from watermark.errors import AssetError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    data = tmp_path / "site" / "en_fox" / "en_fox-3.8.0"
    (data / "ner").mkdir(parents=True)
    (data.parent / "__init__.py").write_text("raise SystemExit('this code was run')")
    for name in ("meta.json", "ner/model", "unwanted"):
        (data / name).write_text(name)
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


def test_the_data_of_an_installed_package_is_copied(folder, tmp_path):
    told = installed_pipeline("en_fox", "3.8.0").fetch(folder, {"meta.json", "ner/model", "absent"})
    assert told == str(tmp_path / "site" / "en_fox" / "en_fox-3.8.0")
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files == {"meta.json", "ner/model"}


@pytest.mark.parametrize(("package", "version"), [("en_fox", "3.7.0"), ("en_ox", "3.8.0")])
def test_another_version_or_none_will_not_do(folder, package, version):
    with pytest.raises(AssetError, match=f"{package} {version} is not installed here"):
        installed_pipeline(package, version).fetch(folder, {"meta.json"})
