"""Screening over HTTP, a file a resource."""
