"""The site's own formats, in place of Django's: see settings.FORMAT_MODULE_PATH."""
