"""The dialect of Sailthru: Zephyr templates, read into a tree and compiled to what Jinja templates are compiled to."""
