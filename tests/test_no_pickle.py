"""Nothing that is read can run code: no pickle in our own code, nor in the loaders of others that it calls."""

import ast
import inspect
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(path for folder in ("core", "components", "app") for path in (ROOT / folder).rglob("*.py"))
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "pickletools"}
CALLS = {"read_pickle", "to_pickle", "load_pickle", "eval", "exec", "compile_command", "unsafe_load", "full_load"}
TELL_NO_CODE = {"from_pretrained", "SentenceTransformer", "load_dataset"}  # which would run what lies beside a model


def faults(tree: ast.Module) -> list[tuple[int, str]]:
    """Return (line, what) for everything in a module that could run what it reads."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, name.name) for name in node.names if name.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            found.append((node.lineno, node.module))
        elif isinstance(node, ast.Call):
            found += [(node.lineno, why) for why in _call_faults(node)]
    return found


def _call_faults(node: ast.Call) -> list[str]:
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    of = ast.unparse(called.value) if isinstance(called, ast.Attribute) else ""
    named = {each.arg: ast.unparse(each.value) for each in node.keywords}
    found = []
    if name in CALLS and of not in ("re", "loaded", "model", "self._model", "lm.model") and not (of and name == "eval"):
        found.append(name)
    if (of, name) in (("np", "load"), ("numpy", "load"), ("np", "save"), ("numpy", "save")):
        found += [] if named.get("allow_pickle") == "False" else [f"np.{name} without allow_pickle=False"]
    if (of, name) == ("torch", "load"):
        found += [] if named.get("weights_only") == "True" else ["torch.load without weights_only=True"]
    if (of, name) == ("yaml", "load"):
        found.append("yaml.load; safe_load")
    if name in TELL_NO_CODE and named.get("trust_remote_code") != "False":
        found.append(f"{name} without trust_remote_code=False")
    if named.get("trust_remote_code", "False") != "False":
        found.append("trust_remote_code")
    return found


@pytest.mark.parametrize(
    ("code", "n"),
    [
        ("import pickle", 1),
        ("from joblib import load", 1),
        ("np.load(path)", 1),
        ("np.load(path, allow_pickle=True)", 1),
        ("np.load(path, mmap_mode='r', allow_pickle=False)", 0),
        ("torch.load(path)", 1),
        ("pandas.read_pickle(path)", 1),
        ("AutoModel.from_pretrained(name)", 1),
        ("AutoModel.from_pretrained(name, trust_remote_code=True)", 2),
        ("AutoModel.from_pretrained(name, trust_remote_code=False)", 0),
        ("eval(text)", 1),
        ("model.eval()", 0),
        ("yaml.load(text)", 1),
    ],
)
def test_the_search_finds_what_it_is_for(code, n):
    assert len(faults(ast.parse(code))) == n


def test_our_own_code_reads_nothing_that_can_run():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for path in FILES
        for line, what in faults(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(FILES) > 200 and not found


def test_models_weights_are_read_without_pickles_power():
    from transformers.modeling_utils import load_state_dict

    assert inspect.signature(load_state_dict).parameters["weights_only"].default is True
