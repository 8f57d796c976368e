import pytest

from membership.models.server.address import Address, parse_address
from watermark.errors import ModelError


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("openai+http://h:1/v1#m", Address("openai", "http://h:1/v1", "m")),
        ("openai+https://h/v1/", Address("openai", "https://h/v1", "")),
        ("chat+http://h/v1#org/m", Address("chat", "http://h/v1", "org/m")),
        ("org/model", None),
        ("folder/with#hash", None),
    ],
)
def test_an_address_names_api_server_and_model(name, address):
    assert parse_address(name) == address


@pytest.mark.parametrize("name", ["http://h/v1", "ftp+http://h/v1", "openai+ftp://h"])
def test_an_invalid_address_is_refused(name):
    with pytest.raises(ModelError):
        parse_address(name)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(ModelError, match="must not hold a password") as caught:
        parse_address("openai+http://me:secret@h/v1#m")
    assert "secret" not in str(caught.value)
