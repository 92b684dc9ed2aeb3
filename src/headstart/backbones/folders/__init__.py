"""What lies in a folder of weights, on the hub, or in published lists."""
