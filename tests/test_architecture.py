"""The rules of the house as tests: who may import whom, and what an import may cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "umap", "sentence_transformers", "transformers", "numba", "faiss", "sklearn", "matplotlib", "scipy")
LAYERS = {"app": {"components", "core"}, "components": {"components", "core"}, "core": {"core"}}
# The rooms of each floor import only from floors to their left; rooms side by side don't know each other.
FLOORS = {
    "core": [
        ("base",),
        ("data", "models"),
        ("workspace", "measures"),
        ("vectors", "quality"),
        ("daar", "selection"),
        ("refine",),
        ("evidence",),
        ("export",),
        ("run",),
        ("cli", "__init__"),
        ("__main__",),
    ],
    "components": [
        ("charts",),
        ("session",),
        ("frame", "records", "canvas"),
        ("finding",),
        ("data", "map", "duplicates", "select", "refine", "reward", "review", "compare", "export"),
    ],
}


def files_of(layer: str) -> list[Path]:
    return sorted((ROOT / layer).rglob("*.py"))


def imports_of(path: Path, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_point_one_way(layer):
    for path in files_of(layer):
        ours = {name.split(".")[0] for name in imports_of(path)} & {"app", "components", "core", "tests"}
        assert ours <= LAYERS[layer], path


def test_inside_core_imports_are_relative_so_that_it_can_be_installed_by_another_name():
    for path in files_of("core"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if name.split(".")[0] == "core"], path


def test_core_imports_no_streamlit():
    for path in files_of("core"):
        assert not {name for name in imports_of(path) if name.split(".")[0] in ("streamlit", "plotly")}, path


def test_nothing_heavy_is_imported_at_module_level():
    for layer in LAYERS:
        for path in files_of(layer):
            heavy = {name for name in imports_of(path, top_level_only=True) if name.split(".")[0] in HEAVY}
            assert not heavy, (path, heavy)


def test_importing_core_and_the_pages_components_loads_nothing_heavy():
    modules = [module_name(path) for path in files_of("components") if path.stem != "__init__"]
    code = (
        f"import core.__main__, core.run.jobs, sys\nimport {', '.join(modules)}\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\nassert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_bare_command_starts_without_pandas_or_charts():
    slow = ("pandas", "matplotlib", "scipy", "openai", "tokenizers", "py3langid")
    code = f"import core.__main__, sys\nloaded = [n for n in {slow!r} if n in sys.modules]\nassert not loaded, loaded"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def rooms_imported(path: Path, layer: str) -> set[str]:
    """Return the rooms of its own layer that a file imports from, in functions and for types too."""
    here = path.relative_to(ROOT).with_suffix("").parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        base = list(here[: len(here) - node.level]) if node.level else []
        parts = base + (node.module.split(".") if node.module else [])
        if parts[:1] == [layer]:
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("layer", FLOORS)
def test_every_room_imports_only_to_its_left(layer):
    floor = {room: i for i, rooms in enumerate(FLOORS[layer]) for room in rooms}
    for path in files_of(layer):
        room = path.relative_to(ROOT / layer).parts[0].removesuffix(".py")
        if (layer, room) == ("components", "__init__"):
            continue
        for other in rooms_imported(path, layer) - {room}:
            assert floor[other] < floor[room], f"{path.relative_to(ROOT)} imports {other}"


def test_core_has_no_more_rooms_than_a_reader_can_hold():
    rooms = {path.name for path in (ROOT / "core").iterdir() if path.name != "__pycache__"}
    assert len(rooms) <= 16, rooms


def test_files_import_each_other_in_no_circle():
    graph = {}
    for layer in ("core", "components"):
        for path in files_of(layer):
            graph[module_name(path)] = files_imported(path)
    for name in graph:
        assert not circle_from(name, graph), f"a circle: {circle_from(name, graph)}"


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def files_imported(path: Path) -> set[str]:
    """Return the files that a file imports, in functions and for types too."""
    tree, here, found = ast.parse(path.read_text(encoding="utf-8")), module_name(path).split("."), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else []
            module = ".".join(base + (node.module.split(".") if node.module else []))
            for name in (module, *(f"{module}.{alias.name}" for alias in node.names)):
                if (ROOT / (name.replace(".", "/") + ".py")).exists():
                    found.add(name)
    return found


def circle_from(start: str, graph: dict[str, set[str]]) -> list[str]:
    """Return the names of a circle through `start`, or nothing."""
    waiting, seen = [[start]], set()
    while waiting:
        way = waiting.pop()
        for name in graph.get(way[-1], ()):
            if name == start:
                return [*way, start]
            if name not in seen:
                seen.add(name)
                waiting.append([*way, name])
    return []


def test_only_components_touch_session_state_and_caches():
    for layer in ("app", "core"):
        for path in files_of(layer):
            text = path.read_text(encoding="utf-8")
            assert "session_state" not in text and "st.cache" not in text, path


def test_nothing_unsafe_is_used():
    for layer in LAYERS:
        for path in files_of(layer):
            text = path.read_text(encoding="utf-8")
            for forbidden in ("unsafe_allow_html", "trust_remote_code=True", "import pickle", "allow_pickle=True"):
                assert forbidden not in text, (path, forbidden)
