"""Validation of server addresses in settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.errors import SettingsError
from stylize.settings import Settings
from stylize.settings.server_address import ServerAddress, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://127.0.0.1:7860", ServerAddress("http", "127.0.0.1", 7860)),
        ("http://127.0.0.1:7860/", ServerAddress("http", "127.0.0.1", 7860)),
        ("HTTPS://Farm.Example/sd/", ServerAddress("https", "farm.example", 443, "/sd")),
        ("http://[::1]:80", ServerAddress("http", "::1", 80)),
        ("http://xn--gre-6ka8h:1", ServerAddress("http", "xn--gre-6ka8h", 1)),
    ],
)
def test_valid_addresses_are_parsed(text: str, address: ServerAddress) -> None:
    assert parse_address(text) == address
    assert parse_address(address.origin + address.path) == address
    assert Settings(renderer="a1111", url=text).url == text


@pytest.mark.parametrize(
    "text",
    [
        "here", "http://", "http:///x", "ftp://a", "file:///etc/passwd", "http://[::1", "http://[::1]x", "http://[zz]",
        "http://host:99999", "http://host:0", "http://host:-1", "http://host:x", "http://a b", "http://a\nb",
        "http://a/\r\nX: y", "http://a\0", "http://a/\t", "http://größe", "http://a\ud800", "http://-a", "http://a_",
        "http://a?b", "http://a#b", "http://a/?", "http://a%0d%0a", "http://" + "a" * 3000, "http://.", "//a", "",
    ],
)  # fmt: skip
def test_invalid_address_is_reported_in_one_line(text: str) -> None:
    with pytest.raises(SettingsError, match="--url") as error:
        Settings(renderer="a1111", url=text)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    "text", ["http://user:secret@host", "http://secret@host:1", "user:secret@host", "http://a\n:secret@b"]
)
def test_password_is_refused_and_not_printed(text: str) -> None:
    with pytest.raises(SettingsError, match="--url") as error:
        Settings(renderer="a1111", url=text)
    assert "secret" not in str(error.value)


@given(
    st.one_of(
        st.text(),
        st.text().map(lambda text: f"http://{text}"),
        st.text("[]:@/?#.%1aA", max_size=12).map("http://".__add__),
    )
)
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except ValueError:  # any other error fails
        return
    again = ServerAddress(address.scheme, address.host, address.port, address.path)
    assert parse_address(address.origin + address.path) == again
