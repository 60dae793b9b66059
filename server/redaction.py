"""Passwords taken out of text before people or files see it. Pure.

It would rather hide too much than too little: what stands between a URL's first colon and its last '@' goes.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

MASK = "***"
SECRET_WORD = re.compile(
    r"(?i)pass(word|wd|phrase|file)?$|secret|token|authorization|(api|encryption)_?key|cookie"
)

_WHOLE_URL = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_CREDENTIALS = re.compile(r"(://[^\s:@/]*:)\S*(@)")
_CREDENTIALS_TO_END = re.compile(r"(://[^\s:@/]*:).*(@)", re.DOTALL)
_NO_HOST = re.compile(r"(postgres(?:ql)?://[^\s:@/\[]*:)(?!\d{1,5}(?:[/?,\s\"']|$)|\*\*\*)\S+")
_PARAMETER = re.compile(r"([?&])([^=&\s]+)=([^&\s]*)")
_KEYWORD = re.compile(
    r"(?i)\b((?:ssl|pg)?password\s*[=:]\s*)('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s&,;]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]+")


def redact(text: str) -> str:
    """Replace each password in a URL, a text that holds URLs, or a keyword string by `***`.

    Text without any comes back as it was.
    """
    if _WHOLE_URL.match(text) and text.count("://") == 1:
        text = _CREDENTIALS_TO_END.sub(rf"\1{MASK}\2", text)
    else:
        text = _CREDENTIALS.sub(rf"\1{MASK}\2", text)
    text = _NO_HOST.sub(rf"\1{MASK}", text)
    text = _PARAMETER.sub(_hide_parameter, text)
    text = _KEYWORD.sub(rf"\1{MASK}", text)
    return _BEARER.sub(rf"\1{MASK}", text)


def is_secret(name: str) -> bool:
    """Whether a key of this name holds something that must not be shown."""
    return SECRET_WORD.search(name) is not None


def _hide_parameter(match: re.Match[str]) -> str:
    name = unquote(match[2])
    return f"{match[1]}{match[2]}={MASK}" if is_secret(name) else match[0]
