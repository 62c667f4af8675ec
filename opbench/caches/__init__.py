"""How large the cache is that some threads can use, and from where on stores pay that go around it. See `use.py`.

    from opbench.caches import known
    known(threads=2).stream_fresh_bytes

Everything that depends on the size of a cache asks here: kernels, levels of memory, ceilings, benchmarks. Importing
this brings no PyTorch, asking reads a few small files and measures nothing.
"""

from opbench.caches.kept import keep, known
from opbench.caches.use import CacheUse, from_system

__all__ = ["CacheUse", "from_system", "keep", "known"]
