"""Bytes by digest on disk, no SQL: blobs, digests, manifests.

May import: `rules`. Start: `blobs.py`.
"""
