"""A trainer's configuration for an export in parts: its training file as ever, and the validation file where it names one."""

import json
from collections.abc import Mapping

from .trainers import Trainer

_HELD_OUT = ("validation", "valid", "val", "eval", "dev")


def config_of_parts(trainer: Trainer, files: Mapping[str, str], form: str) -> dict[str, str]:
    """Return {file name: text} as `Trainer.config` does. files: {part: its file's name}, train among them.

    LLaMA-Factory's dataset_info.json names all parts. The others name train, and the part called validation (valid, val, eval,
    dev).
    """
    made = dict(trainer.config(files["train"], form))
    if "dataset_info.json" in made:
        every = [json.loads(trainer.config(name, form)["dataset_info.json"]) for name in files.values()]
        return made | {
            "dataset_info.json": json.dumps({k: v for each in every for k, v in each.items()}, indent=2) + "\n"
        }
    held_out = next((files[name] for name in _HELD_OUT if name in files), None)
    return {
        name: _with_validation(name, text, files["train"], held_out) if held_out else text
        for name, text in made.items()
    }


def _with_validation(name: str, text: str, train: str, held_out: str) -> str:
    if name in ("trl.py", "unsloth.py"):
        load = f'held_out = load_dataset("json", data_files="{held_out}", split="train")\ntrainer = '
        return text.replace("trainer = ", load, 1).replace(
            "train_dataset=dataset", "train_dataset=dataset, eval_dataset=held_out"
        )
    if name == "axolotl.yaml":
        block = text[text.index("datasets:") :].removeprefix("datasets:\n")
        return f"{text}test_datasets:\n{block.replace(json.dumps(train), json.dumps(held_out))}    split: train\n"
    if name == "ms-swift.sh":
        return text.replace(" --strict", f" --val_dataset '{held_out}' --strict")
    if name == "openai.json":
        return json.dumps(json.loads(text) | {"validation_file": held_out}, indent=2) + "\n"
    return text
