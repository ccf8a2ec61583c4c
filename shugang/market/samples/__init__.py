"""Samples (样本): a little of a product, free and for a short time, under a grant of its own."""
