"""Where networks run: ONNX Runtime by default; Keras, imported late, where a bundle has nothing else."""

import os
from pathlib import Path
from typing import Any

import onnxruntime as ort

THREADS = max(1, len(os.sched_getaffinity(0)))


def onnx_session(source: Path | bytes, *, threads: int = 0) -> Any:
    """A session that leaves the cores alone between two calls."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or THREADS
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    content = source if isinstance(source, bytes) else str(source)
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
