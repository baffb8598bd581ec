"""Decoding in processes that can do nothing else: files of strangers are opened there, and only pixels come back."""
