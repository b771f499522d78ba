"""The HTML of Anki's fields, as Markdown and back."""

from __future__ import annotations

import html
import re
from typing import Final

from interviewer.bank.exchange.text import printable

# Every pattern looks for the nearest end only, so that its time is linear in the text.
_TOKEN: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?:\s[^<>]*)?/?>|<!--[^<>]*-->|<![^<>]*>")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SOUND: Final = re.compile(r"\[sound:[^\[\]\n]{0,300}\]")
_LOOKS_LIKE: Final = re.compile(
    r"<(?:br|div|p|b|i|u|ul|ol|li|span|img|strong|em|code|pre)\b[^<>]*>|&(?:lt|gt|amp|nbsp|quot);",
    re.IGNORECASE,
)
# Characters that text cannot hold stand for what tags mean until the whole text is there.
_EDGE, _BREAK, _INDENT, _BOLD_MARK = "\0", "\1", "\2", "\3"
_GAP: Final = re.compile(f"[{_EDGE}{_BREAK}\n ]+")
_BLOCK: Final = re.compile(r"div|p|ul|ol|table|tr|blockquote|pre|section|article|hr|h[1-6]")
_HIDDEN: Final = frozenset(("style", "script", "head", "title"))

_BOLD: Final = re.compile(r"\*\*(?=\S)([^*\n]+)(?<=\S)\*\*")
_CODE: Final = re.compile(r"`([^`\n]+)`")
# A line that goes on in the next is a full one, and the next begins no list or the like.
_SOFT_BREAK: Final = re.compile(r"(?<=[^\n]{60})\n(?=[A-Za-z(\"'])")


def looks_like_html(text: str) -> bool:
    return _LOOKS_LIKE.search(text) is not None


def from_html(text: str) -> str:
    """Plain text: breaks, lists, bold and code as Markdown; other marks, images and sounds gone."""
    text = printable(text)
    parts: list[str] = []
    hidden, depth, end = "", 0, 0
    for token in _TOKEN.finditer(text):
        name, closing = (token[2] or "").lower(), bool(token[1])
        if not hidden:
            parts.append(_unescaped(text[end : token.start()]))
            depth += (name in ("ul", "ol")) * (-1 if closing else 1)
            parts.append(_written(name, closing, depth))
        end = token.end()
        if name in _HIDDEN:
            hidden = "" if closing else hidden or name
    if not hidden:
        parts.append(_unescaped(text[end:]))
    lined = _GAP.sub(_line_ends, "".join(parts).replace(_BOLD_MARK * 2, ""))
    lined = lined.replace(_INDENT, "  ").replace(_BOLD_MARK, "**").strip("\n")
    return printable(_SOUND.sub("", lined))


def to_html(text: str) -> str:
    """What `from_html` reads back as it was; paragraphs are free to flow."""
    text = html.escape(text, quote=False)
    text = _CODE.sub(r"<code>\1</code>", _BOLD.sub(r"<b>\1</b>", text))
    text = re.sub("^ +", lambda found: "&nbsp;" * len(found[0]), text, flags=re.M)
    return re.sub("\n(?!\r)", "<br>", _SOFT_BREAK.sub("\n\r", text)).replace("\n\r", "\n")


def _written(name: str, closing: bool, depth: int) -> str:
    """What a tag becomes, in part by characters that text does not hold."""
    if name == "br":
        return _BREAK
    if name == "li":
        return "" if closing else f"{_EDGE}{_INDENT * min(max(depth - 1, 0), 9)}- "
    if name in ("b", "strong"):
        return _BOLD_MARK
    if name in ("td", "th"):
        return " | " if closing else ""
    return "`" if name == "code" else _EDGE if _BLOCK.fullmatch(name) else ""


def _line_ends(gap: re.Match[str]) -> str:
    """The blanks between two words: blocks begin lines of their own, breaks may add empty ones."""
    if _EDGE not in gap[0]:
        return gap[0].replace(f"{_BREAK}\n", "\n").replace(_BREAK, "\n")
    breaks = gap[0].count(_BREAK)
    return "\n" * (breaks if gap[0].startswith(_BREAK) else breaks + 1)


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)
