"""Panel: the lawyers, judges and officers who serve a place, their duty and their appointments."""
