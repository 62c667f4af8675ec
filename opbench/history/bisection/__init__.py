"""Which commit made a case slower: git's walk, each step measured by the gate against the commit that was good."""
