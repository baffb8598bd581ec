"""Logs and metrics."""

from .. import env, logs
from .installation import DEBUG

METRICS_TOKEN = env.text("METRICS_TOKEN")
LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
LOGGING_CONFIG = None
logs.set_up(level=LOG_LEVEL, readable=env.flag("LOG_READABLE", default=DEBUG))
