"""Tiny real models that tests build from a config: a causal LM and a sequence classifier, with a tokenizer trained here."""

from pathlib import Path

CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{% if not loop.last or m['role'] == 'user' %}\n{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
WORDS = [
    "how do I bake bread in an oven with flour and water",
    "write a python function that adds a list of numbers",
    "plant the seeds in the garden soil in spring",
    "buy a train ticket and travel to the sea",
    "question answer number which goes on for some words 0 1 2 3 4 5 6 7 8 9 . , ?",
]


def make_tokenizer(chat: bool = True):
    """Train a byte-level BPE tokenizer of 320 tokens."""
    import tokenizers
    import transformers

    bpe = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=None))
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>", "<|user|>", "<|assistant|>"]
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()
    )
    bpe.train_from_iterator(WORDS, trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE if chat else None
    return tokenizer


def _config(tokenizer, size: int, room: int = 256, **more):
    import transformers

    return transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size,
        intermediate_size=2 * size,
        num_hidden_layers=4,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=room,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **more,
    )


def make_causal_lm(folder: Path, chat: bool = True, size: int = 32) -> str:
    """Write a Llama of four small layers with its tokenizer to `folder`, and return the folder."""
    import torch
    import transformers

    torch.manual_seed(0)
    tokenizer = make_tokenizer(chat)
    transformers.LlamaForCausalLM(_config(tokenizer, size)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def make_writer(folder: Path, texts: list[str], size: int = 64) -> str:
    """Write a causal LM that was trained, here, to answer whatever is asked with one of `texts`; return the folder."""
    import torch
    import transformers

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    model = transformers.LlamaForCausalLM(_config(tokenizer, size, room=1024))
    asked = tokenizer("Response: ...<|assistant|>", add_special_tokens=False)["input_ids"]
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    lines = [
        asked + tokenizer(text, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id] for text in texts
    ]
    width = max(map(len, lines))
    ids = torch.tensor([line + [tokenizer.pad_token_id] * (width - len(line)) for line in lines])
    labels = ids.clone()
    labels[:, : len(asked)] = -100
    for i, line in enumerate(lines):
        labels[i, len(line) :] = -100
    for _ in range(120):
        # At any place, behind whatever else the prompt said: only the last words before the answer tell.
        before = torch.randint(len(tokenizer), (len(ids), int(torch.randint(0, 160, ()))))
        whole = torch.cat([before, ids], dim=1)
        ignored = torch.full_like(before, -100)
        loss = model(input_ids=whole, labels=torch.cat([ignored, labels], dim=1)).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def make_classifier(folder: Path, n_labels: int = 1, size: int = 32) -> str:
    """Write a sequence classifier (a reward model with one label) with its tokenizer to `folder`."""
    import torch
    import transformers

    torch.manual_seed(1)
    tokenizer = make_tokenizer()
    config = _config(tokenizer, size, num_labels=n_labels)
    transformers.LlamaForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
