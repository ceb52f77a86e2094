"""Seeds written by a model on a workspace: by an endpoint, by a small causal LM trained to write them; offered, then kept."""

import json
from pathlib import Path

import pytest

from core.base.errors import CurationError
from core.daar.domains import Domain, Seed
from core.daar.saved_domains import change_domain, kept_only, saved_domains, settle_offered
from core.daar.seed_writing import SeedParams, last_writing, write_seeds
from core.models.endpoint import Endpoint
from core.workspace.workspace import Workspace
from tests.command import run
from tests.conftest import TinyEncoder
from tests.judge_server import judge_server
from tests.made_once import made_once
from tests.tiny_models import make_writer

SUBJECTS = ("bread oven flour", "python function list", "garden soil seeds", "train ticket sea", "water spring number")
TEXTS = [f"Instruction: {a} {b}\nResponse: {b} {a}" for a in SUBJECTS for b in SUBJECTS if a < b]


@pytest.fixture
def endpoint(monkeypatch):
    """Serve answers made by a function from here on; return the function that starts it."""
    stack = []

    def serve(answer):
        server = judge_server(answer)
        url, requests = server.__enter__()
        stack.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", "secret")
        return requests

    yield serve
    for server in stack:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def writer(tmp_path_factory):
    return str(made_once(tmp_path_factory, "writer", lambda folder: make_writer(folder, TEXTS)))


def in_turn():
    """Return an answer function that goes through TEXTS."""
    count = iter(range(10**6))
    return lambda question, before: TEXTS[next(count) % len(TEXTS)]


def test_an_endpoint_writes_seeds_that_wait_for_a_curator(make_pipeline, endpoint):
    requests = endpoint(in_turn())
    held = make_pipeline().workspace
    params = SeedParams("tiny", endpoint=True, domains=("coding",), n_seeds=6)
    assert write_seeds(held, params, encoder=TinyEncoder()) == []
    coding = next(domain for domain in saved_domains(held) if domain.name == "coding")
    assert len(coding.seeds) == 6 and {(s.origin, s.state) for s in coding.seeds} == {("generated", "offered")}
    assert kept_only(coding).seeds == () and coding.kept[0].origin == "description"  # none counts yet
    assert not any(domain.seeds for domain in saved_domains(held) if domain.name != "coding")
    assert all(r["model"] == "tiny" and r["temperature"] == 0.8 for r in requests)
    assert "It must differ clearly from these" in requests[5]["messages"][-1]["content"]
    n_asked = len(requests)
    change_domain(held, "coding", lambda seeds: (Seed(seeds[0].text, "generated", state="refused"), *seeds[1:]))
    write_seeds(held, params, encoder=TinyEncoder())
    states = [seed.state for seed in next(d for d in saved_domains(held) if d.name == "coding").seeds]
    assert len(requests) == n_asked and states == ["refused", *["offered"] * 5]  # a refused one is not offered again
    settle_offered(held, "kept")
    assert [s.state for s in next(d for d in saved_domains(held) if d.name == "coding").seeds] == [
        "refused",
        *["kept"] * 5,
    ]


@pytest.mark.parametrize("fault", [429, 500, b"{oops", ""])
def test_a_fault_of_the_endpoint_is_tried_again(endpoint, fault):
    endpoint(lambda question, before: fault if before == 0 else "Fine.")
    asked = Endpoint("m", "The writer").ask([{"role": "user", "content": "x"}], lambda text: text or None, pause=0.01)
    assert asked == ("Fine.", "")


def test_an_endpoint_that_refuses_says_so_and_what_was_written_stays(make_pipeline, endpoint):
    turn = in_turn()
    endpoint(lambda question, before: 401 if "Everyday" not in question else turn(question, before))
    held = make_pipeline().workspace
    with pytest.raises(CurationError, match="writer of seeds's endpoint refuses"):
        write_seeds(held, SeedParams("tiny", endpoint=True, n_seeds=3), encoder=TinyEncoder())
    assert [len(domain.seeds) for domain in saved_domains(held)] == [3, 0, 0, 0]


def test_a_model_that_fails_the_form_ends_with_a_word_and_what_was_kept(make_pipeline, endpoint):
    turn = in_turn()
    endpoint(lambda question, before: turn(question, before) if before < 3 else "I would rather not.")
    held = make_pipeline().workspace
    complaints = write_seeds(held, SeedParams("tiny", True, ("coding",)), encoder=TinyEncoder())
    assert complaints == [
        "For coding the model did not keep to the form asked for 8 times in a row; 3 of 10 seeds came of it."
    ]
    assert last_writing(held) == (SeedParams("tiny", True, ("coding",)), complaints)


def test_bad_params_are_refused(make_pipeline, monkeypatch):
    held = make_pipeline().workspace
    with pytest.raises(CurationError, match="Seeds are written by a model"):
        SeedParams("")
    with pytest.raises(CurationError, match="n_seeds is 0"):
        SeedParams("m", n_seeds=0)
    with pytest.raises(CurationError, match="'cooking' is no domain; they are common sense"):
        write_seeds(held, SeedParams("m", domains=("cooking",)))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(CurationError, match="The writer of seeds needs an endpoint; set OPENAI_API_KEY"):
        write_seeds(held, SeedParams("m", endpoint=True), encoder=TinyEncoder())


def test_seeds_that_are_kept_count_as_earlier_ones(make_pipeline, endpoint):
    requests = endpoint(lambda question, before: TEXTS[len(requests) % 3])
    held = make_pipeline().workspace
    own = tuple(Seed(text.replace("Instruction: ", "").replace("Response: ", "")) for text in TEXTS[:6])
    change_domain(held, "coding", lambda seeds: own)
    told = write_seeds(held, SeedParams("tiny", True, ("coding",), n_seeds=2), encoder=TinyEncoder())
    assert "0 of 2 seeds came of it" in told[0]  # each is like one that is kept
    assert "It must differ clearly from these" in requests[0]["messages"][-1]["content"]


def test_an_endpoint_that_gives_out_leaves_what_it_wrote_and_is_asked_again(make_pipeline, endpoint, monkeypatch):
    turn = in_turn()
    requests = endpoint(lambda question, before: turn(question, before) if len(requests) <= 4 else 401)
    held = make_pipeline().workspace
    params = SeedParams("tiny", True, ("coding",), n_seeds=6)
    with pytest.raises(CurationError, match="What was written before is offered"):
        write_seeds(held, params, encoder=TinyEncoder())
    assert len(saved_domains(held)[3].seeds) == 4
    endpoint(in_turn())
    assert write_seeds(held, params, encoder=TinyEncoder()) == []
    assert len(saved_domains(held)[3].seeds) == 6


@pytest.mark.slow
def test_a_writing_that_was_stopped_goes_on_with_the_same_draws(make_pipeline, writer):
    asked = SeedParams(writer, domains=("reasoning", "coding"), n_seeds=2)
    whole, parts = make_pipeline(folder="whole").workspace, make_pipeline(folder="parts").workspace
    write_seeds(whole, asked, device="cpu", encoder=TinyEncoder())

    def stop(done, total):
        if done == 1 and total == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_seeds(parts, asked, stop, "cpu", TinyEncoder())
    write_seeds(parts, asked, device="cpu", encoder=TinyEncoder())
    assert saved_domains(parts) == saved_domains(whole)


def test_the_same_seed_writes_the_same(make_pipeline, writer):
    written = []
    for folder in ("a", "b"):
        held = make_pipeline(folder=folder).workspace
        write_seeds(held, SeedParams(writer, domains=("coding",), n_seeds=4), device="cpu", encoder=TinyEncoder())
        written.append([seed.text for domain in saved_domains(held) for seed in domain.seeds])
    assert written[0] == written[1] and len(set(written[0])) == 4


def test_a_causal_model_runs_all_seven_steps_seeds_by_generation_included(workspace, tmp_path, writer):
    path = tmp_path / "domains.yaml"
    path.write_text("- {name: baking, description: Bread.}\n- {name: coding, description: Programs.}\n")
    out = tmp_path / "with-seeds.json"
    done = run(
        "seeds",
        workspace,
        "--domains",
        path,
        "--model",
        writer,
        "--seeds-each",
        5,
        "--tries",
        40,
        "--out",
        out,
        check=0,
    )
    assert "baking: 0 kept" in done.stdout and "  offered  " in done.stdout and f"written to {out}" in done.stdout
    entries = json.loads(out.read_text())["domains"]
    for entry in entries:
        assert len(entry["seeds"]) == 5
        for i, seed in enumerate(entry["seeds"]):
            seed["state"] = "refused" if i == 0 else "kept"  # a curator looked at them
    out.write_text(json.dumps({"domains": entries}))
    options = ["--model", writer, "--layer", 2, "--sample", 50, "--draws", 1, "--device", "cpu", "--budget", 12]
    done = run("reward", workspace, "--domains", out, *options, check=0)
    assert "validation accuracy" in done.stdout and "12 of 60 records selected" in done.stdout
    assert [len(domain.own) for domain in saved_domains(_opened(workspace))] == [4, 4]


@pytest.mark.slow
def test_a_model_that_writes_no_usable_seeds_ends_with_a_word(workspace, tmp_path, tiny_lm):
    path = tmp_path / "domains.yaml"
    path.write_text("- {name: a, description: One.}\n- {name: b, description: Two.}\n")
    options = ["--layer", 1, "--sample", 50, "--draws", 1, "--device", "cpu", "--budget", 5]
    done = run("reward", workspace, "--domains", path, "--model", tiny_lm, "--write-seeds", tiny_lm, *options, check=0)
    assert "did not keep to the form" in done.stderr and "b stands by its description alone" in done.stderr
    assert "5 of 60 records selected" in done.stdout


def test_domains_keep_other_fields_when_seeds_change(make_pipeline):
    held = make_pipeline().workspace
    before = saved_domains(held)
    change_domain(held, "coding", lambda seeds: (*seeds, Seed("x")))
    after = {domain.name: domain for domain in saved_domains(held)}
    assert after["coding"] == Domain("coding", before[3].description, seeds=(Seed("x"),))
    assert [after[d.name] for d in before[:3]] == list(before[:3])


def _opened(folder):
    from core.workspace.workspace import Workspace

    return Workspace(folder)


@pytest.mark.parametrize(
    "reply",
    [b"<html>welcome</html>", b"[]", b'{"choices": [{"message": null}]}', b'{"choices": []}', b'{"object": "x"}'],
)
def test_a_reply_that_is_no_chat_completion_is_a_fault_of_the_endpoint(endpoint, reply):
    endpoint(lambda question, before: reply if before == 0 else "Fine.")
    asked = Endpoint("m", "The writer").ask([{"role": "user", "content": "x"}], lambda text: text or None, pause=0.01)
    assert asked == ("Fine.", "")
    endpoint(lambda question, before: reply)
    answer, why = Endpoint("m", "The writer").ask(
        [{"role": "user", "content": "x"}], lambda text: text or None, 2, 0.01
    )
    assert answer is None and ("no chat completion" in why or "''" in why or "no JSON" in why)


def test_an_answer_in_parts_is_put_together(endpoint):
    parts = [{"type": "text", "text": "Fi"}, {"type": "text", "text": "ne."}]
    whole = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
    whole["choices"] = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": parts}}]
    endpoint(lambda question, before: json.dumps(whole).encode())
    assert Endpoint("m", "The writer").ask([{"role": "user", "content": "x"}], lambda text: text)[0] == "Fine."


def test_an_endpoint_that_fell_short_is_asked_again_and_a_working_one_is_not(make_pipeline, endpoint):
    endpoint(lambda question, before: "I would rather not.")
    held = make_pipeline().workspace
    params = SeedParams("tiny", True, ("coding",), n_seeds=2)
    assert write_seeds(held, params, encoder=TinyEncoder())
    requests = endpoint(in_turn())
    assert write_seeds(held, params, encoder=TinyEncoder()) == [] and len(requests) == 2
    write_seeds(held, params, encoder=TinyEncoder())
    assert len(requests) == 2


def test_mathematics_may_repeat_itself_more_and_a_given_threshold_is_for_all():
    mathematics, coding = Domain("Mathematics", "Sums."), Domain("coding", "Programs.")
    usual, given = SeedParams("x"), SeedParams("x", similarity_threshold=0.7)
    assert [usual.threshold_of(d) for d in (mathematics, coding)] == [0.9, 0.85]
    assert [given.threshold_of(d) for d in (mathematics, coding)] == [0.7, 0.7]
    assert "threshold" not in usual.as_dict() and given.as_dict()["threshold"] == 0.7  # keys of before still hold
    with pytest.raises(CurationError, match="similarity_threshold is 2"):
        SeedParams("x", similarity_threshold=2)


def test_seeds_are_not_written_over_what_is_there(workspace, tmp_path):
    data = Path(Workspace(workspace).dataset().path)
    before = data.read_bytes()
    for out, told in (
        (data, "is the data"),
        (workspace / "dataset.json", "workspace's own files"),
        (tmp_path, "a folder"),
    ):
        done = run("seeds", workspace, "--model", "nobody", "--out", out, check=1)
        assert told in done.stderr
    assert data.read_bytes() == before and Workspace(workspace).dataset().n_records == 60
