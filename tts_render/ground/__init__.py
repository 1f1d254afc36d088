"""Foundations that know nothing about podcasts."""
