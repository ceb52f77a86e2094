"""A reward model: a transformers sequence classifier that gives a prompt with its response one number, higher is better."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base.confinement import check_model
from ..base.device import resolve_device
from ..base.errors import CurationError
from ..base.progress import Progress, no_progress


class RewardModel:
    """A sequence classifier with one label (its logit is the reward) or two (the second one's probability is)."""

    def __init__(self, name: str, device: str = "auto", max_tokens: int = 1024) -> None:
        import torch
        import transformers

        transformers.utils.logging.disable_progress_bar()
        self.device = resolve_device(device)
        dtype = torch.bfloat16 if self.device == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(check_model(name), trust_remote_code=False)
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                name, dtype=dtype, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError) as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise CurationError(
                f"reward model {name!r} can't be loaded as a sequence classifier ({reason}); give the path or hub name of one."
            ) from error
        if model.config.num_labels not in (1, 2):
            raise CurationError(
                f"reward model {name!r} has {model.config.num_labels} labels; a reward model has one (a number) or two "
                "(bad, good)."
            )
        self._model: Any = model.to(self.device).eval()
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        if self._model.config.pad_token_id is None:
            self._model.config.pad_token_id = self._tokenizer.pad_token_id
        limit = getattr(model.config, "max_position_embeddings", None) or max_tokens
        self._max_tokens = min(max_tokens, limit)

    def score(
        self, prompts: Sequence[str], responses: Sequence[str], batch_size: int = 8, progress: Progress = no_progress
    ) -> np.ndarray:
        """Return (m,) float32 rewards."""
        import torch

        texts = [self._text(prompt, response) for prompt, response in zip(prompts, responses, strict=True)]
        scores = np.empty(len(texts), np.float32)
        order = np.argsort([-len(text) for text in texts], kind="stable")
        for start in range(0, len(order), batch_size):
            some = order[start : start + batch_size]
            batch = self._tokenizer(
                [texts[i] for i in some],
                padding=True,
                truncation=True,
                max_length=self._max_tokens,
                return_tensors="pt",
                add_special_tokens=not self._tokenizer.chat_template,
            ).to(self.device)
            with torch.inference_mode():
                logits = self._model(
                    input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
                ).logits.float()
            rewards = logits[:, 0] if logits.shape[1] == 1 else logits.softmax(-1)[:, 1]
            scores[some] = rewards.cpu().numpy()
            progress(start + len(some), len(order))
        return scores

    def _text(self, prompt: str, response: str) -> str:
        if not self._tokenizer.chat_template:
            return f"{prompt}\n{response}" if prompt else response
        turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
        return self._tokenizer.apply_chat_template(turns, tokenize=False)
