"""Load an export as ms-swift does, strictly, and print how many rows it keeps."""

import os
import sys
import tempfile

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "HF_HOME": tempfile.mkdtemp(),
    "MODELSCOPE_CACHE": tempfile.mkdtemp(),
}

from swift.dataset import load_dataset

data, _ = load_dataset([sys.argv[1]], strict=True, load_from_cache_file=False)
print(len(data))
