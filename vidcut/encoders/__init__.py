"""Encoders: from text and pictures to vectors."""
