"""The words every other room uses: errors, results, the registry, time, files and statistics."""
