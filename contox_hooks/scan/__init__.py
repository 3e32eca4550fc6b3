"""Architecture from the code base itself: what HEAD's tree says of a project, with the lines that show it."""
