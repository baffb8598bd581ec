"""Rows, states and named queries; no HTTP, no Celery."""
