"""All stages in one registry, the tasks that jobs and commands are made of, jobs in processes of their own."""
