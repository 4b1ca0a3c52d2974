"""Bytes at rest: signed records, content-addressed blobs, and nothing loaded unverified."""
