"""All settings, a module for each theme. Every variable is described in .env.example."""

# isort: off
# ruff: noqa: F403
from .installation import *  # first: the others build on it, and it reads the .env file
from .applications import *
from .storage import *
from .queues import *
from .people import *
from .moderation import *
from .limits import *
from .mail import *
from .language import *
from .security import *
from .monitoring import *
