#!/usr/bin/env python
"""Django's door for people; servers come in through wsgi.py and celery.py."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deepfake_site.settings")
    # People may run commands in a folder where nothing is configured yet; servers may not (see env.py).
    os.environ.setdefault("EMBEDDED", "1" if sys.argv[1:2] == ["up"] else "auto")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
