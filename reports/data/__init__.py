"""Records prepared to be shown: grouped, filtered, compared, scaled and named; nothing here draws or lays out."""
