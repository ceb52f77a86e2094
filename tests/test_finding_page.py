"""The search on the Map page, without a browser: words, meaning, filters, what is said where nothing is found."""

import numpy as np
import pytest

from components.session.state import Focus
from core.base.errors import CurationError
from core.run import jobs
from core.selection.finding.query import Query, parse_filter, to_text
from core.workspace.deciding import overrides_of
from tests.conftest import SAMPLE
from tests.pages import check, check_job_done, click_chart, open_page, pipeline_of, press, words

pytestmark = pytest.mark.usefixtures("jobs_in_process")


def search(app, text: str, way: str = "words"):
    box = next(box for box in app.text_input if box.label == "Search")
    box.set_value(text)
    return press(app, "Find")


def focus(app):
    return app.session_state["winnow"].focus


def test_a_search_by_words_is_looked_at_and_decided_on(sample_home):
    app = search(open_page(sample_home, "map"), "haiku")
    held = sum("haiku" in line.lower() for line in SAMPLE.read_text(encoding="utf-8").splitlines())
    assert 0 < len(focus(app).rows) <= held and focus(app).label == f"“haiku”: {len(focus(app).rows)} records"
    rows = np.sort(focus(app).rows)
    press(app, "Drop all")
    assert overrides_of(pipeline_of(sample_home)).dropped.tolist() == rows.tolist()
    assert app.session_state["winnow"].query == "q=haiku"
    assert focus(search(app, "")) is None


def test_what_is_not_found_is_said_with_what_to_try(sample_home):
    app = search(open_page(sample_home, "map"), "haik")
    assert focus(app).label == "“haik”: no record"
    press(app, "Look inside longer words too: \\*haik\\*")
    assert len(focus(app).rows) and app.session_state["winnow"].query == "q=%2Ahaik%2A"
    app = search(app, "haiku AND")
    assert "AND lacks a word" in app.warning[0].value


def test_filters_are_added_counted_and_taken_out(sample_home):
    app = search(open_page(sample_home, "map"), "the")
    every = len(focus(app).rows)
    app.session_state["find_filters"] = True  # opened
    check(app.run())
    check(app.selectbox(key="filter_column").set_value("quality").run())
    low = next(box for box in app.number_input if box.label == "From")
    check(low.set_value(0.5).run())
    said = next(caption.value for caption in app.caption if "would be left" in caption.value)
    press(app, "Add this filter")
    assert 0 < len(focus(app).rows) < every and f"**{len(focus(app).rows):,}** of 600 records" in said
    assert (pipeline_of(sample_home).column("score", "score")[focus(app).rows] >= 0.5).all()
    assert focus(app).label.startswith("“the”, quality at least 0.5: ")
    pills = next(
        group for group in app.get("button_group") if len(group.options) == 1 and "quality" in str(group.options)
    )
    check(pills.set_value([]).run())
    assert len(focus(app).rows) == every
    assert app.session_state["winnow"].query == "q=the"


def test_labels_are_filtered_by_and_excluded(sample_home):
    app = open_page(sample_home, "map")
    app.session_state["find_filters"] = True  # opened
    check(app.run())
    check(app.selectbox(key="filter_column").set_value("source").run())
    sources, codes = pipeline_of(sample_home).workspace.records().sources()
    label = sources[click_chart(app, "filter_spread-source", nth=1)]
    assert next(box for box in app.multiselect if box.label == "Keep").value == [label]
    check(next(each for each in app.toggle if each.label == "All but these").set_value(True).run())
    press(app, "Add this filter")
    assert np.sort(focus(app).rows).tolist() == np.flatnonzero(codes != sources.index(label)).tolist()


def test_what_is_picked_is_filtered_by_a_column(sample_home):
    quality = pipeline_of(sample_home).column("score", "score")
    app = open_page(sample_home, "map", focus=Focus("area", "300 records inside the line", np.arange(300)))
    app.session_state["find_filters"] = True  # opened
    check(app.run())
    check(app.selectbox(key="filter_column").set_value("quality").run())
    check(next(box for box in app.number_input if box.label == "To").set_value(0.5).run())
    n = int((quality[:300] <= 0.5).sum())
    assert f"**{n:,}** of 300 records picked would be left." in words(app)
    press(app, "Keep only these")
    assert focus(app).rows.tolist() == np.flatnonzero(quality[:300] <= 0.5).tolist()
    assert (
        focus(app).label == "quality at most 0.5, of 300 records inside the line"
        and app.session_state["winnow"].query == ""
    )


def test_the_query_in_an_address_is_shown_as_it_was(sample_home):
    text = to_text(Query("bread", filters=(parse_filter("quality>0.2"),)))
    app = open_page(sample_home, "map", query=text)
    assert next(box for box in app.text_input if box.label == "Search").value == "bread"
    assert any("quality over 0.2" in str(group.options) for group in app.get("button_group"))
    check(open_page(sample_home, "map", query="no=query&at=all"))


class _Reader:
    """A reader of sentences that is not ready at first."""

    error = ""

    def __init__(self, states, encode):
        self.states, self.encode = states, encode

    @property
    def state(self):
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def start(self):
        pass


def by_meaning(app):
    way = next(group for group in app.get("button_group") if str(group.key).startswith("find_way"))
    return check(way.set_value("like").run())


def test_a_sentence_waits_for_the_model_and_then_finds(sample_home, real_encoder, monkeypatch):
    reader = _Reader(["off", "loading", "loading"], real_encoder.encode)
    monkeypatch.setattr("components.session.finding.reader_of", lambda *_: reader)
    app = search(by_meaning(open_page(sample_home, "map")), "How do I bake bread at home?")
    assert "Loading the model" in words(app) and focus(app) is None
    reader.states = ["ready"]
    check(app.run())
    assert focus(app).label == "like “How do I bake bread at home?”: 200 records"
    text = pipeline_of(sample_home).workspace.records().take(focus(app).rows[:1], ["text"])["text"][0].as_py()
    assert "bread" in text.lower() or "dough" in text.lower()
    reader.states, reader.error = ["failed"], "The model is broken."
    monkeypatch.setattr(reader, "encode", None)
    app = search(app, "Another sentence")
    assert "The model is broken." in app.warning[0].value


def test_more_like_a_record_needs_no_model(sample_home):
    app = open_page(sample_home, "map", query="")
    app.session_state["winnow"].query = to_text(Query(more_like=(3,), nearest=50))
    app = search(app, "")
    assert focus(app).label == "like record 3: 50 records" and 3 not in focus(app).rows


def test_many_records_are_made_searchable_by_a_job(sample_home, monkeypatch):
    finding = "core.selection.finding"
    for module in ("components.finding.find_panel", f"{finding}.find", f"{finding}.known", f"{finding}.data_columns"):
        monkeypatch.setattr(f"{module}.AT_ONCE_UP_TO", 100)
    app = search(open_page(sample_home, "map"), "bread")
    assert "press Make it searchable" in app.warning[0].value and focus(app) is None
    press(app, "Make it searchable")
    steps = [step["do"] for step in check_job_done(sample_home).arguments["steps"]]
    assert steps == ["words", "columns", "meaning"]
    app = search(open_page(sample_home, "map"), "bread")
    assert len(focus(app).rows) and jobs.last_job(pipeline_of(sample_home).workspace).id == 1
    assert "Make it searchable" not in [button.label for button in app.button]


def test_a_model_that_fails_is_a_curation_error(sample_home, monkeypatch):
    def broken(*_):
        raise CurationError("No model today.")

    monkeypatch.setattr("components.session.finding.find", broken)
    app = search(open_page(sample_home, "map"), "bread")
    assert "No model today." in app.warning[0].value
