"""Tuning a causal LM by LoRA on the records taken so far: peft, trained by transformers' Trainer, resumable."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from ..base.errors import CurationError
from ..base.params import Params, option
from ..base.progress import Progress, no_progress
from ..base.text import in_words
from .causal_lm import CausalModel, filled, padded, pair_tokens

SCORERS = ("likelihood", "reward", "judge")
PERPLEXITIES = {
    "response": "of the response, given the prompt",
    "record": "of prompt and response together (the paper)",
}
_IGNORED = -100


@dataclasses.dataclass(frozen=True)
class LmParams(Params):
    """How `lm` feedback tunes and scores.

    model: path or hub name of a causal LM. scorer: what compares the true response with the generated one: "likelihood" (the
    logarithms of their perplexities under the tuned model, arXiv 2409.11378 eq. 7), "reward" (the sequence classifier
    `reward_model`), or "judge" (an LLM behind an OpenAI-compatible endpoint, `judge_model` there). perplexity: what
    likelihood is of, one of PERPLEXITIES. epochs, learning_rate, rank: of the LoRA tuning.
    batch_size: records at once; accumulation: batches a step. max_tokens: of a record; max_new_tokens: of an answer.
    save_steps: between checkpoints. most_scored: score at most so many records a cluster, drawn by the seed; 0 scores all.
    """

    model: str = option(
        "",
        "path or hub name of a causal language model",
        label="Language model",
        more="Any causal language model. It is tuned from its base anew each round, with LoRA.",
    )
    scorer: str = option(
        "likelihood",
        "what compares answers with true responses",
        label="Compared by",
        more="Likelihood: how much less likely the true response is to the tuned model than its own answer. Reward: a reward "
        "model. Judge: a language model behind an OpenAI-compatible endpoint, named by OPENAI_BASE_URL, OPENAI_API_KEY and "
        "WINNOW_JUDGE_MODEL.",
        choices=SCORERS,
    )
    reward_model: str = option(
        "", "with --scorer reward: path or hub name of a sequence classifier", label="Reward model"
    )
    judge_model: str = option("", "with --scorer judge: its name at the endpoint", usual="$WINNOW_JUDGE_MODEL")
    epochs: int = option(1, "over the records taken so far", label="Epochs", least=1)
    learning_rate: float = option(2e-4, "of the tuning", label="Learning rate", least=0)
    rank: int = option(16, "of the LoRA", label="LoRA rank", least=1)
    batch_size: int = option(4, "records at once", label="Records at once", least=1)
    accumulation: int = option(4, "batches a step", label="Batches a step", least=1)
    max_tokens: int = option(1024, "of a record", label="Tokens of a record", least=1)
    max_new_tokens: int = option(128, "of an answer", label="Tokens of an answer", least=1)
    save_steps: int = option(50, "steps between checkpoints", label="Steps to a checkpoint", least=1)
    most_scored: int = option(
        0,
        "score at most so many records a cluster",
        label="Scored a cluster, at most",
        more="0 scores all.",
        least=0,
        usual="0: all",
    )
    perplexity: str = option(
        "response", f"likelihood is {in_words(PERPLEXITIES)}", label="Likelihood", choices=PERPLEXITIES, added=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_new_tokens >= self.max_tokens:
            raise CurationError(
                f"max_new_tokens is {self.max_new_tokens}; it must be below max_tokens, which is {self.max_tokens}."
            )
        if self.scorer == "reward" and not self.reward_model:
            raise CurationError("The scorer reward needs a reward model; give the path or hub name of one.")


def tune(
    lm: CausalModel,
    prompts: Sequence[str],
    responses: Sequence[str],
    params: LmParams,
    folder: Path,
    seed: int,
    progress: Progress = no_progress,
) -> list[dict[str, float]]:
    """Tune `lm` in place on the pairs, with loss on response tokens only; return the losses: step, loss.

    folder: where checkpoints go; where one lies already the training goes on from it. The same inputs and seed end in the
    same weights, stopped or not. Losses are also appended to `folder`/losses.jsonl as they come.
    """
    import peft
    import torch
    import transformers

    transformers.set_seed(seed)
    config = peft.LoraConfig(
        r=params.rank, lora_alpha=2 * params.rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    lm.model = peft.get_peft_model(lm.model, config)
    pairs = [pair_tokens(lm, prompt, response) for prompt, response in zip(prompts, responses, strict=True)]
    examples = [
        {"input_ids": tokens, "labels": [_IGNORED] * n_prompt + tokens[n_prompt:]} for tokens, n_prompt in pairs
    ]

    def collate(batch: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        ids, mask = padded(lm, [example["input_ids"] for example in batch])
        labels = filled([example["labels"] for example in batch], _IGNORED)
        return {"input_ids": ids, "labels": labels, "attention_mask": mask}

    trainer = transformers.Trainer(
        model=lm.model,
        args=_arguments(params, folder, seed, lm.device),
        train_dataset=examples,
        data_collator=collate,
        callbacks=[_watcher(folder, progress)],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=_last_checkpoint(folder))
    lm.model.eval()
    return [
        {"step": int(entry["step"]), "loss": round(float(entry["loss"]), 6)}
        for entry in trainer.state.log_history
        if "loss" in entry
    ]


def _arguments(params: LmParams, folder: Path, seed: int, device: str):
    import torch
    import transformers

    return transformers.TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=params.epochs,
        per_device_train_batch_size=params.batch_size,
        gradient_accumulation_steps=params.accumulation,
        learning_rate=params.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=0,
        logging_steps=1,
        save_strategy="steps",
        save_steps=params.save_steps,
        save_total_limit=1,
        bf16=device == "cuda" and torch.cuda.is_bf16_supported(),
        use_cpu=device == "cpu",
        seed=seed,
        data_seed=seed,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )


def _last_checkpoint(folder: Path) -> str | None:
    """Return the newest checkpoint that was written to its end (the trainer writes trainer_state.json last), or None."""
    whole = [path for path in folder.glob("checkpoint-*") if (path / "trainer_state.json").exists()]
    return str(max(whole, key=lambda path: int(path.name.rpartition("-")[2]))) if whole else None


def read_losses(folder: Path) -> list[dict[str, float]]:
    """Return the losses so far of a training that may still run: step, loss; a step repeated after a stop counts once."""
    path = folder / "losses.jsonl"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines if line.endswith("}")]
    return sorted({entry["step"]: entry for entry in entries}.values(), key=lambda entry: entry["step"])


def _watcher(folder: Path, progress: Progress):
    import transformers

    class Watcher(transformers.TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs) -> None:
            progress(state.global_step, state.max_steps)

        def on_log(self, args, state, control, logs=None, **kwargs) -> None:
            if logs and "loss" in logs:
                folder.mkdir(parents=True, exist_ok=True)
                with (folder / "losses.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"step": state.global_step, "loss": float(logs["loss"])}) + "\n")

    return Watcher()
