"""Architecture search (GDAS, Dong and Yang 2019) over the layers of Hadaptive-Net: which expansion, where, how wide."""
