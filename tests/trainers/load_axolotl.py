"""Load an export by Axolotl's prompt strategies, as the YAML beside it says, and print how many rows give something to train on."""

import json
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
from axolotl.prompt_strategies import load
from axolotl.utils.dict import DictDefault
from tokenizer import byte_tokenizer

out = Path(sys.argv[1])
told = yaml.safe_load(out.with_name(f"{out.name}.axolotl.yaml").read_text())["datasets"][0]
config = DictDefault({"sequence_len": 100_000, "train_on_inputs": False, "chat_template": "tokenizer_default"})
strategy = load(told["type"], byte_tokenizer(), config, DictDefault(told))
rows = [strategy.tokenize_prompt(json.loads(line)) for line in out.read_text().splitlines()]
print(sum(any(label != -100 for label in row["labels"]) for row in rows))
