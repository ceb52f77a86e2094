"""The report: one HTML file that needs nothing else, the same as Markdown, and nothing in the data that breaks out of them."""

import base64
import html
import html.parser
import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.base.errors import CurationError
from core.base.files import file_sha256
from core.evidence.ablation.params import AblationParams
from core.evidence.ablation.run import ablate
from core.evidence.ground import MeasureParams
from core.evidence.measuring import Evidence, found_before, measure
from core.evidence.versions import find_version, import_version, restore_version, save_version
from core.export import delivery
from core.export.report import figures, findings, people
from core.export.report.blocks import Example, Examples, Key, Paragraph, Picture, Report, Section, Table
from core.export.report.html_page import as_html
from core.export.report.markdown import as_markdown
from core.export.report.writing import write_report
from core.measures.measure import MEASURES
from core.refine.advance import Advance, advance
from core.refine.params import RefineParams
from core.refine.runs import Rounds
from core.run.pipeline import Pipeline
from core.selection.params import SelectionParams
from core.vectors.projection import ProjectParams
from core.workspace.deciding import decide_cluster, decide_records
from core.workspace.decisions import Decision
from tests.browser import browser_page
from tests.conftest import TinyEncoder, small_records, write_jsonl

PREPARED = ("embed", "cluster", "score", "select")
SECTIONS = [
    *("Data", "Method", "Map", "Clusters", "Cluster quality", "Rounds", "Measures", "Sources"),
    *("Ablation", "Evaluations", "Decisions", "Examples", "Fingerprints"),
]
TINY = {"vocabulary": 300, "context": 32, "width": 16, "layers": 1, "heads": 2, "steps": 2, "batch_size": 2}
NASTY = [
    "<script>alert(1)</script> | a `b` ``` c ```` d",
    '```\n</pre></article><script src="http://evil.example/x.js"></script>\n# heading\n~~~',
    "a | b | c\n| --- | --- |\n<img src=http://evil.example/x.png onerror=alert(1)>",
    "![x](http://evil.example/x.png) [y](javascript:alert(1)) <b>&amp;</b> $x$ \\| \x00\x1b[31m\r\n`````\rend",
]


class Page(html.parser.HTMLParser):
    """What a browser would make of a page: its tags, tables, texts in <pre>, images."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.tables, self.texts, self.images, self.headings = [], [], [], [], []
        self._into = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        into = {"table": self.tables, "pre": self.texts, "h2": self.headings}.get(tag)
        if into is not None:
            into.append([] if tag == "table" else "")
        if tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")
        elif tag == "img":
            self.images.append(dict(attributes)["src"])
        self._into = tag if tag in ("th", "td", "pre", "h2") else None

    def handle_endtag(self, tag):
        self._into = None

    def handle_data(self, data):
        if self._into in ("th", "td"):
            self.tables[-1][-1][-1] += data
        elif self._into == "pre":
            self.texts[-1] += data
        elif self._into == "h2":
            self.headings[-1] += data


class Markdown:
    """What a reader of GitHub's Markdown would make of it: tables, texts between fences, images, the rest as lines."""

    def __init__(self, text: str) -> None:
        self.tables, self.texts, self.lines, self.headings = [], [], [], []
        fence, was_table = "", False
        for line in text.split("\n"):
            if fence:
                if line.startswith(fence) and not line.strip("` "):
                    fence = ""
                else:
                    self.texts[-1].append(line)
                continue
            opened = re.match(r"`{3,}", line)
            if opened:
                fence = opened[0]
                self.texts.append([])
            elif line.startswith("|"):
                cells = re.split(r"(?<!\\)\|", line)[1:-1]
                if not was_table:
                    self.tables.append([])
                if set(line) - set("|-: "):
                    self.tables[-1].append([plain(cell) for cell in cells])
            else:
                self.lines.append(line)
            was_table = line.startswith("|")
        self.headings = [plain(line[3:]) for line in self.lines if line.startswith("## ")]
        self.images = re.findall(r"(?<!\\)\]\(([^)]*)\)", "\n".join(self.lines))


def plain(cell: str) -> str:
    return html.unescape(re.sub(r"\\([^\w\s])", r"\1", cell)).strip()


def report(pipeline, path: Path, **how) -> tuple[Page, Markdown]:
    page, text = write_report(Pipeline(pipeline.workspace), path / "report.html", **how)
    return Page(page.read_text(encoding="utf-8")), Markdown(text.read_text(encoding="utf-8"))


def table_of(page: Page | Markdown, first: str) -> list[list[str]]:
    return next(table for table in page.tables if table[0][0] == first or table[0][1] == first)


def with_map(pipeline: Pipeline) -> Pipeline:
    """Lay out a map in no time."""
    key = pipeline.key("project", ProjectParams())
    n = pipeline.workspace.dataset().n_records
    xy = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    pipeline.workspace.save("project", key, {"params": ProjectParams().as_dict()}, value=xy)
    pipeline.workspace.ledger.set_settings("project", ProjectParams().as_dict())
    return Pipeline(pipeline.workspace)


def by_rounds(pipeline: Pipeline, until: int = 0, **changes) -> Pipeline:
    rounds = Rounds(pipeline)
    rounds.start(RefineParams("12", 3, **changes), who="ann")
    advance(rounds, Advance(1, until=until), device="cpu", encoder=TinyEncoder())
    return Pipeline(pipeline.workspace)


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline(*PREPARED)


# Both formats


def test_both_files_hold_the_same_sections_tables_texts_and_pictures(pipeline, tmp_path):
    pipeline = with_map(pipeline)
    decide_records(pipeline.workspace, "drop", [59], "ann", "not *this* | one")
    pipeline.run("select", SelectionParams("12", seed=1))
    measure(pipeline, delivery.selected_rows(pipeline), MeasureParams(), device="cpu")
    page, text = report(pipeline, tmp_path)
    assert page.headings == text.headings == SECTIONS
    assert page.tables == text.tables and len(page.tables) == 9
    assert [each.lstrip("\n") for each in page.texts] == ["\n".join(lines) for lines in text.texts]
    assert page.images == text.images and len(page.images) == 3


def test_the_path_of_either_file_writes_both(pipeline, tmp_path):
    for name in ("a.html", "b.md"):
        stem = tmp_path / Path(name).stem
        paths = write_report(pipeline, tmp_path / name)
        assert paths == (stem.with_suffix(".html"), stem.with_suffix(".md")) and all(path.exists() for path in paths)


def test_the_same_selection_gives_the_same_bytes(make_pipeline, tmp_path):
    pipeline = by_rounds(with_map(make_pipeline(*PREPARED)))
    measure(pipeline, delivery.selected_rows(pipeline), MeasureParams(), device="cpu")
    made = []
    for name in ("a", "b"):
        paths = write_report(Pipeline(pipeline.workspace), tmp_path / f"{name}.html")
        made.append([path.read_bytes() for path in paths])
    assert made[0] == made[1]
    other = write_report(Pipeline(pipeline.workspace), tmp_path / "c.html", seed=1)
    assert other[0].read_bytes() != made[0][0]


# What it says


def test_it_says_how_the_selection_came_about_and_how_to_check_it(pipeline, tmp_path):
    page, _ = report(pipeline, tmp_path)
    told = dict(row for table in page.tables for row in table if len(row) == 2)
    dataset = pipeline.workspace.dataset()
    assert (told["File"], told["Records"], told["Not read"]) == ("SHA-256", "60", "0")
    assert told["small.jsonl"] == told["SHA-256"] == dataset.sha256
    assert {name: told[name] for name in ("budget", "method", "quota", "replacement")} == {
        "budget": "12",
        "method": "kmq",
        "quota": "size",
        "replacement": "no",
    }
    assert set(SelectionParams().as_dict()) <= set(told)
    export = delivery.export_selection(pipeline, tmp_path / "out.jsonl")
    assert told["an export of the selection"] == file_sha256(tmp_path / "out.jsonl") and export.exists()
    keys = {row[0]: row[1] for row in table_of(page, "Stage")[1:]}
    assert keys == {stage: pipeline.current(stage) for stage in PREPARED}
    assert told["numpy"] == np.__version__ and str(tmp_path) not in (tmp_path / "report.html").read_text()


def test_the_map_shows_what_became_of_every_record(make_pipeline, tmp_path):
    pipeline = with_map(make_pipeline("embed", "cluster", "score"))
    decide_records(pipeline.workspace, "pin", [3, 4])
    decide_records(pipeline.workspace, "drop", [5])
    pipeline = Pipeline(pipeline.workspace)
    pipeline.run("select", SelectionParams("12"))
    page, text = report(pipeline, tmp_path)
    assert "Grey: 47 not selected. Teal: 10 selected. Orange: 2 pinned. Red: 1 dropped." in text.lines
    picture = Image.open(io.BytesIO(base64.b64decode(page.images[0].partition("base64,")[2])))
    seen = {colour[:3] for _, colour in picture.getcolors(1 << 20) if colour[3]}
    assert {tuple(bytes.fromhex(colour[1:7])) for colour in figures.STATUS_COLOURS} <= seen


def test_the_clusters_say_what_they_held_and_gave(pipeline, tmp_path):
    page, _ = report(pipeline, tmp_path)
    rows, labels = delivery.selected_rows(pipeline), pipeline.array("cluster")
    names = pipeline.workspace.info("cluster", pipeline.current("cluster"))["names"]
    lines = table_of(page, "Cluster")[1:]
    assert [line[1] for line in lines] == names
    assert [int(line[2]) for line in lines] == np.bincount(labels, minlength=4).tolist()
    assert [int(line[3]) for line in lines] == np.bincount(labels[rows], minlength=4).tolist()


def test_only_the_20_largest_clusters_are_listed(make_pipeline, tmp_path):
    page, text = report(make_pipeline(*PREPARED, n_clusters=24), tmp_path)
    held = [int(line[2]) for line in table_of(page, "Cluster")[1:]]
    assert len(held) == 20 and held == sorted(held, reverse=True)
    assert any("These are the 20 that hold most." in line for line in text.lines)


def test_sources_are_set_beside_those_of_the_data(pipeline, tmp_path):
    page, _ = report(pipeline, tmp_path)
    rows = delivery.selected_rows(pipeline)
    codes = np.arange(60) % 4
    lines = {line[0]: line[1:] for line in table_of(page, "Source")[1:]}
    assert lines["garden"] == [f"{np.mean(codes[rows] == 2):.1%}", "25.0%"] and len(lines) == 4


def test_without_clusters_map_sources_or_decisions_it_says_so(make_pipeline, tmp_path):
    data = write_jsonl(tmp_path / "plain.jsonl", [{"prompt": f"say {i}", "completion": "yes"} for i in range(9)])
    pipeline = make_pipeline(data=data)
    pipeline.run("select", SelectionParams("3", "random"))
    page, text = report(pipeline, tmp_path)
    for told in ("has no clusters", "name no source", "no map of this data", "not made in rounds", "Nobody pinned"):
        assert any(told in line for line in text.lines), told
    assert ["python -m core project WORKSPACE"] in text.texts and not page.images


def test_a_record_drawn_twice_is_counted_twice(make_pipeline, tmp_path):
    pipeline = make_pipeline("embed", "cluster")
    pipeline.run("select", SelectionParams("200", "kmeans-random", replacement=True))
    page, text = report(pipeline, tmp_path)
    n = len(np.unique(delivery.selected_rows(pipeline)))
    assert (
        f"200 of 60 records ({n} different ones), the current selection: kmeans-random, 200 records, seed 0."
        in text.lines
    )
    assert sum(int(line[3]) for line in table_of(page, "Cluster")[1:]) == 200


def test_a_shortfall_and_warnings_are_told(pipeline, tmp_path):
    decide_cluster(pipeline, "weight", 1, "ann", value=3)
    decide_records(pipeline.workspace, "drop", np.arange(55))
    pipeline = Pipeline(pipeline.workspace)
    pipeline.run("select", SelectionParams("12", "random"))
    manifest = delivery.manifest_facts(pipeline)
    _, text = report(pipeline, tmp_path)
    assert manifest["shortfall"] in text.lines and manifest["warnings"][0] in text.lines


def test_decisions_are_listed_with_who_and_note_and_state(pipeline, tmp_path, monkeypatch):
    workspace = pipeline.workspace
    first = decide_records(workspace, "pin", [3, 5, 7, 9, 11, 13, 15], "ann", "these | are `good`")
    decide_cluster(pipeline, "weight", 2, "bob", "more of it", 2.5)
    workspace.ledger.add_decision(Decision(action="undo", refers=first.id, who="eve"))
    pipeline = Pipeline(workspace)
    pipeline.run("select", SelectionParams("12"))
    name = workspace.info("cluster", pipeline.current("cluster"))["names"][2]
    for shown in report(pipeline, tmp_path):
        rows = [[*line[2:5], *line[5:]] for line in table_of(shown, "When (UTC)")[1:]]
        assert rows == [
            ["eve", "undo", "decision 1", "–", ""],
            ["bob", "weight", f"cluster 2 ({name}), × 2.5", "in force", "more of it"],
            ["ann", "pin", "records 3, 5, 7, 9, 11 and 2 more", "taken back", "these | are `good`"],
        ]
    monkeypatch.setattr(people, "_MOST_DECISIONS", 2)
    page, text = report(pipeline, tmp_path)
    assert len(table_of(page, "When (UTC)")) == 3
    assert "3 decisions, the newest first. 1 earlier ones are not shown." in text.lines


def test_examples_are_of_both_kinds_and_drawn_by_the_seed(pipeline, tmp_path):
    rows = set(delivery.selected_rows(pipeline).tolist())
    shown = {}
    for seed in (0, 1):
        _, text = report(pipeline, tmp_path, examples=3, seed=seed)
        numbers = [int(found) for found in re.findall(r"\*\*Record (\d+), cluster", "\n".join(text.lines))]
        assert [number in rows for number in numbers] == [True] * 3 + [False] * 3
        shown[seed] = numbers
    assert shown[0] != shown[1]
    _, text = report(pipeline, tmp_path, examples=0)
    assert "None were asked for." in text.lines
    _, text = report(pipeline, tmp_path, examples=50)
    assert "\n".join(text.lines).count("**Record") == 60


def test_long_texts_are_cut(make_pipeline, tmp_path):
    data = write_jsonl(tmp_path / "long.jsonl", [{"prompt": "p" * 601, "completion": "r" * 600}] * 2)
    pipeline = make_pipeline(data=data)
    pipeline.run("select", SelectionParams("1", "random"))
    page, _ = report(pipeline, tmp_path)
    assert [each.lstrip("\n") for each in page.texts[-2:]] == ["p" * 600 + "…", "r" * 600]


# Rounds, measures, proof, versions


def test_a_selection_by_rounds_shows_its_weights(make_pipeline, tmp_path):
    pipeline = by_rounds(make_pipeline(*PREPARED[:3]))
    page, text = report(pipeline, tmp_path)
    rounds = Rounds(pipeline)
    weights = np.stack([rounds.arrays(made)["effective"] for made in rounds.rounds(1)], 1) * 4
    table = next(table for table in page.tables if table[0] == ["No.", "Cluster", "Round 1", "Round 2", "Round 3"])
    assert {int(row[0]): row[2:] for row in table[1:]} == {
        cluster: [f"{weight:.2f}" for weight in weights[cluster]] for cluster in range(4)
    }
    assert [row[1:3] for row in table_of(page, "Round")[1:]] == [["4", "4"], ["4", "8"], ["4", "–"]]
    told = dict(row for table in page.tables for row in table if len(row) == 2)
    assert {"feedback": "proxy", "floor": "0.0", "temperature in force": "2.0"}.items() <= told.items()
    assert any("run 1 by ann, 3 of 3 rounds, 2 of them with feedback" in line for line in text.lines)
    svg = base64.b64decode(page.images[0].partition("base64,")[2]).decode()
    name = rounds.workspace.info("cluster", pipeline.current("cluster"))["names"][0]
    assert f">0 {name}<" in svg and "Round 3" in svg and "prefers-color-scheme" in svg


def test_what_the_next_round_would_draw_by_is_named_so(make_pipeline, tmp_path):
    pipeline = by_rounds(make_pipeline(*PREPARED[:3]), until=1)
    page, text = report(pipeline, tmp_path)
    assert [row[:3] for row in table_of(page, "Round")[1:]] == [["Round 1", "4", "4"], ["next", "–", "–"]]
    assert any("“next” is what the round to come would draw by" in line for line in text.lines)
    assert len(page.images) == 2


def test_a_first_round_without_feedback_has_no_lines_yet(make_pipeline, tmp_path):
    pipeline = by_rounds(make_pipeline(*PREPARED[:3]), feedback="import")
    page, text = report(pipeline, tmp_path)
    assert "Weights move once a round has feedback." in text.lines and len(page.images) == 1
    assert table_of(page, "Round")[1:] == [["Round 1", "4", "–", "1.00", "1.00", "1.00", "0"]]


def test_only_the_named_clusters_lines_have_names():
    relative = np.ones((20, 3))
    relative[[7, 3, 12], 2] = 4.0, 0.1, 2.0
    names = [f"name {cluster} <&> $x^2$ 猫" for cluster in range(20)]
    named = np.arange(12)
    drawn = figures.weight_lines(["Round 1", "Round 2", "next"], names, relative, named)
    texts = ["".join(node.itertext()) for node in ElementTree.fromstring(drawn).iter() if node.tag.endswith("}text")]
    assert sum("name" in text for text in texts) == 12 and "7 name 7 <&> $x^2$ 猫" in texts


def test_measures_stand_beside_their_bands_where_they_were_made(pipeline, tmp_path):
    page, text = report(pipeline, tmp_path)
    assert ["python -m core measure WORKSPACE"] in text.texts
    assert not any(table[0][0] == "Measure" for table in page.tables)
    rows = delivery.selected_rows(pipeline)
    measure(pipeline, rows, MeasureParams(), device="cpu")
    found = found_before(pipeline, rows, MeasureParams())
    for shown in report(pipeline, tmp_path):
        lines = table_of(shown, "Measure")[1:]
        assert [line[0] for line in lines] == [MEASURES[name].title for name in found.values]
        for name, line in zip(found.values, lines, strict=True):
            numbers = [float(cell.replace(",", "")) for cell in line[1:4]]
            expected = [found.values[name], min(found.bands[name]), max(found.bands[name])]
            assert numbers == pytest.approx(expected, abs=0.06 if max(expected) >= 1000 else 6e-5)
            assert line[4] == found.place(name) and line[5].startswith(MEASURES[name].meaning)
    assert len(page.images) + 1 == len(report(pipeline, tmp_path)[0].images)


@pytest.mark.parametrize(
    ("name", "value", "colour"),
    [
        ("vendi", 3, "#0f7f74"),
        ("vendi", 0, "#b4434f"),
        ("redundancy", 0, "#0f7f74"),
        ("redundancy", 3, "#b4434f"),
        ("vendi", 1.5, figures.PLAIN),
        ("words", 3, figures.PLAIN),
    ],
)
def test_a_dot_says_by_its_colour_whether_it_is_better_than_chance(pipeline, monkeypatch, name, value, colour):
    drawn, tokens = [], {"prompts": 1, "responses": 1, "tokenizer": "x"}
    found = Evidence({name: value}, {name: [1, 2]}, {"tokens": tokens, "compared": 12})
    monkeypatch.setattr(findings, "found_before", lambda *_: found)
    monkeypatch.setattr(findings, "measure_dots", lambda titles, values, bands, colours: drawn.append(colours) or b"")
    findings.measures(pipeline, delivery.selected_rows(pipeline))
    assert drawn == [[colour]]


def test_a_measure_that_never_differs_is_drawn_too():
    drawn = figures.measure_dots(["one", "two"], [1.0, 3.0], [[1.0, 1.0], [1.0, 2.0]], ["#0f7f74", "#b4434f"])
    assert b"#b4434f" in drawn and b"nan" not in drawn


def test_a_proof_is_shown_with_what_it_is_worth(pipeline, tmp_path):
    _, text = report(pipeline, tmp_path)
    assert ["python -m core ablate WORKSPACE"] in text.texts
    asked = AblationParams(("random", "kmq"), "12", 2, 30, most_seeds=2, small=TINY)
    lines = ablate(pipeline, asked, device="cpu")
    page, text = report(pipeline, tmp_path)
    told = table_of(page, "Method")[1:]
    assert [row[0] for row in told] == [line.method for line in lines]
    assert [row[2] for row in told] == [f"{line.macro:.4f} ± {line.macro_half:.4f}" for line in lines]
    assert any("A small model from scratch is a proxy" in line for line in text.lines)
    kmq = next(line for line in lines if line.method == "kmq")
    row = next(row for row in told if row[0] == "kmq")
    assert row[3] == f"{kmq.against:+.4f} ± {kmq.against_half:.4f}" and row[5] == kmq.verdict
    assert any("2 seeds, fixed beforehand" in line for line in text.lines)
    told_to_who_cant_see_it = html.unescape((tmp_path / "report.html").read_text())
    assert f"kmq {kmq.verdict} {kmq.against:+.3f} ± {kmq.against_half:.3f}" in told_to_who_cant_see_it
    by_group = next(
        table for table in page.tables if table[0][0] == "Method" and len(table[0]) == 1 + len(lines[0].groups)
    )
    name, loss = next(iter(lines[0].groups.items()))
    assert by_group[0][1] == name and by_group[1][1] == f"{loss:.4f} ({lines[0].shares[name]:.0%})"


def test_a_restored_version_says_what_it_was(pipeline, tmp_path):
    save_version(pipeline, "best", delivery.manifest_facts(pipeline), "for the <spring> release", "ann")
    restore_version(Pipeline(pipeline.workspace), find_version(pipeline.workspace, "best"))
    page, text = report(pipeline, tmp_path)
    assert any("“best” was restored: 12 records, kept by ann" in html.unescape(line) for line in text.lines)
    assert any("for the <spring> release" in html.unescape(line) for line in text.lines)
    assert ["method", "kmq"] in next(table for table in page.tables if table[0][0] == "Setting")
    data = write_jsonl(tmp_path / "chosen.jsonl", [*small_records()[:4], {"instruction": "new", "output": "one"}])
    import_version(pipeline.workspace, data, "chosen")
    restore_version(Pipeline(pipeline.workspace), find_version(pipeline.workspace, "chosen"))
    _, text = report(pipeline, tmp_path)
    assert any("chosen.jsonl: 4 of its 5 records are in this data" in line for line in text.lines)


def test_a_version_made_in_rounds_says_so(make_pipeline, tmp_path):
    pipeline = by_rounds(make_pipeline(*PREPARED[:3]))
    save_version(pipeline, "rounds", delivery.manifest_facts(pipeline))
    restore_version(Pipeline(pipeline.workspace), find_version(pipeline.workspace, "rounds"))
    page, _ = report(pipeline, tmp_path)
    assert ["feedback", "proxy"] in next(table for table in page.tables if table[0][0] == "Setting")


# Nothing breaks out


def test_data_cannot_break_out_of_either_format(make_pipeline, tmp_path):
    records = [
        {"instruction": f"{NASTY[i % 4]} {i}", "output": NASTY[(i + 1) % 4], "source": NASTY[i % 3]} for i in range(12)
    ]
    pipeline = make_pipeline("embed", "cluster", data=write_jsonl(tmp_path / "x<script>|`.jsonl", records))
    decide_records(pipeline.workspace, "pin", [1], "<script>who</script>", NASTY[1])
    Pipeline(pipeline.workspace).run("select", SelectionParams("6", "kmeans-random"))
    page, text = report(pipeline, tmp_path, examples=12)
    assert not {"script", "b", "iframe"} & set(page.tags) and page.tags.count("img") == 1
    assert page.headings == text.headings == SECTIONS
    assert page.tables == text.tables
    assert [each.lstrip("\n") for each in page.texts] == ["\n".join(lines) for lines in text.texts]
    assert page.images == text.images and all(source.startswith("data:") for source in page.images)
    outside = "\n".join(text.lines)
    assert "<" not in outside.replace("<!-- Winnow report -->", "") and "](javascript" not in outside
    assert len(text.texts) == 2 * 12 + 6 and any("<script>alert(1)</script>" in "".join(each) for each in text.texts)


def test_every_block_escapes_what_it_is_given():
    for nasty in NASTY:
        whole = Report(
            nasty,
            nasty,
            (
                Section(
                    "Only",
                    (
                        Paragraph(nasty, "python -m core"),
                        Table((nasty, "n"), ((nasty, 1234),), "lr", nasty),
                        Picture(b"", "image/png", nasty, (Key("#000000", "black", nasty),)),
                        Examples(nasty, (Example(nasty, nasty, nasty),)),
                    ),
                ),
            ),
        )
        page, text = Page(as_html(whole)), Markdown(as_markdown(whole))
        assert not {"script", "b"} & set(page.tags) and page.tags.count("img") == 1
        assert page.tables == text.tables and page.tables[0][1][1] == "1,234"
        assert text.images == ["data:image/png;base64,"] and page.headings == text.headings == ["Only"]
        assert len(text.texts) == len(page.texts) == 3


@pytest.mark.parametrize("start", ["12. of", "# of", "- of", "+ of", "=== of", "3) of"])
def test_a_sentence_of_markdown_begins_no_list_and_no_heading(start):
    first = as_markdown(Report("t", start, ())).splitlines()[2]
    assert plain(first) == start and re.match(r"\d*\\", first)


# Where it can't be written


def test_nothing_selected_or_out_of_date_is_refused(make_pipeline, tmp_path):
    pipeline = make_pipeline("embed", "cluster", "score")
    out = tmp_path / "report.html"
    with pytest.raises(CurationError, match="Nothing is selected yet"):
        write_report(pipeline, out)
    pipeline.run("select", SelectionParams("12"))
    decide_records(pipeline.workspace, "drop", [0])
    with pytest.raises(CurationError, match="out of date"):
        write_report(Pipeline(pipeline.workspace), out)
    decide_records(pipeline.workspace, "drop", np.arange(60))
    pipeline = Pipeline(pipeline.workspace)
    pipeline.run("select", SelectionParams("12", "random"))
    with pytest.raises(CurationError, match="every record is dropped"):
        write_report(pipeline, out)
    assert not list(tmp_path.glob("*report*"))


def test_bad_paths_and_counts_are_refused(pipeline, tmp_path):
    (tmp_path / "notes.md").write_text("mine")
    (tmp_path / "folder.md").mkdir()
    for name, told in {
        "report.pdf": "ends in .pdf; a report ends in .html or .md",
        "report": "ends in nothing",
        "nowhere/report.html": "there is no folder",
        "notes.html": "notes.md is there already and is no report",
        "folder.html": "folder.md is a folder",
    }.items():
        with pytest.raises(CurationError, match=told):
            write_report(pipeline, tmp_path / name)
    for bad in ({"examples": -1}, {"seed": -1}, {"examples": 1.5}):
        with pytest.raises(CurationError, match=next(iter(bad))):
            write_report(pipeline, tmp_path / "report.html", **bad)
    assert (tmp_path / "notes.md").read_text() == "mine" and not list(tmp_path.glob("*.html"))


def test_a_report_takes_the_place_of_an_earlier_one(pipeline, tmp_path):
    first = [path.read_bytes() for path in write_report(pipeline, tmp_path / "report.md")]
    again = write_report(pipeline, tmp_path / "report.html", seed=5)
    assert [path.read_bytes() for path in again] != first


def test_nothing_is_left_half_written(pipeline, tmp_path, monkeypatch):
    real = Path.write_text

    def full(path, text, **how):
        if ".md." in path.name:
            raise OSError(28, "No space left on device")
        return real(path, text, **how)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CurationError, match="No space left on device"):
        write_report(pipeline, tmp_path / "report.html")
    assert not [path for path in tmp_path.iterdir() if "report" in path.name]


# In a browser


def test_it_opens_from_disk_without_a_request(make_pipeline, tmp_path):
    records = [record | {"output": f"{NASTY[i % 4]}\n{record['output']}"} for i, record in enumerate(small_records())]
    pipeline = with_map(make_pipeline(*PREPARED, data=write_jsonl(tmp_path / "small.jsonl", records)))
    decide_records(pipeline.workspace, "pin", [3], "ann")
    decide_records(pipeline.workspace, "drop", [4], "ann")
    pipeline = by_rounds(Pipeline(pipeline.workspace))
    measure(pipeline, delivery.selected_rows(pipeline), MeasureParams(), device="cpu")
    path, _ = write_report(pipeline, tmp_path / "report.html")
    with browser_page(dark=True) as page:
        asked, wrong = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(path.as_uri())
        page.wait_for_function("() => [...document.images].every(image => image.complete)")
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()] and not wrong
        widths = page.evaluate("[...document.images].map(image => image.naturalWidth)")
        assert len(widths) == 4 and min(widths) > 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("#map figcaption").inner_text().split("\n")[0].endswith("not selected")
