"""Draws that agree and draws that don't, made by hand, on the Reward page, in `reward` and in the report's words."""

import numpy as np
import pyarrow as pa
import pytest

from core.daar.params import USUAL_DRAWS, DaarParams
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.workspace.workspace import Workspace
from tests.pages import check, check_job_done, open_page, press, words

BY_SOURCE = DaarParams(labels="source", draws=3)


def keep_draws(pipeline, rewards):
    """Keep draws of these rewards ((draws, n)) as if they had been trained, and average them."""
    names, codes = pipeline.workspace.records().sources()
    for i, reward in enumerate(rewards):
        chances = {f"p{k}": np.float32(codes == k) for k in range(len(names))}
        table = pa.table({"domain": codes.astype(np.int32), "reward": np.float32(reward)} | chances)
        info = {
            "names": list(names),
            "accuracy": 0.9,
            "spearman": 0.9,
            "curve": [],
            "reward_curve": [],
            "n_held_out": 10,
        }
        info |= {
            "confusion": np.zeros((len(names),) * 2, int).tolist(),
            "sources": {},
            "shares": [1 / len(names)] * len(names),
        }
        key = pipeline.key("reward", BY_SOURCE.of_draw(i))
        pipeline.workspace.save("reward", key, info | {"embedded_by": None, "warnings": []}, value=table)
    pipeline.run("reward", BY_SOURCE, device="cpu")
    pipeline.run("select", SelectionParams("12", "daar"))
    return pipeline


@pytest.fixture
def rewards_that():
    rng = np.random.default_rng(0)
    truth = rng.permutation(60) / 60 + 0.2
    return {
        "agree": np.stack([truth, truth + 0.001, truth * 1.5]),
        "differ": np.stack([rng.permutation(60) / 60 for _ in range(3)]),
    }


@pytest.mark.parametrize("how", ["agree", "differ"])
def test_the_page_shows_how_far_draws_agree_and_warns_where_they_do_not(make_pipeline, tmp_path, rewards_that, how):
    pipeline = keep_draws(make_pipeline("embed", "cluster", "score", "project"), rewards_that[how])
    app = open_page(tmp_path, "reward", workspace="workspace")
    told, facts = words(app), pipeline.info("select")["draws"]
    assert "## Draws" in told
    assert ("rank the records differently" in told) == ("the cut depends on the seeds" in told) == (how == "differ")
    labels = [button.label for button in app.button]
    for word in ("surely", "perhaps", "hardly"):
        assert f"{word.capitalize()}: {facts[word]}" in labels
    assert f"Passed over: {facts['passed_over']}" in labels
    assert (facts["surely"] == 12) == (how == "agree") and "±" in told
    assert "taken by 3 of 3 draws (surely)" in told or how == "differ"
    check(app.selectbox(key="reward_colour").set_value("spread").run())
    if how == "agree":
        press(app, "Surely: 12")
        assert "12 records: surely taken over the draws" in words(app)


@pytest.mark.usefixtures("jobs_in_process", "quick_probes")
def test_a_new_workspace_is_offered_several_draws_and_its_own_labels(make_pipeline, tmp_path):
    make_pipeline("embed", "cluster", "score", "project")
    app = open_page(tmp_path, "reward", workspace="workspace")
    assert app.number_input(key="reward_draws").value == USUAL_DRAWS
    app.number_input(key="reward_draws").set_value(2)
    check(app.selectbox(key="reward_labels").set_value("source").run())
    assert "the labels are the domains" in words(app)
    app.text_input(key="reward_budget").set_value("12")
    press(app, "Train and select")
    check_job_done(tmp_path, "workspace")
    made = Pipeline(Workspace(tmp_path / "workspace"))
    assert made.params("reward").draws == 2 and made.params("reward").labels == "source"
    assert made.info("reward")["names"] == ["bread", "python", "garden", "travel"] and len(made.table("select")) == 12
    assert made.info("select")["draws"]["n"] == 2
    assert made.params("reward").domains == ()
