"""The code under test: two revisions checked out side by side, and the interpreter each of them runs on."""
