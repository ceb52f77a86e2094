"""Ablation: what is held out stays out, every training is kept, the sums are right; with tiny models."""

import numpy as np
import pytest

from core.base.errors import CurationError
from core.evidence.ablation.arms import select_for_ablation
from core.evidence.ablation.held_out import families, hold_out
from core.evidence.ablation.latest import last_ablation, table_lines
from core.evidence.ablation.losses import sum_up
from core.evidence.ablation.params import AblationParams
from core.evidence.ablation.run import ablate
from core.evidence.ablation.statistics import half_width
from core.evidence.versions import save_version
from core.export.delivery import manifest_facts
from core.models.causal_lm import load_causal, mean_log_probs
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.workspace.deciding import decide_records
from core.workspace.workspace import Workspace
from tests.command import run

TINY = {"vocabulary": 300, "context": 32, "width": 16, "layers": 1, "heads": 2, "steps": 12, "batch_size": 4}


def params(**changes):
    values = {"methods": ("random", "kmq"), "budget": "12", "n_seeds": 2, "held_out": 30, "small": TINY} | changes
    return AblationParams(**({"most_seeds": values["n_seeds"]} | values))


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline("embed", "cluster", "score")


def test_a_proof_has_a_line_a_method(pipeline):
    lines = ablate(pipeline, params(methods=("random", "longest", "kmq", "rounds")), device="cpu")
    assert {line.method for line in lines} == {"random", "longest", "kmq", "rounds"}
    assert [line.macro for line in lines] == sorted(line.macro for line in lines)
    for line in lines:
        assert set(line.groups) == {"bread", "python", "garden", "travel"} and line.n_records == [12, 12]
        assert line.macro == pytest.approx(np.mean(list(line.groups.values())))
        assert line.worst == max(line.groups.values()) == line.groups[line.worst_group]
        assert 0 < line.macro < np.log(400) and line.macro_half == pytest.approx(half_width(np.array(line.macros)))
    random = next(line for line in lines if line.method == "random")
    other = next(line for line in lines if line.method == "kmq")
    assert np.isnan(random.against)
    assert other.against == pytest.approx(other.macro - random.macro, abs=1e-6)  # losses are float32
    text = table_lines(lines)
    assert len(text) == 5 and "±" in text[1]


def test_what_is_held_out_is_never_selected_even_pinned_or_by_another_copy(pipeline):
    asked = params()
    held = hold_out(pipeline, asked).rows
    decide_records(pipeline.workspace, "pin", held[:2])
    fresh = Pipeline(pipeline.workspace)
    for method in ("random", "kmq", "longest", "rounds", "kmeans-closest", "k-center", "kmq:quota=equal"):
        rows = select_for_ablation(fresh, method, asked, 0, held)
        assert len(rows) == 12 and not set(rows) & set(held.tolist()), method


def test_the_longest_responses_are_the_longest(pipeline):
    rows = select_for_ablation(pipeline, "longest", params(), 0, np.array([4]))
    lengths = np.array(
        [len(r) for r in pipeline.workspace.records().take(np.arange(60), ["response"])["response"].to_pylist()]
    )
    lengths[4] = -1
    assert sorted(lengths[rows]) == sorted(lengths)[-12:]


def test_a_stopped_proof_goes_on_and_another_method_costs_only_its_own(pipeline, monkeypatch):
    import core.models.scratch_training as proving

    trained, real = [], proving.train_small_lm

    def counted(*arguments, **more):
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append(1)
        return real(*arguments, **more)

    monkeypatch.setattr(proving, "train_small_lm", counted)
    with pytest.raises(KeyboardInterrupt):
        ablate(pipeline, params(), device="cpu")
    assert last_ablation(pipeline) is None
    monkeypatch.setattr(proving, "train_small_lm", lambda *a, **k: trained.append(1) or real(*a, **k))
    lines = ablate(Pipeline(pipeline.workspace), params(), device="cpu")
    assert len(trained) == 4
    ablate(Pipeline(pipeline.workspace), params(methods=("random", "kmq", "longest")), device="cpu")
    assert len(trained) == 6
    again = ablate(Pipeline(pipeline.workspace), params(), device="cpu")
    assert repr(again) == repr(lines)  # by its text: NaN is not equal to itself
    assert len(trained) == 6


def test_a_saved_version_is_trained_on_without_what_is_held_out(pipeline):
    pipeline.run("select", SelectionParams("30", "quality"))
    save_version(pipeline, "best", manifest_facts(pipeline))
    asked = params(methods=("version:best",), n_seeds=1)
    held = hold_out(pipeline, asked).rows
    expected = np.setdiff1d(pipeline.table("select")["row_id"].to_numpy(), held)
    lines = ablate(Pipeline(pipeline.workspace), asked, device="cpu")
    assert lines[0].n_records == [len(expected)] and np.isnan(lines[0].macro_half)
    asked = params(methods=("random", "version:best"), n_seeds=1)
    lines = {line.method: line for line in ablate(Pipeline(pipeline.workspace), asked, device="cpu")}
    fair = f"random:{len(expected)}"  # of its own size: random ones of another are no baseline
    assert set(lines) == {"random", "version:best", fair} and lines[fair].n_records == [len(expected)]
    assert lines["version:best"].against == pytest.approx(lines["version:best"].macro - lines[fair].macro)
    with pytest.raises(CurationError, match="no version called 'worst'"):
        ablate(pipeline, params(methods=("version:worst",)), device="cpu")


def test_lines_saved_in_an_older_form_are_not_read_but_their_params_are(pipeline):
    asked = params(methods=("random",), n_seeds=1)
    ablate(pipeline, asked, device="cpu")
    ledger = pipeline.workspace.ledger
    saved = ledger.settings()["prove"]
    assert last_ablation(pipeline).lines[0].shares and saved.pop("basis")
    old = [{name: value for name, value in line.items() if name != "shares"} for line in saved["lines"]]
    ledger.set_settings("prove", saved | {"lines": old, "records": pipeline.current("records")})
    assert last_ablation(pipeline).lines == [] and last_ablation(pipeline).params == asked


def test_a_real_model_is_tuned_instead(pipeline, tiny_lm):
    asked = params(methods=("random",), n_seeds=1, base=tiny_lm, lora={"batch_size": 4, "epochs": 1, "max_tokens": 192})
    lines = ablate(pipeline, asked, device="cpu")
    held = hold_out(pipeline, asked).rows
    table = pipeline.workspace.records().take(held, ["prompt", "response"])
    lm = load_causal(tiny_lm, "cpu", 192)
    before = -mean_log_probs(lm, table["prompt"].to_pylist(), table["response"].to_pylist())
    key = last_ablation(pipeline).trained[0][2]
    after = pipeline.workspace.array("proof", key)
    assert after.shape == before.shape and not np.allclose(after, before) and after.mean() < before.mean()
    assert len(lines) == 1


def test_what_is_missing_is_said_before_anything_is_trained(pipeline, monkeypatch):
    monkeypatch.setattr("core.models.scratch_training.train_small_lm", None)  # whoever trains now, fails otherwise
    with pytest.raises(CurationError, match="daar needs the reward stage"):
        ablate(pipeline, params(methods=("random", "daar")), device="cpu")
    with pytest.raises(CurationError, match="No group has 5 held-out records"):
        ablate(pipeline, params(held_out=4), device="cpu")


def test_losses_are_summed_up_by_cluster_where_there_is_no_label_or_it_is_asked(pipeline):
    lines = ablate(pipeline, params(by="cluster", n_seeds=1), device="cpu")
    names = pipeline.workspace.info("cluster", pipeline.current("cluster"))["names"]
    assert set(lines[0].groups) <= {f"{i} {name}" for i, name in enumerate(names)}


def test_many_labels_go_by_what_stands_before_the_slash():
    names = [f"t0/{i}" for i in range(50)] + ["gsm8k"]
    heads, codes = families(names, np.array([0, 3, 50, -1]))
    assert heads == ["t0", "gsm8k"] and codes.tolist() == [0, 0, 1, -1]
    assert families(["a", "b"], np.array([1]))[0] == ["a", "b"]
    assert families([f"x{i}" for i in range(60)], np.array([0])) is None and families([], np.array([])) is None


def test_the_sums_worked_by_hand():
    codes = np.array([0] * 5 + [1] * 5 + [2])
    a = np.array([1.0] * 5 + [3.0] * 5 + [9.0], np.float32)
    groups, three, four = ["x", "y", "z"], np.array([0, 0, 1]), np.array([0, 1, 1, 2])
    taken = {"random": [three, three], "kmq": [three, np.array([1, 1, 2])]}
    lines = sum_up({"random": [a, a + 1], "kmq": [a - 0.5, a + 0.3]}, taken, groups, codes)
    kmq = lines[0]
    assert kmq.method == "kmq" and kmq.groups == pytest.approx({"x": 0.9, "y": 2.9})  # z has one record only
    assert kmq.macro == pytest.approx(1.9) and kmq.worst_group == "y"
    assert kmq.against == pytest.approx(-0.6) and kmq.gaps == pytest.approx([-0.5, -0.7])
    assert kmq.base == "random" and kmq.group_against["x"][0] == pytest.approx(-0.6)
    assert kmq.n_records == [3, 3]
    assert kmq.shares == pytest.approx({"x": 2 / 6, "y": 3 / 6}, abs=1e-6)
    lines = sum_up({"random": [a], "kmq": [a]}, {"random": [three], "kmq": [four]}, groups, codes)
    assert all(np.isnan(line.against) for line in lines)  # of another size
    silent = np.where(codes == 1, np.nan, a).astype(np.float32)  # no response in y
    assert sum_up({"kmq": [silent]}, {"kmq": [three]}, groups, codes)[0].groups == {"x": 1.0}
    assert half_width(np.array([1.0, 2.0, 3.0])) == pytest.approx(4.302653 / np.sqrt(3), abs=1e-4)
    with pytest.raises(CurationError, match="No group has 5 held-out records"):
        sum_up({"a": [a[:2]]}, {"a": [three]}, ["x", "y"], np.array([0, 1]))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"methods": ("luck",)}, "a method to compare is 'luck'"),
        ({"methods": ()}, "methods are none"),
        ({"methods": ("kmq", "kmq")}, "name each once"),
        ({"n_seeds": 0}, "n_seeds is 0"),
        ({"budget": "no"}, "budget is 'no'"),
        ({"small": {"depth": 3}}, "no parameter depth"),
        ({"by": "moon"}, "by is 'moon'"),
    ],
)
def test_bad_params_are_refused(changes, told):
    with pytest.raises(CurationError, match=told):
        params(**changes)


def test_too_much_held_out_and_missing_stages_are_said(make_pipeline):
    pipeline = make_pipeline("embed")
    with pytest.raises(CurationError, match="hold out half at most"):
        ablate(pipeline, params(held_out=31), device="cpu")
    with pytest.raises(CurationError, match="kmq needs the cluster stage; run: python -m core cluster"):
        ablate(pipeline, params(methods=("kmq",)), device="cpu")
    with pytest.raises(CurationError, match="rounds needs the cluster stage"):
        ablate(pipeline, params(methods=("rounds",)), device="cpu")


# From the command line


def test_measure_compare_prove_and_versions_from_the_command_line(workspace, tmp_path):
    run("select", workspace, "--budget", 12, check=0)
    done = run("version", "save", workspace, "--name", "first", "--note", "why not", check=0)
    assert "saved first: 12 records" in done.stdout
    run("select", workspace, "--budget", 12, "--method", "random", check=0)
    done = run("measure", workspace, check=0)
    assert "NovelSum" in done.stdout and "tokens:" in done.stdout and "inside" in done.stdout
    done = run("compare", workspace, "first", "current", "--stability", 2, check=0)
    assert "Jaccard" in done.stdout and "mean Jaccard" in done.stdout and "in both" in done.stdout
    assert "Name two selections" in run("compare", workspace, "first", check=1).stderr
    assert "'x' is no selection" in run("compare", workspace, "first", "x", check=1).stderr
    assert "first: why not" in run("version", "list", workspace, check=0).stdout
    out = tmp_path / "v.jsonl"
    run("version", "export", workspace, "--name", "first", "--out", out, check=0)
    assert len(out.read_text().splitlines()) == 12
    run("version", "import", workspace, out, "--name", "back", check=0)
    done = run("version", "restore", workspace, "--name", "back", check=0)
    assert "12 records selected, as in back" in done.stdout
    tiny = ",".join(f"{name}={value}" for name, value in TINY.items())
    options = ["--budget", 12, "--seeds", 2, "--most-seeds", 2, "--held-out", 24, "--device", "cpu"]
    done = run("ablate", workspace, "--methods", "random,kmq", "--set", tiny, *options, check=0)
    assert "kmq" in done.stdout and "a proxy" in done.stdout
    assert "± nan" not in done.stdout and "2 seeds, fixed beforehand" in done.stdout
    assert "kmq against random: " in done.stdout and "could show" in done.stdout
    for text, told in (
        ("steps=few", "steps as 'few'"),
        ("steps", "names and values"),
        ("steps=1,steps=2", "steps twice"),
    ):
        assert told in run("ablate", workspace, "--set", text, check=1).stderr
    assert "--stability is 1" in run("compare", workspace, "first", "current", "--stability", 1, check=1).stderr
    assert "--random is 1" in run("measure", workspace, "--random", 1, check=1).stderr
    run("pin", workspace, "--rows", "1", check=0)
    assert "out of date; it is measured as it was selected" in run("measure", workspace, check=0).stderr


def test_settings_are_read_as_numbers(workspace):
    given = "vocabulary=300,context=32,layers=1,heads=2,batch_size=2,steps=2, learning_rate=1E-3,width=16"
    options = [
        "--methods",
        "random",
        "--budget",
        12,
        "--seeds",
        1,
        "--most-seeds",
        1,
        "--held-out",
        24,
        "--device",
        "cpu",
    ]
    run("ablate", workspace, "--set", given, *options, check=0)
    small = last_ablation(Pipeline(Workspace(workspace))).params.small
    assert (small["steps"], small["learning_rate"], small["width"]) == (2, 1e-3, 16) and type(small["steps"]) is int
    assert "width is 16.5" in run("ablate", workspace, "--set", "width=16.5", *options, check=1).stderr


def test_groups_with_too_few_held_out_records_are_left_out_and_said(pipeline):
    asked = params(methods=("random",), n_seeds=1, held_out=16, held_out_by="random")
    ablate(pipeline, asked, device="cpu")
    ablation = last_ablation(pipeline)
    counts = np.bincount(pipeline.workspace.records().sources()[1][hold_out(pipeline, asked).rows], minlength=4)
    few = counts[(counts > 0) & (counts < 5)]
    assert (
        ablation.untold == (len(few), few.sum()) and len(few) and len(ablation.lines[0].groups) == (counts >= 5).sum()
    )
    assert f"{few.sum()} of the 16 held-out records count for nothing" in ablation.left_out
