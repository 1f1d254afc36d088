"""A site and what it holds: posts, their front matter, receipts."""
