"""One text, three renderings: Markdown as it is kept, HTML to open and print, and a terminal's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from html import escape

from rich.console import Console
from rich.markdown import Markdown

SPECIAL = re.compile(r"([\\`*_\[\]<>|~]|&(?=#?\w+;))")
SPACE = re.compile(r"[ \t\r\n\f\v]+")  # a space that must not break stays
LEADING = re.compile(r"^(?:([-+#=])|(\d+)([.)])(?=\s|$))")  # what would begin a list or a heading
STYLE = """
:root{color-scheme:light dark}body{font:11pt/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.15rem;margin:1.8rem 0 .5rem;padding-bottom:.15rem;
border-bottom:1px solid #8886}h3{font-size:1rem;margin:1.2rem 0 .3rem}p,ul,ol{margin:.45rem 0}ul,ol{padding-left:1.3rem}
p,li{overflow-wrap:anywhere}li{margin:.2rem 0}table{border-collapse:collapse;margin:.6rem 0;font-size:.92rem;width:100%}
th,td{padding:.3rem .7rem .3rem 0;border-bottom:1px solid #8884;text-align:left;vertical-align:top}
th{font-weight:600}blockquote{margin:.7rem 0;padding:.1rem .9rem;border-left:5px solid #a3161e;background:#a3161e14}
a{color:inherit}td[style*=right]{white-space:nowrap;font-variant-numeric:tabular-nums}h2,h3{break-after:avoid}
tr{break-inside:avoid}@media print{body{margin:0;max-width:none}}
@media(max-width:640px){table{display:block;overflow-x:auto}}
"""


def plain(words: str) -> str:
    """Words of the priors, so that nothing in them reads as markup; on one line."""
    marked = SPECIAL.sub(r"\\\1", SPACE.sub(" ", words).strip())
    return LEADING.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", marked)


def link(words: str, address: str | None) -> str:
    """A link, or the words alone where there is no address."""
    if address is None:
        return plain(words)
    return f"[{plain(words)}](<{address.replace('<', '%3C').replace('>', '%3E')}>)"


def heading(words: str, level: int = 2) -> str:
    """A heading, level 1 for the document's title."""
    return f"{'#' * level} {words}"


def bullets(lines: Iterable[str]) -> str:
    """A list, its lines marked up already; nothing where there are none."""
    return "\n".join(f"- {line}" for line in lines)


def numbered(lines: Iterable[str]) -> str:
    """A numbered list, its lines marked up already."""
    return "\n".join(f"{place}. {line}" for place, line in enumerate(lines, start=1))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Collection[int]) -> str:
    """A table, its cells marked up already; the columns at the places `numbers` are set to the right."""
    rule = ["---:" if place in numbers else "---" for place in range(len(heads))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))


def joined(parts: Iterable[str]) -> str:
    """The parts of a document, empty ones left out, a blank line between."""
    return "\n\n".join(part for part in parts if part) + "\n"


def as_html(markdown: str, title: str) -> str:
    """One page to open or print, without script, pictures or anything fetched; raw HTML in it is shown as text."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><main>\n{body}</main></body></html>\n"
    )


def print_markdown(markdown: str, console: Console) -> None:
    """As text for a terminal."""
    console.print(Markdown(markdown, hyperlinks=False))


def in_100(probability: float) -> str:
    """How many of 100: `47`, below one with a digit, and never none or all of what is neither."""
    share = 100 * probability
    if probability in {0.0, 1.0}:
        return f"{share:.0f}"
    if share < 0.05:
        return "< 0.1"
    if share > 99.9:
        return "> 99.9"
    return f"{share:.1f}" if share < 0.95 or share > 99.05 else f"{share:.0f}"
