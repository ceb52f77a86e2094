"""Load an export as Axolotl does, as the YAML beside it says, and print how many rows give something to train on."""

import os
import sys
import tempfile
from pathlib import Path

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "HF_HOME": tempfile.mkdtemp(),
    "AXOLOTL_DO_NOT_TRACK": "1",
}

import yaml
from axolotl.utils.data.wrappers import get_dataset_wrapper
from axolotl.utils.dict import DictDefault
from datasets import load_dataset
from tokenizer import byte_tokenizer

out = Path(sys.argv[1])
told = DictDefault(yaml.safe_load(out.with_name(f"{out.name}.axolotl.yaml").read_text())["datasets"][0])
config = DictDefault({"sequence_len": 100_000, "train_on_inputs": False, "chat_template": "tokenizer_default"})
data = load_dataset("json", data_files=str(out), split="train")
base, _, style = told.type.partition(":")
rows, _ = get_dataset_wrapper(told, byte_tokenizer(), config, base, data, style or None)
print(sum(any(label != -100 for label in row["labels"]) for row in rows))
