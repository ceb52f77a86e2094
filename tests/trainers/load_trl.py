"""Load an export as TRL's SFTTrainer does, and print how many rows it would train on."""

import os
import sys
import tempfile

os.environ |= {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "HF_HOME": tempfile.mkdtemp()}

from datasets import load_dataset
from tokenizer import byte_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM
from trl import SFTConfig, SFTTrainer

tokenizer = byte_tokenizer()
config = LlamaConfig(
    vocab_size=len(tokenizer),
    hidden_size=16,
    intermediate_size=32,
    num_hidden_layers=1,
    num_attention_heads=2,
    max_position_embeddings=16_384,
)
told = SFTConfig(
    output_dir=tempfile.mkdtemp(),
    max_steps=1,
    use_cpu=True,
    report_to=[],
    bf16=False,
    save_strategy="no",
    max_length=None,  # it drops rows whose answer lies behind it
    disable_tqdm=True,
    per_device_train_batch_size=2,
)
data = load_dataset("json", data_files=sys.argv[1], split="train")
trainer = SFTTrainer(model=LlamaForCausalLM(config), args=told, train_dataset=data, processing_class=tokenizer)
trainer.train()
print(len(trainer.train_dataset))
