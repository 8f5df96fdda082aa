"""The room of dispatch: who answers for what, what each unit was given to do, and what was asked about it."""
