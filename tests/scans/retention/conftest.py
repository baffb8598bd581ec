"""What the tests of retention share."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., Any]:
    return lambda: django_capture_on_commit_callbacks(execute=True)
