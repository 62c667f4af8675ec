"""One file, one backend, under the file's name: it assigns `BACKEND`. What several share lies outside."""
