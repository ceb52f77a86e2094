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


def _config(tokenizer, size: int, **more):
    import transformers

    return transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size,
        intermediate_size=2 * size,
        num_hidden_layers=4,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=256,
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
