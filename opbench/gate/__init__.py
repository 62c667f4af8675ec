"""The gate: does head run any benchmark more slowly than base, and could this run have told?"""
