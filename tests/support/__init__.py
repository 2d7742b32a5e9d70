"""What the tests stand on: wheels made on the spot, an index on 127.0.0.1, and real virtual environments."""
