"""A key that `age` encrypted opens a vault, and a wrong identity is one message."""

import shutil
import subprocess

import pytest

from watermark.encrypted_key import IDENTITY, is_encrypted
from watermark.errors import VaultError
from watermark.keys import Key, read_key, write_key

KEY = Key(bytes(range(32)))
needs_age = pytest.mark.skipif(not shutil.which("age"), reason="age is not installed")


def encrypted(folder, *options):
    """Encrypt the key to a new identity; return the paths of both."""
    write_key(folder / "key", KEY)
    subprocess.run(["age-keygen", "-o", folder / "identity"], check=True, capture_output=True)
    public = (folder / "identity").read_text().partition("public key: ")[2].split()[0]
    target = folder / "key.age"
    command = ["age", "--encrypt", *options, "-r", public, "-o", target, folder / "key"]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "key").unlink()
    return target, folder / "identity"


@needs_age
@pytest.mark.parametrize("options", [(), ("--armor",)])
def test_an_encrypted_key_is_the_key(tmp_path, monkeypatch, options):
    path, identity = encrypted(tmp_path, *options)
    assert is_encrypted(path)
    assert KEY.secret not in path.read_bytes()
    monkeypatch.setenv(IDENTITY, str(identity))
    assert read_key(path) == KEY
    assert sorted(p.name for p in tmp_path.iterdir()) == ["identity", "key.age"]


@needs_age
def test_another_identity_is_one_message_that_names_the_variable(tmp_path, monkeypatch):
    path, _ = encrypted(tmp_path)
    other = tmp_path / "other"
    subprocess.run(["age-keygen", "-o", other], check=True, capture_output=True)
    monkeypatch.setenv(IDENTITY, str(other))
    with pytest.raises(VaultError, match=r"age cannot decrypt the key.*LEXIMARK_AGE_IDENTITY"):
        read_key(path)


def test_without_the_program_the_message_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "key").write_bytes(b"age-encryption.org/v1\n-> X25519 ...")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VaultError, match="encrypted with age, which is not installed"):
        read_key(tmp_path / "key")


def test_a_plain_key_is_no_encrypted_one(tmp_path):
    write_key(tmp_path / "key", KEY)
    assert not is_encrypted(tmp_path / "key")
    assert not is_encrypted(tmp_path / "nothing")
    assert read_key(tmp_path / "key") == KEY
