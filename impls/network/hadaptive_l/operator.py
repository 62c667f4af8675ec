"""Hadaptive-Net-L, a whole network as one operator."""

from __future__ import annotations

from impls.network.definition import operator_of

OPERATOR = operator_of("hadaptive_l")
