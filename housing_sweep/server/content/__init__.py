"""Bytes by digest on disk, no SQL: blobs, digests, manifests.

May import: errors. Start: `blobs.py`.
"""
