"""The JavaScript of the map's three components: small files, joined when read. No build step, no package."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def joined(*names: str) -> str:
    """Return the files `js/NAME.js`, in this order, as one module; the last exports the component."""
    return "\n".join((_FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8") for name in names)


DESK = {"html": '<div class="desk"></div>', "js": joined("hub", "desk")}
LAYER = {"html": '<div class="layer"></div>', "js": joined("hub", "layer")}
MAP = {
    "html": (_FOLDER / "map.html").read_text(encoding="utf-8"),
    "css": (_FOLDER / "map.css").read_text(encoding="utf-8"),
    "js": joined("hub", "view", "points", "look", "webgl", "pixels", "overlay", "pointer", "legend", "tools", "map"),
}
