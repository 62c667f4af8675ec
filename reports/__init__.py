"""How results are shown: pure functions from records to figures, tables and one page. Only here are units scaled."""
