"""Option for mattes from the Cryptomatte of the plates."""

from stylize.errors import SettingsError

CRYPTO = "crypto"
_FORM = f"{CRYPTO}:NAME"


def is_crypto_matte(text: str) -> bool:
    """Return whether this text requests a matte from Cryptomatte, and is not a path."""
    return text.startswith(f"{CRYPTO}:")


def crypto_names(text: str) -> str:
    """Return the part of ``crypto:NAME`` after the colon. Raises SettingsError if it is empty."""
    names = text.partition(":")[2].strip()
    if not names:
        raise SettingsError(f"expected {_FORM}, such as {CRYPTO}:hero, found {text!r}; give the name of an object")
    return names
