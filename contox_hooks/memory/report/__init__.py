"""Memory told as a document: answers, changelogs, impact, onboarding. Pure rules; what git knows is handed in."""
