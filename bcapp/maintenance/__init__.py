"""What an operator does to the stored data: copy it, rotate its keys, prune and erase it."""
