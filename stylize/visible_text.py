r"""Text for display: names and messages on one line, with escapes for characters that are invisible or break formats.

A file name may contain any byte except NUL and the slash: line breaks, terminal escape sequences, bytes that are not
UTF-8. Paths keep every byte, percent-encoded where a format has URLs. Labels (titles, names of clips, comments, lines
on a terminal) get escapes in ASCII instead, as `ls -b` prints them: `\n`, `\x1b`, `\u202e`.
"""

import re

# Control characters, line and paragraph separators, explicit directions (whose effect extends past the name), lone
# surrogates, and the two characters of the basic plane that XML forbids. Direction marks (U+200E, U+200F) are kept.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    r"""Return text with an escape for each character that is invisible, or that XML or UTF-8 cannot represent.

    A byte of a file name that is not UTF-8 becomes `\xff`. The result has one line.
    """
    return _INVISIBLE.sub(_escape, text)


def one_line(text: str, limit: int) -> str:
    """Return external text as one line of at most `limit` characters, with single spaces."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def is_utf8(text: str) -> bool:
    """Return whether text can be encoded as UTF-8, unlike file names with other bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # surrogate escape of a byte that is not UTF-8
        code -= 0xDC00
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
