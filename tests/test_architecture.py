"""The rules of the house as tests: who may import whom, and what an import may cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "umap", "sentence_transformers", "transformers", "numba", "faiss", "sklearn", "matplotlib", "scipy")
LAYERS = {"app": {"components", "core"}, "components": {"components", "core"}, "core": {"core"}}
# Inside core a stage imports only what stands above it.
ORDER = [
    {"errors"},
    {"params", "progress", "device", "files", "words"},
    {"json_array"},
    {"readers", "fields"},
    {"records"},
    {"record_table"},
    {"embedding"},
    {"neighbours"},
    {"clustering", "naming"},
    {"projection", "raster"},
    {"quality"},
    {"endpoint"},
    {"causal", "reward_model", "judge", "small_tokens"},
    {"scorers", "small_lm"},
    {"domains", "probes", "states"},
    {"reward"},
    {"seeds"},
    {"selection"},
    {"refinement", "suggestion"},
    {"proxy", "tuning"},
    {"feedback"},
    {"measures", "pairwise", "traits", "comparison", "proof"},
    {"overrides"},
    {"targets"},
    {"export", "dataset"},
    {"ledger", "importing"},
    {"workspace"},
    {"domain_store", "kept_states"},
    {"seed_writing", "probe_transfer"},
    {"scoring", "reward_stage"},
    {"runners"},
    {"pipeline"},
    {"evidence", "versions", "redraw"},
    {"contenders"},
    {"proving"},
    {"rounds"},
    {"round_results", "choices"},
    {"current"},
    {"advance", "course"},
    {"round_files"},
    {"steps"},
    {"delivery", "jobs"},
    {"report"},
    {"terminal"},
    {"commands"},
    {"decision_commands", "refine_commands", "reward_commands", "evidence_commands"},
    {"__main__"},
]


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


def test_core_imports_no_streamlit():
    for path in files_of("core"):
        assert not {name for name in imports_of(path) if name.split(".")[0] in ("streamlit", "plotly")}, path


def test_nothing_heavy_is_imported_at_module_level():
    for layer in LAYERS:
        for path in files_of(layer):
            heavy = {name for name in imports_of(path, top_level_only=True) if name.split(".")[0] in HEAVY}
            assert not heavy, (path, heavy)


def test_importing_core_and_the_pages_components_loads_nothing_heavy():
    modules = [f"components.{path.stem}" for path in files_of("components") if path.stem != "__init__"]
    code = (
        f"import core.__main__, core.jobs, sys\nimport {', '.join(modules)}\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\nassert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_bare_command_starts_without_pandas_or_charts():
    slow = ("pandas", "matplotlib", "scipy", "openai", "tokenizers", "py3langid")
    code = f"import core.__main__, sys\nloaded = [n for n in {slow!r} if n in sys.modules]\nassert not loaded, loaded"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_inside_core_a_module_imports_only_what_stands_above_it():
    rank = {name: i for i, names in enumerate(ORDER) for name in names}
    for path in files_of("core"):
        module = path.relative_to(ROOT / "core").parts[0].removesuffix(".py")
        if module == "__init__":
            continue
        assert module in rank, f"{module} has no place in ORDER"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        typing_only = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.startswith("core")
                and id(node) not in typing_only
            ):
                names = [node.module.split(".")[1]] if "." in node.module else [alias.name for alias in node.names]
                for name in names:
                    assert name == module or rank[name] < rank[module], f"{path.name} imports {name}"


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
