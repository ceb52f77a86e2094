"""A report as one HTML page: style and pictures inside it, no script, and nothing that a browser would have to fetch."""

import base64
import functools
import re
from pathlib import Path

from .blocks import CODE, NUMBER, SHORT, Report, body, line

_CLASSES = {SHORT: "short", NUMBER: "number", CODE: "code"}


def as_html(report: Report) -> str:
    """Return the report as the text of an HTML page, less its doctype."""
    return _page().render(report=report)


@functools.cache
def _page():
    """Return the template. It escapes all that it is given, so that it is read as plain text."""
    import jinja2  # here, for a command that writes no report need not wait for it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"classes": _CLASSES, "zip": zip}
    environment.filters |= {
        "anchor": lambda title: re.sub(r"\W+", "-", title.lower()),
        "base64": lambda data: base64.b64encode(data).decode("ascii"),
        "body": body,
        "kind": lambda block: type(block).__name__,
        "line": line,
    }
    return environment.get_template("page.html.jinja")
