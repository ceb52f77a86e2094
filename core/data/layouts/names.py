"""Names of fields in public data, each list in the order in which they are looked for; case makes no difference."""

CHATS = (
    "messages",
    "conversations",
    "conversation",
    "dialog",
    "dialogue",
    "chat",
    "contents",
    "utterances",
    "turns",
    "data",
    "items",
)
STRINGS = (*CHATS[:6], "utterances", "data")  # of which a list of texts is turns that alternate
PROMPTS = (
    "instruction",
    "instructions",
    "prompt",
    "question",
    "query",
    "problem",
    "inputs_pretokenized",
    "inputs",
    "input",
)
BESIDE_PROMPT = ("input", "context")  # what an instruction is about, where there is one
BEFORE_PROMPT = ("definition",)
RESPONSES = (
    "output",
    "response",
    "completion",
    "generated_solution",
    "solution",
    "answer",
    "target",
    "targets_pretokenized",
    "targets",
    "outputs",
    "answers",
    "completions",
    "responses",
)
THINKING = (  # how an answer was come by, then the answer: together the response, as s1K's
    ("thinking_trajectories", "attempt"),
    ("deepseek_thinking_trajectory", "deepseek_attempt"),
    ("gemini_thinking_trajectory", "gemini_attempt"),
)
INSTANCES = "instances"  # self-instruct's: pairs that an instruction applies to
SIDES = (  # of a preference pair
    ("chosen", "rejected"),
    ("chosen_response", "rejected_response"),
    ("response_chosen", "response_rejected"),
    ("preferred_output", "non_preferred_output"),
    ("preferred", "dispreferred"),
    ("accepted", "rejected"),
)
REJECTED_ALONE = ("rejected_response", "rejected")  # beside an answer that goes by another name
SYSTEMS = ("system", "system_prompt", "system_message", "system_instruction", "systeminstruction")
TOOLS = ("tools", "functions", "available_tools", "tool_definitions")
HISTORIES = ("history",)
TEXTS = ("text", "content", "document")
SOURCES = (
    "source",
    "dataset",
    "subset",
    "category",
    "domain",
    "topic",
    "task",
    "task_name",
    "data_source",
    "source_type",
)

WRAPPERS = (  # of the array of records, in a JSON object that says more
    "data",
    "examples",
    "train",
    "rows",
    "records",
    "items",
    "instances",
    "samples",
    "entries",
    "dataset",
    "results",
)
SPLITS = ("test", "validation", "valid", "dev", "eval")  # which are not to be mixed with the rest unasked
