"""Legal aid: applications, the published rule of eligibility, and the firms that help."""
