"""Molecules and trajectories in and out of chemists' file formats."""

from __future__ import annotations

from gpff.writers import extxyz_frames, pdb_frames

__all__ = ["extxyz_frames", "pdb_frames"]
