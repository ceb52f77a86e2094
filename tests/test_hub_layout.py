"""Names on a hub, and which config and split a file belongs to: by a card's YAML, else by the Hub's conventions."""

import pytest

from core.base.errors import CurationError
from core.data.hub.layout import configs_of, default_of, of_one_format
from core.data.hub.names import HubName
from core.data.pool import data_name, full_paths, on_hub, open_pool

COMMIT = "a1" * 20


@pytest.mark.parametrize(
    "text, expected",
    [
        ("hf://openai/gsm8k", HubName("openai/gsm8k")),
        ("hf://datasets/openai/gsm8k@v1.0", HubName("openai/gsm8k", "v1.0")),
        ("openai/gsm8k@refs/convert/parquet", HubName("openai/gsm8k", "refs/convert/parquet")),
        ("hf://a/b?config=x%20y&split=train", HubName("a/b", "", "x y", "train")),
        ("https://huggingface.co/datasets/openai/gsm8k/tree/main", HubName("openai/gsm8k", "main")),
        ("https://huggingface.co/datasets/openai/gsm8k", HubName("openai/gsm8k")),
    ],
)
def test_a_name_is_read_and_written_the_same(text, expected):
    assert HubName.parse(text) == expected
    assert HubName.parse(str(expected)) == expected


@pytest.mark.parametrize(
    "text", ["hf://gsm8k", "hf://a/b/c", "hf://../x", "hf://a/b@../x", "hf://a/b?token=x", "hf://a/..", ""]
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(CurationError):
        HubName.parse(text)


def test_only_a_commit_with_config_and_split_names_the_same_files_for_ever():
    assert HubName("a/b", COMMIT, "c", "s").is_pinned
    for name in (HubName("a/b", "main", "c", "s"), HubName("a/b", COMMIT, "", "s"), HubName("a/b", COMMIT, "c")):
        assert not name.is_pinned
    assert HubName("a/b", COMMIT, "c", "s").place == "hf://a/b (c, s)"


def test_a_pool_knows_what_lies_on_a_hub():
    given = ["math=hf://openai/gsm8k?split=train", "other.jsonl"]
    assert on_hub(given) == given[:1] and full_paths(given)[0] == given[0]
    assert data_name("hf://openai/gsm8k@main") == "gsm8k"
    with pytest.raises(CurationError, match="is not fetched"):
        open_pool("hf://openai/gsm8k")


@pytest.mark.parametrize(
    "paths, expected",
    [
        (
            [
                "README.md",
                "data/train-00000-of-00002.parquet",
                "data/train-00001-of-00002.parquet",
                "data/extra-00000-of-00001.parquet",
            ],
            {"extra": 1, "train": 2},
        ),
        (["train.jsonl", "test.jsonl", "dev.jsonl"], {"train": 1, "validation": 1, "test": 1}),
        (["my-train_2.json", "notes.json"], {"train": 1}),
        (["training/a.csv", "evaluation/b.csv", "c.csv"], {"train": 1, "test": 1}),
        (["trainer.jsonl", "tested.jsonl"], {"train": 2}),
        (["chat.train.jsonl.gz", "chat.val.jsonl.gz"], {"train": 1, "validation": 1}),
        (["a.parquet", "b.parquet", "a.jsonl", "dataset_infos.json", "x.jsonl.manifest.json"], {"train": 2}),
    ],
)
def test_without_a_word_in_the_card_names_say_the_split(paths, expected):
    (splits,) = configs_of(paths, {}).values()
    assert {split: len(of_one_format(files)) for split, files in splits.items()} == expected


def test_the_hubs_own_conversion_has_a_folder_a_config_and_a_split():
    paths = ["main/train/0000.parquet", "main/train/0001.parquet", "socratic/partial-test/0000.parquet"]
    assert configs_of(paths, {}) == {"main": {"train": paths[:2]}, "socratic": {"test": paths[2:]}}
    assert list(configs_of([*paths, "more.parquet"], {})) == ["default"]


PATHS = [
    "main/train-1.parquet",
    "main/test-1.parquet",
    "other/a.jsonl",
    "other/deep/b.jsonl",
    "other/c9.jsonl",
    "readme.txt",
]


@pytest.mark.parametrize(
    "config, expected",
    [
        ({"data_files": "other/*.jsonl"}, {"train": ["other/a.jsonl", "other/c9.jsonl"]}),
        ({"data_files": ["other/c*.jsonl", "other/a.jsonl"]}, {"train": ["other/c9.jsonl", "other/a.jsonl"]}),
        ({"data_files": "**/*.jsonl"}, {"train": ["other/a.jsonl", "other/c9.jsonl", "other/deep/b.jsonl"]}),
        ({"data_files": "other/c[0-9].jsonl"}, {"train": ["other/c9.jsonl"]}),
        ({"data_files": "other/[!a-b]*.jsonl"}, {"train": ["other/c9.jsonl"]}),
        ({"data_files": [{"split": "test", "path": "main/test-?.parquet"}]}, {"test": ["main/test-1.parquet"]}),
        ({"data_files": {"train": ["main/train-*"]}}, {"train": ["main/train-1.parquet"]}),
        ({"data_dir": "main"}, {"train": ["main/train-1.parquet"], "test": ["main/test-1.parquet"]}),
        ({"data_dir": "./other/", "data_files": "a.jsonl"}, {"train": ["other/a.jsonl"]}),
    ],
)
def test_a_card_names_the_files_of_a_config(config, expected):
    assert configs_of(PATHS, {"configs": [{"config_name": "c", **config}]}) == {"c": expected}


def test_the_default_config_is_the_one_that_the_card_marks_and_configs_without_data_are_left_out():
    configs = [
        {"config_name": "a", "data_files": "other/a.jsonl"},
        {"config_name": "b", "data_files": "main/*", "default": True},
        {"config_name": "none", "data_files": "nothing/*"},
    ]
    found = configs_of(PATHS, {"configs": configs})
    assert list(found) == ["a", "b"] and default_of(found, {"configs": configs}) == "b"
    assert default_of({"default": {}}, {}) == "default" and default_of({"x": {}}, {}) == ""


@pytest.mark.parametrize(
    "files", [7, "https://elsewhere.example/a.jsonl", [{"split": "train", "path": "hf://datasets/x/y/a.jsonl"}]]
)
def test_what_a_card_says_that_cannot_be_followed_is_refused(files):
    with pytest.raises(CurationError, match="card"):
        configs_of(PATHS, {"configs": [{"config_name": "c", "data_files": files}]})
