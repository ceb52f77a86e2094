"""A report as one HTML page: style and pictures inside it, no script, and nothing that a browser would have to fetch."""

import base64
import html
import re
import string

from .blocks import CODE, NUMBER, SHORT, Block, Cell, Examples, Paragraph, Picture, Report, Table, body, line

# The policy holds even if a text of the data should ever slip through: a browser runs and fetches nothing.
_PAGE = string.Template("""<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
:root { color-scheme: light dark; --ink: #22262a; --soft: #62686e; --ground: #fdfcfa; --line: #e2ded6; --panel: #f5f3ee;
  --accent: #0f7f74; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e4df; --soft: #a2a8ae; --ground: #16191c; --line: #31373d;
  --panel: #1e2226; --accent: #2fb5a5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 0.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 3rem 0 0.8rem; padding-top: 1.2rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.8rem 0 0.6rem; }
p { margin: 0.6rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.lead { font-size: 1.1rem; color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; margin-top: 1.2rem; font-size: 0.9rem; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
.wide { overflow-x: auto; margin: 0.9rem 0; }
table { border-collapse: collapse; font-size: 0.88rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0.6rem 0 0.3rem; }
th, td { text-align: left; vertical-align: top; padding: 0.32rem 1.3rem 0.32rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); vertical-align: bottom; }
th:last-child, td:last-child { padding-right: 0; }
td { overflow-wrap: break-word; max-width: 40rem; }
th.number, td.number { text-align: right; white-space: nowrap; }
td.short { white-space: nowrap; }
td.code { font: 0.8rem/1.6 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
figure { margin: 1.2rem 0; }
img { display: block; max-width: 100%; height: auto; }
figcaption { display: flex; flex-wrap: wrap; gap: 0.2rem 1.3rem; margin-top: 0.6rem; font-size: 0.88rem; color: var(--soft); }
.swatch { display: inline-block; width: 0.75rem; height: 0.75rem; border-radius: 50%; margin-right: 0.45rem; }
pre { background: var(--panel); border-radius: 6px; padding: 0.7rem 0.9rem; margin: 0.3rem 0 0.8rem; white-space: pre-wrap;
  overflow-wrap: anywhere; font: 0.84rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
article { margin: 1.3rem 0; }
article h4 { font-size: 0.92rem; margin: 0 0 0.4rem; overflow-wrap: anywhere; }
.label { font-size: 0.8rem; color: var(--soft); margin: 0; }
@media print { h2, h4, caption { break-after: avoid; } figure, tr, article { break-inside: avoid; } nav { display: none; } }
</style>
</head>
<body>
<main>
<header>
<h1>$title</h1>
<p class="lead">$lead</p>
<nav aria-label="Sections">$links</nav>
</header>
$sections
</main>
</body>
</html>
""")


def as_html(report: Report) -> str:
    """Return the report as the text of an HTML page, less its doctype."""
    names = [(re.sub(r"\W+", "-", section.title.lower()), escaped(section.title)) for section in report.sections]
    sections = [
        f'<section id="{name}">\n<h2>{title}</h2>\n' + "\n".join(map(_block, section.blocks)) + "\n</section>"
        for (name, title), section in zip(names, report.sections, strict=True)
    ]
    return _PAGE.substitute(
        title=escaped(report.title),
        lead=escaped(report.lead),
        links="\n".join(f'<a href="#{name}">{title}</a>' for name, title in names),
        sections="\n".join(sections),
    )


def escaped(value: Cell) -> str:
    """Return a cell or a sentence so that it is read as plain text."""
    return html.escape(line(value))


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            command = f"\n<pre>{html.escape(block.command)}</pre>" if block.command else ""
            return f"<p>{escaped(block.text)}</p>{command}"
        case Table():
            return _table(block)
        case Picture():
            return _picture(block)
        case Examples():
            shown = [
                f"<article>\n<h4>{escaped(each.title)}</h4>\n{_text('Prompt', each.prompt)}\n"
                f"{_text('Response', each.response)}\n</article>"
                for each in block.records
            ]
            return "\n".join([f"<h3>{escaped(block.title)}</h3>", *shown])


def _table(table: Table) -> str:
    classes = [
        {SHORT: ' class="short"', NUMBER: ' class="number"', CODE: ' class="code"'}.get(kind, "")
        for kind in table.kinds
    ]

    def row(tag: str, cells: tuple[Cell, ...]) -> str:
        pairs = zip(cells, classes, strict=True)
        return "<tr>" + "".join(f"<{tag}{kind}>{escaped(cell)}</{tag}>" for cell, kind in pairs) + "</tr>"

    caption = f"<caption>{escaped(table.title)}</caption>\n" if table.title else ""
    rows = "\n".join(row("td", cells) for cells in table.rows)
    return (
        f'<div class="wide"><table>\n{caption}<thead>{row("th", table.columns)}</thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _picture(picture: Picture) -> str:
    source = f"data:{picture.media};base64,{base64.b64encode(picture.data).decode('ascii')}"
    keys = "".join(
        f'<span><span class="swatch" style="background:{key.colour}"></span>{escaped(key.text)}</span>'
        for key in picture.keys
    )
    caption = f"\n<figcaption>{keys}</figcaption>" if keys else ""
    return f'<figure><img src="{source}" alt="{escaped(picture.alt)}">{caption}</figure>'


def _text(label: str, text: str) -> str:
    # The line break after <pre> is the parser's, so that one at the text's own beginning stays.
    return f'<p class="label">{label}</p>\n<pre dir="auto">\n{html.escape(body(text))}</pre>'
