"""Cases (诉求): what somebody raised, the steps that it takes, and who may see it.

Its modules lie side by side: each is one thing that happens to a case, and plugins import them by these names.
"""
