"""The domain: upload → assessment → review."""
