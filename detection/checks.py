"""Django's system checks: bundles are installed, complete, and give the same scores in both runtimes."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks


@checks.register("bundles")
def bundles_are_whole(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    from .errors import BadBundle
    from .panel import read_panel

    root = Path(settings.BUNDLES_DIR)
    try:
        panel = read_panel(root)
    except BadBundle as error:
        return [checks.Error(str(error), hint="Write it again; until then uploads wait.", id="detection.E004")]
    messages: list[checks.CheckMessage] = [
        checks.Error(fault, hint="Add it again, or take it out of the folder and the policy.", id="detection.E001")
        for fault in panel.faults()
    ]
    if not panel.members and not messages:
        messages.append(
            checks.Warning(
                f"No model bundle is installed under {root.name}/.",
                hint="Train one or add one; until then uploads can't be judged.",
                id="detection.W001",
            )
        )
    return messages


@checks.register("decoding")
def decoding_is_locked_down(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    from .sandbox.seccomp import can_filter

    if not settings.DECODER_SANDBOX:
        return [
            checks.Warning(
                "Files of strangers are decoded inside the worker (DECODER_SANDBOX=0).",
                hint="Leave DECODER_SANDBOX out: then a file that breaks a decoder costs one scan, and not the worker.",
                id="detection.W002",
            )
        ]
    if not can_filter():
        return [
            checks.Info(
                "Decoding processes have limits on memory and time here, but no filter of system calls.",
                hint="The filter needs Linux with seccomp, on x86-64 or aarch64.",
                id="detection.I001",
            )
        ]
    return []


@checks.register("bundles", deploy=True)
def bundles_agree(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Keras and ONNX give the same scores on a photo. Slow, so only in `check --deploy --tag bundles`."""
    import numpy as np

    from . import bundle as bundles
    from . import smoke_test
    from .errors import BadBundle
    from .runtime import RUNTIME_ERRORS, Runner

    messages: list[checks.CheckMessage] = []
    for folder in bundles.folders(Path(settings.BUNDLES_DIR)):
        try:
            bundle = bundles.read_bundle(folder)
            if not {"model.onnx", "model.keras"} <= bundle.files.keys():
                continue
            both = [smoke_test.answers(Runner(bundle, runtime=runtime)) for runtime in ("onnx", "keras")]
        except BadBundle:
            continue  # the other check reports it
        except RUNTIME_ERRORS as error:
            messages.append(checks.Error(f"The bundle in {folder.name} can't run: {error!r}", id="detection.E002"))
            continue
        apart = float(np.abs(both[0] - both[1]).max())
        if apart > smoke_test.MAX_DIFFERENCE:
            messages.append(
                checks.Error(f"{bundle.label}: Keras and ONNX are {apart:.5f} apart on a photo.", id="detection.E003")
            )
    return messages
