"""Receipts and credit notes: numbered without gaps, kept as they were issued, written as PDF."""
