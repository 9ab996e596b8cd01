"""Tests of bot/cutover."""
