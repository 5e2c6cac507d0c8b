"""Console: pages, live queues and the timeline. It holds the only copy of nothing but sessions."""
