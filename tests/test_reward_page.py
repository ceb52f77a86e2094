"""The Reward page, without a browser: domains, seeds, and what DaaR made of them."""

import numpy as np
import pytest

from components.charts.reward_figures import entropy_edges, records_in, shown_entropy
from components.session.state import Focus
from core.daar.domains import Seed
from core.daar.probe_transfer import carry_probes
from core.daar.saved_domains import change_domain, saved_domains
from core.workspace.workspace import Workspace
from tests.judge_server import judge_server
from tests.pages import check, check_job_done, click_chart, open_page, pipeline_of, press, read, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def test_domains_are_trained_and_selected_by_from_the_page(sample_home, quick_probes):
    app = open_page(sample_home, "reward")
    app.text_input(key="reward_budget").set_value("40")
    app.number_input(key="reward_draws").set_value(1)
    press(app, "Train and select")
    check_job_done(sample_home)
    pipeline = pipeline_of(sample_home)
    assert len(pipeline.table("select")) == 40 and pipeline.params("select").method == "daar"
    text = words(open_page(sample_home, "reward"))
    assert "At the cut" in text and "entropy" in text


def test_the_reward_page_shows_why_a_record_was_taken(rewarded_home):
    app = open_page(rewarded_home, "reward")
    assert "At the top" in words(app) and "· selected" in words(app) and "· not selected" in words(app)
    bars = [frame.value for frame in app.dataframe if "probability" in frame.value]
    assert len(bars) == 9 and all(abs(bar["probability"].sum() - 100) < 1e-2 for bar in bars)
    for choice in ("entropy", "probability of coding"):
        check(app.selectbox(key="reward_colour").set_value(choice).run())


def test_a_click_on_a_bar_reads_its_records(rewarded_home):
    app = open_page(rewarded_home, "reward")
    table = pipeline_of(rewarded_home).table("reward")
    reward, domain = shown_entropy(table["reward"].to_numpy()), table["domain"].to_numpy()
    k, i, rows = records_in(click_chart(app, "entropies", nth=-1), reward, domain)
    edges = entropy_edges(reward)
    assert (
        len(rows)
        and (domain[rows] == k).all()
        and (reward[rows] >= edges[i]).all()
        and (reward[rows] <= edges[i + 1]).all()
    )
    assert f"{len(rows)} records: " in words(app) or "1 record: " in words(app)
    assert read(app)["row"] == rows[0]
    press(app, "Close")
    assert "Click a bar" in words(app)


def test_picked_records_become_seeds_and_seeds_are_refused(sample_home):
    app = open_page(sample_home, "reward", focus=Focus("search", "“bread”", np.array([4, 9])))
    check(app.selectbox(key="seeds_of").set_value("coding").run())
    press(app, "Take 2 of the picked records")
    check(app.button(key="seed-coding-0-refuse").click().run())
    assert [(s.row, s.state) for s in seeds_of(sample_home, "coding")] == [(4, "refused"), (9, "kept")]
    check(app.button(key="seed-coding-0-keep").click().run())
    assert [s.state for s in seeds_of(sample_home, "coding")] == ["kept", "kept"]


def seeds_of(home, name):
    return next(d for d in saved_domains(Workspace(home / "sample")) if d.name == name).seeds


def test_offered_seeds_are_kept_refused_or_edited(sample_home):
    offered = tuple(Seed(f"text {i}", "generated", state="offered") for i in range(4))
    change_domain(Workspace(sample_home / "sample"), "coding", lambda seeds: offered)
    app = open_page(sample_home, "reward")
    check(app.selectbox(key="seeds_of").set_value("coding").run())
    assert "4 offered by a model" in words(app)
    check(app.button(key="seed-coding-1-refuse").click().run())
    box = next(area for area in app.text_area if area.key.startswith("seed-coding-2-text"))
    check(box.set_value("better words").run())
    check(app.button(key="seed-coding-2-save").click().run())
    press(app, "Keep all offered")
    assert [(s.text, s.state) for s in seeds_of(sample_home, "coding")] == [
        ("text 0", "kept"),
        ("text 1", "refused"),
        ("better words", "kept"),
        ("text 3", "kept"),
    ]


def test_a_model_writes_seeds_as_a_job(sample_home, monkeypatch):
    texts = [f"Instruction: {word} {i}\nResponse: {word}" for i, word in enumerate(["bake", "sum", "dig", "fly"] * 9)]
    count = iter(range(1000))
    with judge_server(lambda question, before: texts[next(count) % len(texts)]) as (url, _):
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        app = open_page(sample_home, "reward")
        check(app.radio(key="writer_kind").set_value("an OpenAI-compatible endpoint").run())
        press(app, "Write seeds", error="Seeds are written by a model")
        app.text_input(key="writer_model").set_value("tiny")
        app.number_input(key="writer_count").set_value(3)
        app.toggle(key="writer_all").set_value(False)
        press(app, "Write seeds")
        check_job_done(sample_home)
    assert [seed.state for seed in seeds_of(sample_home, "common sense")] == ["offered"] * 3
    assert "3 offered by a model" in words(open_page(sample_home, "reward"))


def test_domains_come_from_a_file(sample_home):
    app = open_page(sample_home, "reward")
    app.file_uploader(key="domains_file").set_value(
        ("d.yaml", b"- {name: a, description: One.}\n- {name: b, description: Two.}", "text/yaml")
    )
    check(app.run())
    press(app, "Use these domains")
    assert [d.name for d in saved_domains(Workspace(sample_home / "sample"))] == ["a", "b"]
    app = open_page(sample_home, "reward")
    app.file_uploader(key="domains_file").set_value(("d.json", b"{", "application/json"))
    check(app.run())
    press(app, "Use these domains", error="d.json is neither YAML nor JSON")


def test_domains_are_kept_by_their_own_button_without_learning(sample_home):
    app = open_page(sample_home, "reward")
    pipeline = pipeline_of(sample_home)
    assert "domains" not in pipeline.workspace.ledger.settings()
    press(app, "Save the domains")
    assert not pipeline_of(sample_home).current("reward")
    saved = pipeline_of(sample_home).workspace.ledger.settings()["domains"]["domains"]
    assert [domain["name"] for domain in saved] == ["common sense", "reasoning", "mathematics", "coding"]


def test_rewards_by_probes_from_elsewhere_are_shown(rewarded_home):
    elsewhere = carry_probes(pipeline_of(rewarded_home), pipeline_of(rewarded_home).workspace)
    pipeline_of(rewarded_home).run("reward", elsewhere, device="cpu")
    app = open_page(rewarded_home, "reward")
    assert "Probes trained elsewhere" in words(app) and "At the top" in words(app)
