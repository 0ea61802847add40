"""Outdoor conditions."""
