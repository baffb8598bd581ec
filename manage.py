#!/usr/bin/env python
"""Django's door for people; servers come in through wsgi.py and celery.py."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deepfake_site.settings")
    # People may run commands in a folder where nothing is configured yet; servers may not (see env.py).
    if not os.environ.get("EMBEDDED"):
        os.environ["EMBEDDED"] = "1" if sys.argv[1:2] == ["up"] else "auto"
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # a sentence for the person who configures, not a traceback
        sys.exit(str(error))


if __name__ == "__main__":
    main()
