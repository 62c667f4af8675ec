"""One file, one backend, under the file's name: it assigns `BACKEND`, and `KERNELS` to join the public functions too.

What several backends share lies outside, so that every file here is a backend.
"""
