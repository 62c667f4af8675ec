"""What a search chooses from: the spaces of the paper's Tables 3 and 10 to 12, and those made around any network."""

from impls.hadaptive.search.spaces.around import ALTERNATIVES, Alternatives, around
from impls.hadaptive.search.spaces.named import about, search_space, space_names, usual_annealing, usual_network
from impls.hadaptive.search.spaces.reducing import reduced

__all__ = [
    "ALTERNATIVES",
    "Alternatives",
    "about",
    "around",
    "reduced",
    "search_space",
    "space_names",
    "usual_annealing",
    "usual_network",
]
