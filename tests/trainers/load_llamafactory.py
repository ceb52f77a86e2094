"""Load an export as LLaMA-Factory does, by the dataset_info.json beside it, and print how many rows it would train on."""

import os
import sys
import tempfile
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "HF_HOME": tempfile.mkdtemp()}

from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import DataArguments, ModelArguments
from tokenizer import byte_tokenizer
from transformers import Seq2SeqTrainingArguments

out, tokenizer = Path(sys.argv[1]), byte_tokenizer()
data = DataArguments(
    dataset_dir=str(out.parent), dataset=out.stem, template="default", cutoff_len=256, overwrite_cache=True
)
training = Seq2SeqTrainingArguments(output_dir=tempfile.mkdtemp(), use_cpu=True, report_to=[])
template = get_template_and_fix_tokenizer(tokenizer, data)
model = ModelArguments(model_name_or_path="none")
found = get_dataset(template, model, data, training, stage="sft", tokenizer=tokenizer)
print(len(found["train_dataset"]))
