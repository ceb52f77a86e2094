"""Trainer formats: the keys that each trainer reads, and the configuration that names them.

As their loaders are: TRL 1.16 (dataset formats), LLaMA-Factory (data/README), Axolotl (chat_template), ms-swift (custom dataset),
OpenAI (fine-tuning), Unsloth (TRL's trainers), torchtune (chat, instruct and preference datasets).
"""

import json
from pathlib import Path
from typing import Any

from ..base.registry import Registry
from .trainers import Rows, Sample, Trainer, answered, ending

TRAINERS: Registry[Trainer] = Registry()


def _messages(sample: Sample) -> dict[str, Any]:
    return {"messages": sample.messages}


def _asked_with_sides(sample: Sample) -> dict[str, Any]:
    return {"messages": sample.asked, "chosen": answered(sample.answer), "rejected": answered(sample.rejected)}


_TRL: dict[str, Rows] = {
    "chat": _messages,  # no prompt beside messages: its check would take either
    "prompt-completion": lambda sample: {"prompt": sample.asked, "completion": ending(sample)},
    "preference": lambda sample: {
        "prompt": sample.asked,
        "chosen": ending(sample),
        "rejected": [answered(sample.rejected)],
    },
}


def _trl(name: str, form: str) -> dict[str, str]:
    trainer = "DPO" if form == "preference" else "SFT"
    text = (
        "from datasets import load_dataset\n"
        f"from trl import {trainer}Config, {trainer}Trainer\n\n"
        f'dataset = load_dataset("json", data_files="{name}", split="train")\n'
        f'trainer = {trainer}Trainer(model=..., args={trainer}Config(output_dir="out"), train_dataset=dataset)\n'
    )
    return {"trl.py": text}


def _unsloth(name: str, form: str) -> dict[str, str]:
    text = _trl(name, form)["trl.py"]
    return {"unsloth.py": "from unsloth import FastLanguageModel  # before trl\n" + text}


def _llamafactory(name: str, form: str) -> dict[str, str]:
    about: dict[str, Any] = {"file_name": name}
    if form == "prompt-completion":
        about["columns"] = {"prompt": "instruction", "query": "input", "response": "output", "system": "system"}
    else:
        # "openai" as formatting would add a system prompt of its own.
        sides = {"chosen": "chosen", "rejected": "rejected"} if form == "preference" else {}
        about |= {"formatting": "sharegpt"} | ({"ranking": True} if sides else {})
        about["columns"] = {"messages": "messages"} | sides
        about["tags"] = {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
            "observation_tag": "tool",
        }
    return {"dataset_info.json": json.dumps({Path(name).stem: about}, indent=2) + "\n"}


def _axolotl(name: str, form: str) -> dict[str, str]:
    lines = ["datasets:", f"  - path: {json.dumps(name)}", "    ds_type: json"]
    if form == "chat":
        lines += ["    type: chat_template", "    field_messages: messages"]
    elif form == "prompt-completion":
        lines += ["    type: alpaca"]
    else:
        lines = ["rl: dpo", *lines, "    type: chat_template.default", "    field_messages: messages"]
        lines += ["    field_chosen: chosen", "    field_rejected: rejected"]
    return {"axolotl.yaml": "\n".join(lines) + "\n"}


def _swift(name: str, form: str) -> dict[str, str]:
    verb = "rlhf --rlhf_type dpo" if form == "preference" else "sft"
    return {"ms-swift.sh": f"swift {verb} --model MODEL --dataset '{name}' --strict true\n"}


def _openai(name: str, form: str) -> dict[str, str]:
    method = {"type": "dpo" if form == "preference" else "supervised"}
    return {"openai.json": json.dumps({"model": "MODEL", "training_file": name, "method": method}, indent=2) + "\n"}


def _torchtune(name: str, form: str) -> dict[str, str]:
    kind = {"chat": "chat", "prompt-completion": "instruct", "preference": "preference"}[form]
    lines = [
        "dataset:",
        f"  _component_: torchtune.datasets.{kind}_dataset",
        "  source: json",
        f"  data_files: {json.dumps(name)}",
    ]
    if form == "chat":
        lines += ["  conversation_column: messages", "  conversation_style: openai"]
    return {"torchtune.yaml": "\n".join([*lines, "  split: train"]) + "\n"}


def _alpaca(sample: Sample) -> dict[str, Any]:
    return {"instruction": sample.prompt, "input": "", "output": sample.answer, "system": sample.system}


def _alpaca_alone(sample: Sample) -> dict[str, Any]:
    asked = "\n\n".join(filter(None, [sample.system, sample.prompt]))
    return {"instruction": asked, "input": "", "output": sample.answer}


def _query(sample: Sample) -> dict[str, Any]:
    held = {"query": sample.prompt, "response": sample.answer}
    return ({"system": sample.system} if sample.system else {}) | held


for _trainer in (
    Trainer("trl", 1, "TRL", _TRL, _trl),
    Trainer(
        "llamafactory",
        2,
        "LLaMA-Factory",
        {"chat": _messages, "prompt-completion": _alpaca, "preference": _asked_with_sides},
        _llamafactory,
    ),
    Trainer(
        "axolotl",
        3,
        "Axolotl",
        {"chat": _messages, "prompt-completion": _alpaca_alone, "preference": _asked_with_sides},
        _axolotl,
    ),
    Trainer(
        "ms-swift",
        4,
        "ms-swift",
        {
            "chat": _messages,
            "prompt-completion": _query,
            "preference": lambda sample: {"messages": sample.messages, "rejected_response": sample.rejected},
        },
        _swift,
    ),
    Trainer(
        "openai",
        5,
        "OpenAI",
        {
            "chat": _messages,
            "preference": lambda sample: {
                "input": {"messages": sample.asked},
                "preferred_output": ending(sample),
                "non_preferred_output": [answered(sample.rejected)],
            },
        },
        _openai,
    ),
    Trainer("unsloth", 6, "Unsloth", _TRL, _unsloth),
    Trainer(
        "torchtune",
        7,
        "torchtune",
        {
            "chat": _messages,
            "prompt-completion": lambda sample: {
                "input": "\n\n".join(filter(None, [sample.system, sample.prompt])),
                "output": sample.answer,
            },
            "preference": lambda sample: {
                "chosen": sample.messages,
                "rejected": [*sample.asked, answered(sample.rejected)],
            },
        },
        _torchtune,
    ),
):
    TRAINERS.add(_trainer)
