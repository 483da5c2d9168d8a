"""What an auditor sees: records found, opened, replayed, compared, exported, and the chain gone through."""
