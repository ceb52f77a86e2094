"""A row of each public layout, as its data set has it, with what it is to be read as. Texts are made up, schemas are real."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Row:
    """A row and how it reads. left_out: some of what is in no part."""

    value: dict[str, Any]
    prompt: str
    response: str
    left_out: tuple[str, ...] = ()
    source: str | None = None
    rejected: str = ""


def said(*turns: tuple[str, str], role: str = "role", text: str = "content") -> list[dict[str, str]]:
    return [{role: who, text: words} for who, words in turns]


HUMAN = "\n\nHuman: Why is the sky blue?\n\nAssistant:"
SCORED = {
    "annotations": {"helpfulness": {"Rating": "4", "Rationale": "fine"}},
    "critique": "fine",
    "custom_system_prompt": "Be honest.",
    "principle": "honesty",
}
TOOL = '[{"name": "time_in", "description": "The time.", "parameters": {"city": {"type": "str"}}}]'
CALL = '[{"name": "time_in", "arguments": {"city": "Oslo"}}]'

ROWS = {
    "LIMA": Row(
        {"conversations": ["Why?", "Because.", "Really?", "Yes."], "source": "stackexchange"},
        "User: Why?\nAssistant: Because.\nUser: Really?",
        "Yes.",
        source="stackexchange",
    ),
    "LIMA, one turn": Row(
        {"conversations": ["Why?", "Because."], "source": "wikihow"}, "Why?", "Because.", source="wikihow"
    ),
    "Dolly": Row(
        {"instruction": "Who?", "context": "Ann sang.", "response": "Ann.", "category": "closed_qa"},
        "Who?\nAnn sang.",
        "Ann.",
        source="closed_qa",
    ),
    "OpenOrca": Row(
        {"id": "niv.242684", "system_prompt": "Be brief.", "question": "2+2?", "response": "4"},
        "System: Be brief.\nUser: 2+2?",
        "4",
        ("id",),
    ),
    "OpenOrca, no system prompt": Row(
        {"id": "flan.564327", "system_prompt": "", "question": "2+2?", "response": "4"}, "2+2?", "4", ("id",)
    ),
    "system and conversations": Row(
        {"system": "Be brief.", "conversations": said(("user", "2+2?"), ("assistant", "4"), role="from", text="value")},
        "System: Be brief.\nUser: 2+2?",
        "4",
    ),
    "Capybara": Row(
        {
            "source": "Airoboros",
            "conversation": [{"input": "Why?", "output": "So."}, {"input": "Oh?", "output": "Yes."}],
        },
        "User: Why?\nAssistant: So.\nUser: Oh?",
        "Yes.",
        source="Airoboros",
    ),
    "UltraChat": Row({"id": "0", "data": ["Why?", "Because."]}, "Why?", "Because.", ("id",)),
    "UltraChat 200k": Row(
        {"prompt": "Why?", "prompt_id": "f0e3", "messages": said(("user", "Why?"), ("assistant", "Because."))},
        "Why?",
        "Because.",
        ("prompt", "prompt_id"),
    ),
    "FLAN": Row(
        {
            "inputs": "Translate: Hallo",
            "targets": "Hello",
            "task_source": "Flan2021",
            "task_name": "wmt16",
            "template_type": "zs_opt",
        },
        "Translate: Hallo",
        "Hello",
        ("task_source", "template_type"),
        "wmt16",
    ),
    "Aya": Row(
        {
            "inputs": "Hei?",
            "targets": "Hei!",
            "language": "Norwegian",
            "language_code": "nob",
            "annotation_type": "original-annotations",
            "user_id": "f0",
        },
        "Hei?",
        "Hei!",
        ("language", "language_code", "annotation_type", "user_id"),
    ),
    "Natural Instructions": Row(
        {"task_name": "task001", "id": "task001-0", "definition": "Answer.", "inputs": "2+2?", "targets": "4"},
        "Answer.\n2+2?",
        "4",
        ("id",),
        "task001",
    ),
    "P3": Row(
        {
            "answer_choices": ["Yes", "No"],
            "inputs": [3, 9, 1],
            "inputs_pretokenized": "Is it so?",
            "targets": [465, 1],
            "targets_pretokenized": "Yes",
        },
        "Is it so?",
        "Yes",
        ("answer_choices", "inputs", "targets"),
    ),
    "self-instruct": Row(
        {
            "id": "seed_task_0",
            "name": "sums",
            "instruction": "Add.",
            "instances": [{"input": "2+2", "output": "4"}],
            "is_classification": False,
        },
        "Add.\n2+2",
        "4",
        ("id", "name", "is_classification"),
    ),
    "self-instruct, no input": Row(
        {"id": "seed_task_1", "instruction": "Sing.", "instances": [{"input": "", "output": "La."}]},
        "Sing.",
        "La.",
        ("id",),
    ),
    "self-instruct, two instances": Row(
        {
            "id": "x",
            "instruction": "Add.",
            "instances": [{"input": "2+2", "output": "4"}, {"input": "1+1", "output": "2"}],
        },
        "User: Add.\n2+2\nAssistant: 4\nUser: 1+1",
        "2",
        ("id",),
    ),
    "HH-RLHF": Row(
        {"chosen": f"{HUMAN} Air.\n\nHuman: Sure?\n\nAssistant: Yes.", "rejected": f"{HUMAN} No idea."},
        "User: Why is the sky blue?\nAssistant: Air.\nUser: Sure?",
        "Yes.",
        rejected="rejected",
    ),
    "guanaco": Row({"text": "### Human: Why?### Assistant: Because."}, "Why?", "Because."),
    "guanaco, two turns": Row(
        {"text": "### Human: Why?### Assistant: So.### Human: Oh?### Assistant: Yes."},
        "User: Why?\nAssistant: So.\nUser: Oh?",
        "Yes.",
    ),
    "Nectar": Row(
        {
            "prompt": f"{HUMAN} ",
            "answers": [
                {"answer": "No idea.", "model": "koala", "rank": 2.0},
                {"answer": "Air.", "model": "gpt-4", "rank": 1.0},
            ],
            "turns": 1,
            "num_responses": 2,
            "source": ["lmsys-chat-1m"],
            "good_natured": True,
        },
        "Why is the sky blue?",
        "Air.",
        ("turns", "num_responses", "good_natured", "answers[].model"),
        "lmsys-chat-1m",
    ),
    "UltraFeedback": Row(
        {
            "source": "evol_instruct",
            "instruction": "Why?",
            "models": ["falcon", "gpt-4"],
            "completions": [
                SCORED | {"model": "falcon", "response": "Dunno.", "overall_score": 2.0, "fine-grained_score": 1.5},
                SCORED | {"model": "gpt-4", "response": "Because.", "overall_score": 8.5, "fine-grained_score": 4.25},
            ],
            "correct_answers": ["None"],
            "incorrect_answers": ["None"],
        },
        "Why?",
        "Because.",
        ("models", "correct_answers", "completions[].critique", "completions[].custom_system_prompt"),
        "evol_instruct",
    ),
    "UltraFeedback, binarized": Row(
        {
            "prompt": "Why?",
            "prompt_id": "a0",
            "chosen": said(("user", "Why?"), ("assistant", "Because.")),
            "rejected": said(("user", "Why?"), ("assistant", "Dunno.")),
            "messages": said(("user", "Why?"), ("assistant", "Because.")),
            "score_chosen": 8.5,
            "score_rejected": 2.0,
        },
        "Why?",
        "Because.",
        ("prompt", "prompt_id", "messages", "score_chosen", "score_rejected"),
        rejected="rejected",
    ),
    "UltraFeedback, binarized preferences": Row(
        {
            "source": "sharegpt",
            "instruction": "Why?",
            "chosen_response": "Because.",
            "rejected_response": "Dunno.",
            "chosen_avg_rating": 4.75,
            "rejected_avg_rating": 2.0,
            "chosen_model": "gpt-4",
        },
        "Why?",
        "Because.",
        ("chosen_avg_rating", "rejected_avg_rating", "chosen_model"),
        "sharegpt",
        "rejected_response",
    ),
    "orca_dpo_pairs": Row(
        {"system": "Be kind.", "question": "Why?", "chosen": "Because.", "rejected": "Dunno."},
        "System: Be kind.\nUser: Why?",
        "Because.",
        rejected="rejected",
    ),
    "OpenAI, preferences": Row(
        {
            "input": {
                "messages": said(("system", "Be kind."), ("user", "Why?")),
                "tools": [],
                "parallel_tool_calls": True,
            },
            "preferred_output": said(("assistant", "Because.")),
            "non_preferred_output": said(("assistant", "Dunno.")),
        },
        "System: Be kind.\nUser: Why?",
        "Because.",
        ("input.parallel_tool_calls",),
        rejected="non_preferred_output",
    ),
    "xlam": Row(
        {"id": 0, "query": "Time in Oslo?", "answers": CALL, "tools": TOOL},
        f"Tools: {TOOL}\nUser: Time in Oslo?",
        CALL,
        ("id",),
    ),
    "Llama-Nemotron": Row(
        {
            "input": said(("user", "2+2?")),
            "output": "<think>2+2</think>4",
            "category": "math",
            "license": "cc-by-4.0",
            "reasoning": "on",
            "generator": "DeepSeek-R1",
            "used_in_training": "Ultra",
            "version": "v1",
            "system_prompt": "detailed thinking on",
        },
        "System: detailed thinking on\nUser: 2+2?",
        "<think>2+2</think>4",
        ("license", "reasoning", "generator", "used_in_training", "version"),
        "math",
    ),
    "TRL, conversational prompt and completion": Row(
        {"prompt": said(("user", "Why?")), "completion": said(("assistant", "Because."))}, "Why?", "Because."
    ),
    "TRL, conversational preferences": Row(
        {
            "prompt": said(("user", "Why?")),
            "chosen": said(("assistant", "Because.")),
            "rejected": said(("assistant", "Dunno.")),
        },
        "Why?",
        "Because.",
        rejected="rejected",
    ),
    "TRL, preferences without a prompt": Row(
        {"chosen": "The sky is blue.", "rejected": "The sky is green."}, "", "The sky is blue.", rejected="rejected"
    ),
    "NuminaMath 1.5": Row(
        {
            "problem": "2+2?",
            "solution": "Two and two make 4.",
            "answer": "4",
            "problem_type": "Algebra",
            "question_type": "math-word-problem",
            "source": "olympiads",
            "synthetic": False,
        },
        "2+2?",
        "Two and two make 4.",
        ("answer", "problem_type", "question_type", "synthetic"),
        "olympiads",
    ),
    "OpenR1-Math": Row(
        {
            "problem": "2+2?",
            "solution": "Two and two make 4.",
            "answer": "4",
            "uuid": "a",
            "generations": ["<think>a</think>4", "<think>b</think>4"],
            "messages": said(("user", "2+2?"), ("assistant", "<think>a</think>4")),
        },
        "2+2?",
        "<think>a</think>4",
        ("problem", "solution", "answer", "uuid", "generations"),
    ),
    "s1K": Row(
        {
            "solution": "4",
            "question": "2+2?",
            "cot_type": "math",
            "source_type": "qq8933/AIME",
            "metadata": "{'ID': '1'}",
            "cot": None,
            "thinking_trajectories": ["Two and two."],
            "attempt": "It is 4.",
        },
        "2+2?",
        "Two and two.\nIt is 4.",
        ("solution", "cot_type", "metadata", "cot"),
        "qq8933/AIME",
    ),
    "s1K 1.1": Row(
        {
            "solution": "4",
            "question": "2+2?",
            "gemini_thinking_trajectory": "Hm.",
            "gemini_attempt": "4, says Gemini.",
            "deepseek_thinking_trajectory": "Two and two.",
            "deepseek_attempt": "It is 4.",
        },
        "2+2?",
        "Two and two.\nIt is 4.",
        ("solution", "gemini_thinking_trajectory", "gemini_attempt"),
    ),
    "ms-swift": Row(
        {"system": "Be kind.", "query": "Oh?", "response": "Yes.", "history": [["Why?", "Because."]]},
        "System: Be kind.\nUser: Why?\nAssistant: Because.\nUser: Oh?",
        "Yes.",
    ),
    "ms-swift, no history": Row({"query": "Oh?", "response": "Yes.", "history": [], "system": None}, "Oh?", "Yes."),
    "ms-swift, preferences": Row(
        {"messages": said(("user", "Why?"), ("assistant", "Because.")), "rejected_response": "Dunno."},
        "Why?",
        "Because.",
        rejected="rejected_response",
    ),
    "Gemini": Row(
        {
            "systemInstruction": {"role": "system", "parts": [{"text": "Be kind."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Time?"}]},
                {"role": "model", "parts": [{"functionCall": {"name": "now", "args": {}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "now", "response": {"hour": 12}}}]},
                {"role": "model", "parts": [{"text": "Noon."}]},
            ],
        },
        'System: Be kind.\nUser: Time?\nTool call: now({})\nTool: {"name":"now","response":{"hour":12}}',
        "Noon.",
    ),
    "OASST, a tree": Row(
        {
            "message_tree_id": "a",
            "tree_state": "ready_for_export",
            "prompt": {
                "message_id": "a",
                "text": "Why?",
                "role": "prompter",
                "replies": [
                    {"message_id": "b", "text": "Dunno.", "role": "assistant", "rank": 1, "replies": []},
                    {"message_id": "c", "text": "Because.", "role": "assistant", "rank": 0, "replies": []},
                ],
            },
        },
        "Why?",
        "Because.",
        ("message_tree_id", "tree_state"),
    ),
    "tool calls in messages": Row(
        {
            "messages": [
                {"role": "user", "content": "Time in Oslo?"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "1",
                            "type": "function",
                            "function": {"name": "time_in", "arguments": '{"city": "Oslo"}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "1", "content": "12:00"},
                {"role": "assistant", "content": "Noon."},
            ],
            "tools": [{"type": "function", "function": {"name": "time_in"}}],
        },
        'Tools: [{"type":"function","function":{"name":"time_in"}}]\nUser: Time in Oslo?\n'
        'Tool call: time_in({"city": "Oslo"})\nTool: 12:00',
        "Noon.",
        ("messages[].tool_call_id",),
    ),
    "tool calls in ShareGPT": Row(
        {
            "conversations": said(
                ("human", "Time?"),
                ("function_call", '{"name": "now", "arguments": {}}'),
                ("observation", "12:00"),
                ("gpt", "Noon."),
                role="from",
                text="value",
            ),
            "tools": TOOL,
        },
        f'Tools: {TOOL}\nUser: Time?\nTool call: {{"name": "now", "arguments": {{}}}}\nTool: 12:00',
        "Noon.",
    ),
    "speakers": Row(
        {"dialogue": said(("user", "Why?"), ("bot", "Because."), role="speaker", text="text")}, "Why?", "Because."
    ),
    "a messages column of a CSV": Row(
        {"messages": '[{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]'},
        "Why?",
        "Because.",
    ),
    "ChatML": Row(
        {
            "text": "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n"
            "<|im_start|>assistant\nSo.<|im_end|>\n"
        },
        "System: Be kind.\nUser: Why?",
        "So.",
    ),
    "Llama 2": Row(
        {"text": "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nWhy? [/INST] So. </s><s>[INST] Oh? [/INST] Yes. </s>"},
        "System: Be kind.\nUser: Why?\nAssistant: So.\nUser: Oh?",
        "Yes.",
    ),
    "Alpaca in one text": Row(
        {"text": "Below is an instruction.\n\n### Instruction:\nAdd.\n\n### Input:\n2+2\n\n### Response:\n4"},
        "System: Below is an instruction.\nUser: Add.\n2+2",
        "4",
    ),
    "Glaive": Row(
        {"system": "SYSTEM: You have no tools.", "chat": "USER: Why?\n\n\nASSISTANT: Because. <|endoftext|>\n\n\n"},
        "System: SYSTEM: You have no tools.\nUser: Why?",
        "Because.",
    ),
    "LLaMA-Factory, preferences": Row(
        {
            "conversations": said(("human", "Why?"), role="from", text="value"),
            "chosen": {"from": "gpt", "value": "Because."},
            "rejected": {"from": "gpt", "value": "Dunno."},
        },
        "Why?",
        "Because.",
        rejected="rejected",
    ),
    "Cosmopedia": Row(
        {"prompt": "Write a lesson.", "text": "Lesson one.", "text_token_length": 3, "format": "textbook"},
        "Write a lesson.",
        "Lesson one.",
        ("text_token_length", "format"),
    ),
    "capital letters": Row(
        {"Question": "Why?", "Complex_CoT": "Hm.", "Response": "Because."}, "Why?", "Because.", ("Complex_CoT",)
    ),
    "a hub's rows": Row(
        {"row_idx": 0, "row": {"instruction": "Why?", "output": "Because."}, "truncated_cells": []},
        "Why?",
        "Because.",
        ("row_idx", "truncated_cells"),
    ),
    "pretraining text": Row(
        {"text": "### Human: is a mark. It is spoken of here.", "meta": {"url": "x"}},
        "",
        "### Human: is a mark. It is spoken of here.",
        ("meta",),
    ),
    "Alpaca": Row({"instruction": "Add.", "input": "2+2", "output": "4"}, "Add.\n2+2", "4"),
    "ShareGPT": Row(
        {"id": "a", "conversations": said(("human", "Why?"), ("gpt", "Because."), role="from", text="value")},
        "Why?",
        "Because.",
        ("id",),
    ),
}
