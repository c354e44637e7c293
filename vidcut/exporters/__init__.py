"""Exporters: from an edit to a file that another program opens."""
