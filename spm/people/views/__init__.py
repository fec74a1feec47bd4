"""Pages about people: the list, one person, the acts that change him, the HR feed."""
