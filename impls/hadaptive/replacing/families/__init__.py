"""One file for each family of models whose blocks ACH can go into; each assigns `FAMILY`. There is no list to edit."""
