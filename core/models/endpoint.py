"""An LLM behind any OpenAI-compatible endpoint: one question, an answer that is accepted or asked for again.

The endpoint comes from the environment: OPENAI_BASE_URL and OPENAI_API_KEY.
"""

import json
import os
import time
from collections.abc import Callable
from typing import Any

from ..base.errors import CurationError
from ..base.secrets import redacted
from ..base.text import shorten

_SECONDS = 60
_TOLD = 160  # characters of an answer in an error


class Endpoint:
    """One model at the endpoint. Threads may share it.

    model: its name there. who: what it is to the reader of an error, such as "The judge".
    Raises CurationError where the environment names no endpoint.
    """

    def __init__(self, model: str, who: str) -> None:
        if not os.environ.get("OPENAI_API_KEY"):
            raise CurationError(
                f"{who} needs an endpoint; set OPENAI_API_KEY, and OPENAI_BASE_URL unless it is OpenAI's own "
                "(a local server takes any key)."
            )
        import openai

        self.model, self._who = model, who
        self._client = openai.OpenAI(max_retries=0, timeout=_SECONDS)

    def ask(
        self,
        messages: list[dict[str, str]],
        accept: Callable[[str], Any | None],
        attempts: int = 4,
        pause: float = 1.0,
        **options: Any,
    ) -> tuple[Any | None, str]:
        """Return (what `accept` made of the answer, ""), or (None, why) where no attempt gave an answer it takes.

        pause: seconds before the second attempt, doubled each time. options: of the request, such as temperature.
        Raises CurationError where the endpoint refuses the key, the address or the model.
        """
        import openai

        why = ""
        spread = 0.75 + sum(len(message["content"]) for message in messages) % 8 / 14  # not all at the same moment
        for attempt in range(attempts):
            if attempt:
                time.sleep(pause * 2 ** (attempt - 1) * spread)
            try:
                reply = self._client.chat.completions.create(model=self.model, messages=messages, **options)
                answer = _text_of(reply)
                answer = answer and redacted(answer)
            except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                raise CurationError(
                    f"{self._who}'s endpoint refuses: {shorten(redacted(str(error)), _TOLD)}; check its key, address and model."
                ) from None  # its text may hold the key
            except openai.OpenAIError as error:
                why = f"{type(error).__name__}: {shorten(redacted(str(error)), _TOLD)}"
                continue
            except json.JSONDecodeError:
                why = "the endpoint's reply was no JSON"
                continue
            if answer is None:
                why = "its reply was no chat completion; check OPENAI_BASE_URL, which often ends in /v1"
                continue
            if (accepted := accept(answer)) is not None:
                return accepted, ""
            why = f"answered {shorten(answer, _TOLD)!r}"
        return None, why


def _text_of(reply: Any) -> str | None:
    """Return the text of a reply, "" for one without, None for what is no chat completion: servers answer 200 with anything."""
    choices = getattr(reply, "choices", None)
    if not isinstance(choices, list):
        return None
    if not choices:
        return ""
    content = getattr(getattr(choices[0], "message", None), "content", None)
    if isinstance(content, list):
        parts = (part.get("text") if isinstance(part, dict) else getattr(part, "text", "") for part in content)
        content = "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""
