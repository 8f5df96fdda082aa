"""Cases (诉求): what somebody raised, the steps that it takes, and who may see it."""
