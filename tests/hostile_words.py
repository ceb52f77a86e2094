"""Words that would do something where a page took them for markup, and what a browser is asked to find out whether it did.

The words zq… stand in markup: an element that holds one of them and nothing else was made from it.
"""

import time

_PWN = "window.__pwned=1"
# Marks of every kind on one line, as it may be part of a name.
MARKUP = (
    f"<script>{_PWN}</script><img src=x onerror={_PWN}><svg/onload={_PWN}> <b>zqtag</b><h1>zqtag</h1> **zqbold** *zqbold* "
    f"`zqcode` $zqmath$ :red[zqred] :blue-background[zqred] :material/zqicon: [zqlink](javascript:{_PWN}) "
    f"[zqlink](data:text/html,<script>{_PWN}</script>) <a href=javascript:{_PWN}>zqlink</a> | zqcell | %{{zq}} {{{{zq}}}}"
)
ODD = "\u202eright to left\u202c\u2066\u2067 zero\u200b\u200d\ufeffwidth " + "L" * 300  # and one word without an end
NAME = '=1+1 <img src=x onerror=window.__pwned=1> **zqbold** :red[zqred] $zqmath$ "quoted" \u202e' + "n" * 60
# What a text of several lines may hold beside.
WILD = (
    f"{MARKUP}\n\n# zqhead\n\n## zqhead\n\nzqhead\n===\n\n| zqcell | b |\n|---|---|\n| zqcell | d |\n\n- zqitem\n\n> zqquote\n\n"
    f"$$\nzqmath\n$$\n\n```\nfenced <b>code</b>\n```\n\n<table><td>zqcell</table><iframe src=data:text/html,x></iframe>\n"
    f"\x1b[31mred\x1b[0m\x1b]0;title\x07 nul \x00 {ODD} " + "W" * 5000
)

# What is wrong with what is drawn, as texts. address: of the canary. laid_out: whether the reader lays Markdown out.
_WRONG = """([address, laidOut]) => {
  const all = (root) => [...root.querySelectorAll("*")].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
  const wrong = [], say = (what, e) => wrong.push(what + ": " + (e.outerHTML ?? e).slice(0, 200));
  if (window.__pwned !== undefined) wrong.push("it was executed");
  for (const e of all(document)) {
    if (e.matches("script, iframe, object, embed") && /zq|__pwned/.test(e.outerHTML)) say("an element", e);
    const to = ["src", "href", "srcdoc", "action", "xlink:href"].map((name) => e.getAttribute(name) ?? "").join(" ")
      .replace(/data:image\\/png;base64,[\\w+\\/=]*/g, "");  // the letters of a picture may be any
    if (to.includes(address) || /__pwned|zq|^\\s*javascript:/.test(to)) say("a link", e);
    if ([...e.attributes].some(({ name, value }) => name.startsWith("on") && value.includes("__pwned"))) say("a handler", e);
    if (laidOut || e.matches("script, style, mark, title")) continue;
    const text = e.childElementCount ? "" : e.textContent.trim();
    if (/^zq[a-z]+$/.test(text) || e.matches(".katex")) say("markup", e);
  }
  for (const e of [document.documentElement, ...document.querySelectorAll("[data-testid=stMain], [data-testid=stSidebarContent]")])
    if (e.scrollWidth > e.clientWidth + 1) wrong.push(`${e.dataset.testid} is ${e.scrollWidth} wide, not ${e.clientWidth}`);
  return wrong;
}"""


def bait(address: str, where: str) -> str:
    """Return markup of every kind that would make a browser ask `address`, lead it there, or do what the words say."""
    to = f"{address}/{where}"
    return f"![x]({to}.png) <img src={to}-i.png> [{where}]({to}) <a href='{to}'>{where}</a> {to} {MARKUP} {ODD}"


def wrong_on(page, address: str, laid_out: bool = False) -> list[str]:
    """Return what is wrong with a page, in light and in dark."""
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(60)
        found += [f"{page.url}, {theme}: {each}" for each in page.evaluate(_WRONG, [address, laid_out])]
    return found


def photographed(page, folder, name: str) -> None:
    """Save pictures of a page, in light and in dark."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        time.sleep(1.5)
        page.screenshot(path=folder / f"{name}-{theme}.png")
