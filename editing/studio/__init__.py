"""The studio: a page in the browser, and the server behind it that keeps one score as text, its sound and its takes."""
