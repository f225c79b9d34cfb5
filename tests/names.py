"""File names as people, cameras and attackers choose them, for property tests."""

import os
import re

from hypothesis import strategies as st

NASTY = (
    "\n", "\r\n", "\t", "\0", "\x1b[2J", "\x1b]0;owned\x07", "\x7f", "\x85", "\x9b31m", "\u2028", "\u2029", "\u202e",
    "\u2066", "\u200f", "\ufeff", "\ufffe", "\uffff", "\U0001f600", "\U0010ffff", "\udcff", "\ud800", "é", "e\u0301",
    "日本", '"', "'", "`", "<", ">", "&", "&amp;", "&#10;", "]]>", "<!--", "-->", "</script>", "<script>", "</title>",
    "@DATA@", "@NAME@", "@SHOTS@", "@CUT@", "\\", "\\n", "\\x41", "[exit]", "[", "]", "$x", "${x}", "{", "}", ";",
    "#", "####", "%", "%41", "%04d", "%25", "?", "?a=b", "*/", "/*", "//", "* FROM CLIP NAME: x", "M2 x", "FCM: ",
    "001  AX", " ", "  ", "\u00a0", "\u3000", "-", "--rm", "=1+1", "+", ",", ":", "..", ".", "|", "~", "^",
)  # fmt: skip
# Any text at all.
TEXTS = st.one_of(
    st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=4)), max_size=6).map("".join),
    st.text(st.characters(exclude_categories=()), max_size=12),
)


def _as_file_name(text: str) -> str:
    """The text without characters that a file name cannot hold, with bytes escaped as Python does."""
    data = text.replace("/", "").replace("\0", "").encode("utf-8", "surrogatepass")
    name = os.fsdecode(data)
    return name if name.strip(".") else f"a{name}"


# Valid file names, some of them not UTF-8.
FILE_NAMES = st.one_of(
    TEXTS.map(_as_file_name),
    st.binary(min_size=1, max_size=12).map(lambda data: _as_file_name(os.fsdecode(data.replace(b"/", b"_")))),
)
UTF8_NAMES = FILE_NAMES.filter(lambda name: re.search("[\ud800-\udfff]", name) is None)
