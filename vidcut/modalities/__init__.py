"""Modalities: from a window of a video to chunks."""
